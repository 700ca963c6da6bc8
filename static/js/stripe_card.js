// Hands a card to Stripe, which keeps it, and tells our server by what name to ask about it.
// The words are the page's: each stands in it, hidden until it is wanted.
const form = document.getElementById("card-form");
const show = (id, text) => {
  const line = document.getElementById(id);
  line.hidden = false;
  if (text) line.textContent = text;
};

if (window.Stripe === undefined) {
  show("card-unreachable");
} else {
  const { color, fontFamily } = getComputedStyle(form);
  const stripe = window.Stripe(form.dataset.key, { locale: document.documentElement.lang.slice(0, 2) });
  const card = stripe.elements().create("card", {
    hidePostalCode: true,
    style: { base: { color, fontFamily, fontSize: "16px" } },
  });
  card.mount("#card-element");
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const button = form.querySelector("button");
    button.disabled = true;
    const { setupIntent, error } = await stripe.confirmCardSetup(form.dataset.secret, {
      payment_method: { card },
    });
    if (error) {
      show("card-problem", error.message);
      button.disabled = false;
    } else {
      form.elements.setup_intent.value = setupIntent.id;
      form.submit();
    }
  });
}
