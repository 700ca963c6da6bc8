// Where the navigation beside a page is longer than the window, begins it so that the page that is
// open is among what it shows.
const side = document.querySelector(".side");
const here = side?.querySelector("nav [aria-current]");
if (here) {
  const hidden = here.getBoundingClientRect().bottom - side.getBoundingClientRect().bottom;
  if (hidden > 0) side.scrollTop += hidden + side.clientHeight / 3;
}
