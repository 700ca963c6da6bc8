// Keeps a form from being sent twice, and copies what is shown only once.
const setSending = (form, isSending) => {
  for (const button of form.querySelectorAll("button[type=submit]")) button.disabled = isSending;
};

for (const form of document.querySelectorAll("#content-main form[method=post]")) {
  form.addEventListener("submit", () => setSending(form, true));
  // Whoever goes back in the browser may send it again: the server knows it by its key.
  window.addEventListener("pageshow", () => setSending(form, false));
}

for (const button of document.querySelectorAll("[data-copy]")) {
  if (!navigator.clipboard) continue; // as in pages that did not come by HTTPS
  button.hidden = false;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent);
    button.textContent = button.dataset.done;
  });
}
