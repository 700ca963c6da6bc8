// Shows what a withdrawal costs and leaves while its amount is typed. The figures are the server's;
// without this script the next page shows the same ones.
const form = document.getElementById("withdrawing");
const shown = document.getElementById("figures");
let latest = 0; // answers may come in another order than they were asked for
let pause;

const ask = async (asked) => {
  const turn = ++latest;
  const answer = await fetch(`${form.dataset.figures}?${new URLSearchParams(asked)}`);
  if (!answer.ok || answer.redirected) return {};
  const found = await answer.json();
  if (turn === latest) shown.innerHTML = found.figures;
  return found;
};

if (form) {
  const { amount } = form.elements;
  amount.addEventListener("input", () => {
    clearTimeout(pause);
    pause = setTimeout(() => ask({ amount: amount.value }), 300);
  });
  document.getElementById("all")?.addEventListener("click", async (event) => {
    event.preventDefault();
    clearTimeout(pause);
    const found = await ask({ all: "" });
    if (found.amount) amount.value = found.amount;
  });
  if (amount.value && !shown.textContent.trim()) ask({ amount: amount.value });
}
