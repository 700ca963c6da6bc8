// Tells a chart's figures under the pointer and under a finger. They stand in the titles of the
// drawing's points; a drawing that is shown as an image is fetched once somebody points at it. What is
// told of can be opened by a click, with a finger by a second tap, where the drawing says what opens.
// Who reads without either has the same figures, and what they open, in the table below the chart.
const CHARTS = "svg.drawn, img.chart, .pictured img";

const told = document.createElement("div");
told.className = "told";
told.setAttribute("aria-hidden", "true");
const drawings = new Map(); // by a chart, or the address of its image
let pointedAt = null;
let toldOf = null; // the column that is told of

/** Where each label stands in the drawing, from left to right, and what is told there. */
function columnsOf(svg) {
  const columns = new Map();
  for (const title of svg.querySelectorAll("title")) {
    const [label, ...rest] = title.textContent.split(" · ");
    const column = columns.get(label) ?? { label, lines: [], places: [] };
    column.lines.push(rest.join(" · "));
    const mark = title.parentElement.querySelector("circle, rect");
    column.places.push(placeOf(mark));
    column.opens = title.parentElement.dataset.opens;
    columns.set(label, column);
    title.remove(); // the browser would show it, too, of this point alone
  }
  return [...columns.values()].map(({ label, lines, places, opens }) =>
    ({ label, lines, x: places[0], opens }));
}

/** How far a point or bar is from the drawing's left edge. */
function placeOf(mark) {
  const number = (name) => Number(mark.getAttribute(name) ?? 0);
  let x = mark.localName === "circle" ? number("cx") : number("x") + number("width") / 2;
  for (let part = mark; part; part = part.parentElement) {
    x += Number(/translate\(([-\d.]+)/.exec(part.getAttribute("transform") ?? "")?.[1] ?? 0);
  }
  return x;
}

/** What is drawn, read once; a drawing that could not be fetched is asked for again. */
function drawingOf(chart) {
  const name = chart.localName === "svg" ? chart : chart.currentSrc || chart.src;
  if (!drawings.has(name)) {
    const reading = read(chart).catch(() => null);
    drawings.set(name, reading);
    reading.then((drawing) => drawing || drawings.delete(name));
  }
  return drawings.get(name);
}

async function read(chart) {
  let svg = chart;
  if (chart.localName !== "svg") {
    const response = await fetch(chart.currentSrc || chart.src);
    if (!response.ok) return null;
    const text = (await response.text()).replace(/<style>.*?<\/style>/s, ""); // nothing shows it here
    svg = new DOMParser().parseFromString(text, "image/svg+xml").documentElement;
  }
  const width = Number(svg.getAttribute("viewBox").split(" ")[2]);
  return { width, columns: columnsOf(svg) };
}

async function tell(chart, clientX) {
  pointedAt = chart;
  const drawing = await drawingOf(chart);
  if (pointedAt !== chart || !drawing?.columns.length) return;
  const box = chart.getBoundingClientRect();
  const scale = box.width / drawing.width;
  const nearest = nearestOf(drawing, box, clientX);
  chart.classList.toggle("opens", Boolean(nearest.opens));
  toldOf = nearest;
  const head = document.createElement("strong");
  head.textContent = nearest.label;
  told.replaceChildren(head, ...nearest.lines.map((line) => {
    const said = document.createElement("span");
    said.textContent = line;
    return said;
  }));
  document.body.append(told);
  const x = box.left + nearest.x * scale;
  const left = x > innerWidth / 2 ? x - told.offsetWidth - 8 : x + 8;
  told.style.left = `${Math.max(4, left) + scrollX}px`;
  const above = box.top - told.offsetHeight - 4;
  told.style.top = `${(above > 0 ? above : box.top + 4) + scrollY}px`;
}

/** The column that is nearest to a place on the screen. */
function nearestOf(drawing, box, clientX) {
  const far = (column) => Math.abs(box.left + column.x * box.width / drawing.width - clientX);
  return drawing.columns.reduce((one, other) => (far(other) < far(one) ? other : one));
}

/** What was told of before the finger or the button went down. */
let pressedOn = null;

async function open(event) {
  const chart = event.target.closest?.(CHARTS);
  const drawing = chart && await drawingOf(chart);
  if (!drawing?.columns.length) return;
  const nearest = nearestOf(drawing, chart.getBoundingClientRect(), event.clientX);
  if (nearest.opens && nearest === pressedOn) location.assign(nearest.opens);
}

function look(event) {
  const chart = event.target.closest?.(CHARTS);
  if (chart) tell(chart, event.clientX);
  else if (pointedAt) {
    pointedAt = toldOf = null;
    told.remove();
  }
}

document.addEventListener("pointermove", look);
document.addEventListener("pointerdown", (event) => {
  pressedOn = toldOf;
  look(event);
});
document.addEventListener("click", open);
