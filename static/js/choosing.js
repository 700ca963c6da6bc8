// Chooses all charges of a page at once, or none. Without it, each is chosen by its own box.
for (const button of document.querySelectorAll("[data-choose]")) {
  const boxes = document.querySelectorAll(`input[type="checkbox"][form="${button.form.id}"]`);
  const all = () => [...boxes].every((box) => box.checked);
  const tell = () => { button.textContent = all() ? button.dataset.none : button.dataset.choose; };
  button.hidden = false;
  button.addEventListener("click", () => {
    const checked = !all();
    for (const box of boxes) box.checked = checked;
    tell();
  });
  for (const box of boxes) box.addEventListener("change", tell);
  tell(); // the browser may have kept what was chosen
}
