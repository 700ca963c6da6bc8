// Copies what a button names, and says so, also to screen readers. Without a clipboard, as on pages
// that did not come by HTTPS, the buttons stay hidden.
const SAID_FOR = 2000; // milliseconds

for (const button of document.querySelectorAll("[data-copy]")) {
  if (!navigator.clipboard) continue;
  const words = button.textContent;
  const said = button.parentElement.querySelector("[aria-live]");
  button.hidden = false;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent);
    button.textContent = button.dataset.done;
    if (!said) return; // of what is shown only once, the button goes on saying so
    said.textContent = button.dataset.done;
    setTimeout(() => {
      button.textContent = words;
      said.textContent = "";
    }, SAID_FOR);
  });
}
