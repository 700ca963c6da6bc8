// Parts of pages that follow what is under way (lib/live.py): htmx asks for them again and again.
// This keeps it quiet where nobody looks, and out of the way of who is at work in them.
const PARTS = "[data-live]";
const FOCUSABLE = "a[href], button, input, select, textarea, summary, [tabindex]";
const within = (part, what) => [...part.querySelectorAll(what)];
const named = (one) => one.id || one.getAttribute("href") || one.name || one.textContent.trim();

// Nobody looks, or somebody is at a question or a field in it: later.
document.addEventListener("htmx:beforeRequest", (event) => {
  const part = event.target;
  if (!part.matches(PARTS)) return;
  const isBusy = part.querySelector(":popover-open, input:focus, select:focus, textarea:focus");
  if (document.hidden || isBusy) event.preventDefault();
});

document.addEventListener("visibilitychange", () => {
  if (!document.hidden) document.querySelectorAll(PARTS).forEach((part) => htmx.trigger(part, "look"));
});

// What had the focus has it afterwards, and what was open is open.
const before = new WeakMap();
document.addEventListener("htmx:beforeSwap", (event) => {
  const part = event.target;
  if (!part.matches(PARTS)) return;
  const held = part.contains(document.activeElement) ? document.activeElement : null;
  const open = within(part, "details").map((one) => one.open);
  before.set(part, { focus: held && held !== part && named(held), open });
});

document.addEventListener("htmx:afterSwap", (event) => {
  const part = event.target;
  if (!part.matches(PARTS)) return;
  const { focus, open } = before.get(part) || { open: [] };
  within(part, "details").forEach((one, at) => (one.open ||= open[at]));
  if (focus) (within(part, FOCUSABLE).find((one) => named(one) === focus) || part).focus({ preventScroll: true });
  if (event.detail.xhr.status === 286) part.removeAttribute("data-live"); // it is done
  if (part.querySelector("[data-ended]")) part.querySelector(".follows:not([data-ended])")?.remove();
  const line = document.querySelector(`[data-live-told="${part.id}"]`);
  const told = part.querySelector("[data-told]")?.dataset.told;
  if (line.dataset.last !== told && told !== undefined) {
    line.textContent = line.dataset.last = told;
  }
});

// What stands there as the page opens is not news.
for (const part of document.querySelectorAll(PARTS)) {
  const line = document.querySelector(`[data-live-told="${part.id}"]`);
  line.dataset.last = part.querySelector("[data-told]").dataset.told;
}
