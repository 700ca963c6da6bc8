// Makes the bar of a list handier: menus open below their pill and close again, and addresses carry
// only what was filled in. Without it, all of it works.
const pills = () => document.querySelectorAll("details.pill[open]");

const place = (pill) => {
  const drop = pill.querySelector(".drop");
  const list = pill.closest(".filter");
  if (!list || !pill.open || getComputedStyle(drop).position !== "absolute") return;
  const bar = list.getBoundingClientRect();
  const head = pill.querySelector("summary").getBoundingClientRect();
  const left = Math.min(head.left - bar.left, bar.width - drop.offsetWidth);
  drop.style.left = `${Math.max(0, left)}px`;
  drop.style.right = "auto";
  drop.style.top = `${head.bottom - bar.top}px`;
};

for (const pill of document.querySelectorAll("details.pill")) {
  pill.addEventListener("toggle", () => place(pill));
}

document.addEventListener("click", (event) => {
  for (const pill of pills()) if (!pill.contains(event.target)) pill.open = false;
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const pill of pills()) {
    pill.open = false;
    pill.querySelector("summary").focus();
  }
});

for (const form of document.querySelectorAll("form.filters")) {
  form.addEventListener("submit", () => {
    for (const field of form.querySelectorAll("input")) field.disabled = field.value === "";
  });
  // Whoever comes back by the browser's button finds the fields as they were.
  window.addEventListener("pageshow", () => {
    for (const field of form.querySelectorAll("input")) field.disabled = false;
  });
}
