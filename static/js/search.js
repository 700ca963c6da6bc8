// Leads from anywhere on a page to its search: by "/", and by Ctrl-K or Command-K. Keys that belong
// to a field, or to a menu that is being typed into, stay there.
const FIELDS = "input, select, textarea, [contenteditable]:not([contenteditable=false])";

const isAsked = (event) => {
  if (event.defaultPrevented || event.isComposing || event.altKey || event.shiftKey && event.key !== "/") return false;
  const isChord = event.key.toLowerCase() === "k" && event.ctrlKey !== event.metaKey;
  return isChord || (event.key === "/" && !event.ctrlKey && !event.metaKey);
};

const shown = () => [...document.querySelectorAll(".find input")].find((field) => field.checkVisibility());

document.addEventListener("keydown", (event) => {
  if (!isAsked(event) || event.target.closest?.(FIELDS)) return;
  if (!shown()) document.querySelector("details.menu")?.setAttribute("open", "");
  const field = shown();
  if (!field) return;
  event.preventDefault();
  field.focus();
  field.select();
});
