// Keeps a form from being sent twice.
const setSending = (form, isSending) => {
  for (const button of form.querySelectorAll("button[type=submit]")) button.disabled = isSending;
};

for (const form of document.querySelectorAll("#content-main form[method=post]")) {
  form.addEventListener("submit", () => setSending(form, true));
  // Whoever goes back in the browser may send it again: the server knows it by its key.
  window.addEventListener("pageshow", () => setSending(form, false));
}
