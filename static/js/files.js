// Says which file was chosen, in the reader's language, in place of the browser's own words.
for (const said of document.querySelectorAll("[data-file]")) {
  const field = said.closest(".file");
  const input = field.querySelector("input");
  const nothing = said.textContent;
  const tell = () => {
    said.textContent = [...input.files].map((file) => file.name).join(", ") || nothing;
  };
  field.classList.add("named");
  said.hidden = false;
  input.addEventListener("change", tell);
  tell();
}
