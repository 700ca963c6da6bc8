"""A merchant adds a card at Stripe, pays with it, takes it away. localstripe plays Stripe."""

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
import stripe

from billing.models import Card, Invoice, Payment
from billing.operations import cards, cards_blocked, payment_methods
from billing.operations.at_once import TooManyCards
from billing.providers import stripe as stripe_provider
from billing.providers.answers import ProviderNotReady
from merchants import installation
from tests import shops, stripe_server
from tests.amounts import usd
from tests.factories import CardFactory
from tests.stripe_server import OddStripe, send_event
from tests.threads import at_once
from tests.unchanged import nothing_changes

pytestmark = pytest.mark.django_db

ANNA = "anna@rosewood.example"
NOON = shops.instant("2026-11-01 12:00")


@pytest.fixture(scope="session")
def address() -> Iterator[str]:
    """The address of a server that stands for Stripe."""
    with stripe_server.localstripe() as url:
        yield url


@pytest.fixture
def client(address: str, settings: Any) -> stripe.StripeClient:
    """A client of Stripe's, which asks that server."""
    stripe_server.be_asked(settings, address)
    return stripe_provider.client()


def begin(shop: shops.Shop) -> cards.Begun:
    """Begin to add a card, in a member's name."""
    return cards.begin(merchant_id=shop.merchant.pk, actor=ANNA, now=NOON)


def finish(shop: shops.Shop, begun: cards.Begun, at: str = "2026-11-01 12:00") -> Card:
    """Keep the card that was typed in at Stripe."""
    return cards.finish(
        merchant_id=shop.merchant.pk,
        setup_intent_id=begun.setup_intent_id,
        actor=ANNA,
        now=shop.at(at),
    )


def type_in(client: stripe.StripeClient, begun: cards.Begun, number: str) -> None:
    """What the browser does with the secret: it hands the card to Stripe."""
    data = {
        "type": "card",
        "card": {"number": number, "exp_month": 2, "exp_year": 2028, "cvc": "123"},
    }
    client.raw_request(
        "post",
        f"/v1/setup_intents/{begun.setup_intent_id}/confirm",
        client_secret=begun.client_secret,
        payment_method_data=data,
    )


def add(client: stripe.StripeClient, shop: shops.Shop, number: str = "4242424242424242") -> Card:
    """Add a card with this number, from its beginning to its end."""
    begun = begin(shop)
    type_in(client, begun, number)
    return finish(shop, begun)


def method(shop: shops.Shop) -> tuple[str, str]:
    """How the account's bills are collected: method, and card if there is one."""
    account = shop.account
    return account.payment_method, str(account.card or "")


def test_a_card_is_added_and_pays_the_next_bill(client: stripe.StripeClient) -> None:
    shop = shops.join("2026-11-01 10:00")
    card = add(client, shop)
    assert (card.brand, card.last_four, card.expires_on) == ("visa", "4242", date(2028, 2, 29))
    assert (card.added_by, card.added_at) == (ANNA, NOON)
    assert method(shop) == ("stripe", "Visa ···· 4242")
    shop.charge("2026-11-02 09:00", "pick-pack", "250.00")
    shop.run_jobs("2026-11-02 10:00")
    assert (Invoice.objects.get().status, Invoice.objects.get().amount_paid) == (
        "PAID",
        usd(250),
    )
    paid = client.v1.payment_intents.retrieve(Payment.objects.get().provider_reference)
    assert (paid.status, paid.amount, paid.currency) == ("succeeded", 25000, "usd")
    assert (paid.customer, paid.payment_method) == (card.customer, card.token)


@pytest.mark.full  # declines in test_stripe_payments.py
def test_a_card_that_is_declined_leaves_the_bill_open_until_another_one_pays_it(
    client: stripe.StripeClient,
) -> None:
    shop = shops.join("2026-11-01 10:00")
    add(client, shop, "4000000000000341")
    shop.charge("2026-11-02 09:00", "pick-pack", "250.00")
    shop.run_jobs("2026-11-02 10:00")
    payment, invoice = Payment.objects.get(), Invoice.objects.get()
    assert (payment.status, payment.failure, payment.is_hard) == ("FAILED", "card_declined", False)
    assert (invoice.status, invoice.next_attempt_at) == ("OPEN", shop.at("2026-11-03 10:00"))
    begun = begin(shop)
    type_in(client, begun, "4242424242424242")
    finish(shop, begun, "2026-11-02 12:00")
    shop.run_jobs("2026-11-02 13:00")
    assert Invoice.objects.get().status == "PAID"


def test_a_payment_that_asks_for_a_confirmation_is_cancelled(client: stripe.StripeClient) -> None:
    shop = shops.join("2026-11-01 10:00")
    card = add(client, shop)
    made = client.raw_request(
        "post",
        "/v1/payment_methods",
        type="card",
        card={"number": "4000002760003184", "exp_month": 2, "exp_year": 2028, "cvc": "123"},
    ).data
    asking = payment_methods.add_card(
        merchant_id=shop.merchant.pk,
        provider="stripe",
        token=made["id"],
        customer=card.customer,
        brand="visa",
        last_four="3184",
        actor=ANNA,
        now=NOON,
    )
    shop.charge("2026-11-02 09:00", "pick-pack", "250.00")
    shop.run_jobs("2026-11-02 10:00")
    payment = Payment.objects.get(card=asking)
    assert (payment.failure, payment.is_hard) == ("authentication_required", True)
    assert client.v1.payment_intents.retrieve(payment.provider_reference).status == "canceled"


def test_further_cards_belong_to_the_same_customer(client: stripe.StripeClient) -> None:
    shop = shops.join("2026-11-01 10:00")
    first, second = add(client, shop), add(client, shop, "5555555555554444")
    assert first.customer == second.customer
    assert method(shop) == ("stripe", "Visa ···· 4444")
    customer = client.v1.customers.retrieve(first.customer)
    assert stripe_provider.metadata(customer) == {"tael_merchant": "rosewood"}


def test_a_merchant_that_begins_twice_is_one_customer(settings: Any) -> None:
    shop = shops.join("2026-11-01 10:00")
    with stripe_server.odd_stripe() as odd:
        stripe_server.be_asked(settings, odd.url)
        assert [begin(shop).client_secret for _ in range(2)] == ["cus_1", "cus_1"]
        assert list(odd.by_key) == [f"T-customer-{shop.merchant.pk}"]


@pytest.mark.full  # four times at once in test_payment_methods.py
@pytest.mark.django_db(transaction=True)
def test_browser_and_event_that_finish_at_once_add_one_card(client: stripe.StripeClient) -> None:
    shop = shops.join("2026-11-01 10:00")
    begun = begin(shop)
    type_in(client, begun, "4242424242424242")
    assert at_once(lambda _: finish(shop, begun).last_four, threads=4) == {"4242": 4}
    assert Card.objects.count() == 1
    assert shop.account.changes.filter(what="PAYMENT_METHOD").count() == 1


def test_finishing_twice_adds_one_card(client: stripe.StripeClient) -> None:
    shop = shops.join("2026-11-01 10:00")
    begun = begin(shop)
    type_in(client, begun, "4242424242424242")
    card = finish(shop, begun)
    assert finish(shop, begun) == card
    assert Card.objects.count() == 1


def test_finishing_again_later_does_not_undo_another_choice(client: stripe.StripeClient) -> None:
    shop = shops.join("2026-11-01 10:00")
    begun = begin(shop)
    type_in(client, begun, "4242424242424242")
    finish(shop, begun)
    add(client, shop, "5555555555554444")
    finish(shop, begun, "2026-11-03 12:00")
    assert send_event("setup_intent.succeeded", begun.setup_intent_id) == 200
    assert method(shop) == ("stripe", "Visa ···· 4444")


def test_a_card_whose_browser_never_came_back_is_added_by_stripes_event(
    client: stripe.StripeClient,
) -> None:
    shop = shops.join("2026-11-01 10:00")
    begun = begin(shop)
    type_in(client, begun, "4242424242424242")
    assert send_event("setup_intent.succeeded", begun.setup_intent_id) == 200
    assert method(shop) == ("stripe", "Visa ···· 4242")
    assert Card.objects.get().added_by == ANNA


def test_an_event_of_a_setup_that_is_not_ours_adds_nothing(client: stripe.StripeClient) -> None:
    shops.join("2026-11-01 10:00")
    foreign = client.v1.setup_intents.create({"usage": "off_session"})
    with nothing_changes():
        assert send_event("setup_intent.succeeded", foreign.id) == 200
        assert send_event("setup_intent.succeeded", "seti_gone") == 200
        assert send_event("setup_intent.succeeded", "") == 200
    assert not Card.objects.exists()


@pytest.mark.parametrize("prefix", ["U", ""])
def test_a_card_that_another_installation_began_is_not_added(
    client: stripe.StripeClient, prefix: str
) -> None:
    """At one account of Stripe's, with a merchant of the same reference. Earlier versions named no
    installation ("").
    """
    shop = shops.join("2026-11-01 10:00")
    with installation.remembered(prefix or "U"):
        begun = begin(shop)
    if not prefix:
        unnamed = {"tael_installation": ""}  # which takes it out
        client.v1.setup_intents.update(begun.setup_intent_id, {"metadata": unnamed})
    type_in(client, begun, "4242424242424242")
    with nothing_changes():
        assert send_event("setup_intent.succeeded", begun.setup_intent_id) == 200
        with pytest.raises(cards.UnknownSetup):
            finish(shop, begun)
    assert method(shop) == ("manual", "")


def test_a_card_that_is_refused_does_not_stay_attached_at_stripe(odd: OddStripe) -> None:
    """The sixth within 24 hours, and one that was blocked and is handed over again."""
    shop = shops.join("2026-11-01 10:00")
    for number in range(5):
        CardFactory.create(
            shop=shop, at="2026-11-01 11:00", provider="stripe", token=f"pm_old{number}",
            customer="cus_1", brand="visa", last_four=f"000{number}",
            expires_on=date(2028, 2, 29),
        )  # fmt: skip
    blocked = Card.objects.get(last_four="0000")
    cards_blocked.block(
        card_id=blocked.pk, reason="Fraud.", told="Use another.", actor="olga", now=NOON
    )
    sixth, again = odd.set_up("rosewood"), odd.set_up("rosewood", last_four="0000")
    for made, refused, at in (
        (sixth, TooManyCards, "2026-11-01 12:00"),
        (again, payment_methods.CardBlocked, "2026-11-03 12:00"),
    ):
        with nothing_changes():
            for _ in range(2):  # the second time it can be attached no more
                with pytest.raises(refused):
                    finish(shop, cards.Begun(made["id"], "secret"), at)
        card = odd.find(made["payment_method"])
        assert card is not None
        assert card["customer"] is None
    # What Stripe tells of it afterwards is not to come again.
    assert send_event("setup_intent.succeeded", again["id"]) == 200
    assert shop.account.cards.count() == 5
    # A day later it is no more too many, but gone at Stripe.
    with nothing_changes(), pytest.raises(cards.UnknownSetup):
        finish(shop, cards.Begun(sixth["id"], "secret"), "2026-11-03 12:00")


def test_a_card_that_was_not_handed_over_is_not_added(client: stripe.StripeClient) -> None:
    shop = shops.join("2026-11-01 10:00")
    begun = begin(shop)
    with nothing_changes(), pytest.raises(cards.CardNotConfirmed):
        finish(shop, begun)
    type_in(client, begun, "4000002760003184")  # its bank still wants to ask its holder
    with nothing_changes(), pytest.raises(cards.CardNotConfirmed):
        finish(shop, begun)
    assert (method(shop), Card.objects.count()) == (("manual", ""), 0)


def test_nobody_finishes_the_card_of_another_merchant(client: stripe.StripeClient) -> None:
    rosewood = shops.join("2026-11-01 10:00", "rosewood")
    willow = shops.join("2026-11-01 10:00", "willow")
    begun = begin(rosewood)
    type_in(client, begun, "4242424242424242")
    for _ in ("before and", "after its own merchant did"):
        with nothing_changes(), pytest.raises(cards.UnknownSetup):
            finish(willow, begun)
        finish(rosewood, begun)
    assert (method(willow), method(rosewood)[0]) == (("manual", ""), "stripe")


@pytest.mark.parametrize("named", ["seti_gone", "", "../customers", "pi_1"])
def test_a_setup_that_there_is_not_is_refused(client: stripe.StripeClient, named: str) -> None:
    shop = shops.join("2026-11-01 10:00")
    with nothing_changes(), pytest.raises(cards.UnknownSetup):
        finish(shop, cards.Begun(named, "secret"))


def test_a_removed_card_is_gone_here_and_at_stripe(client: stripe.StripeClient) -> None:
    shop = shops.join("2026-11-01 10:00")
    first = add(client, shop)
    add(client, shop, "5555555555554444")
    assert client.v1.payment_methods.retrieve(first.token).customer == first.customer
    remove(shop, first)
    assert client.v1.payment_methods.retrieve(first.token).customer is None
    assert Card.objects.get(pk=first.pk).removed_at == NOON


def test_the_card_that_bills_are_collected_from_stays(client: stripe.StripeClient) -> None:
    shop = shops.join("2026-11-01 10:00")
    card = add(client, shop)
    with nothing_changes(), pytest.raises(payment_methods.CardInUse):
        remove(shop, card)
    assert client.v1.payment_methods.retrieve(card.token).customer == card.customer


def test_a_card_is_removed_here_even_if_stripe_is_out_of_reach(
    client: stripe.StripeClient, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    shop = shops.join("2026-11-01 10:00")
    first = add(client, shop)
    add(client, shop, "5555555555554444")
    settings.STRIPE_API_BASE = "http://127.0.0.1:1"  # where nobody listens
    remove(shop, first)
    assert Card.objects.get(pk=first.pk).removed_at == NOON
    assert first.token in caplog.text


def test_while_stripe_is_out_of_reach_no_card_is_added(
    client: stripe.StripeClient, settings: Any
) -> None:
    shop = shops.join("2026-11-01 10:00")
    begun = begin(shop)
    settings.STRIPE_API_BASE = "http://127.0.0.1:1"
    with nothing_changes():
        with pytest.raises(cards.ProviderSilent):
            begin(shop)
        with pytest.raises(cards.ProviderSilent):
            finish(shop, begun)


@pytest.mark.parametrize("missing", ["STRIPE_API_KEY", "STRIPE_PUBLISHABLE_KEY"])
def test_a_missing_setting_is_named(
    client: stripe.StripeClient, settings: Any, missing: str
) -> None:
    shop = shops.join("2026-11-01 10:00")
    setattr(settings, missing, "")
    with nothing_changes(), pytest.raises(ProviderNotReady, match=missing):
        begin(shop)


def remove(shop: shops.Shop, card: Card) -> None:
    cards.remove(merchant_id=shop.merchant.pk, card_id=card.pk, actor=ANNA, now=NOON)
