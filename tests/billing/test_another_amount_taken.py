"""Stripe says that another amount arrived than was asked for: nothing is taken for paid."""

import pytest

from billing.models import Payment
from billing.operations import ended_payments
from notices.models import Notice
from tests import books, shops, stripe_server
from tests.amounts import usd
from tests.billing.at_stripe import add_card, attempts, billed_shop, collect, invoice, next_attempt
from tests.factories import browser_of, operator
from tests.stripe_server import OddStripe
from tests.whole import some

pytestmark = pytest.mark.django_db

UNPAID, PAID = ("OPEN", usd(0)), ("PAID", usd(250))


def says(odd: OddStripe, **told: object) -> None:
    """Have each PaymentIntent that is made say this of itself from the first on."""
    odd.before_reply = lambda intent_id: (odd.find(intent_id) or {}).update(told)


@pytest.fixture
def shop(odd: OddStripe) -> shops.Shop:
    """A shop with an open bill of 250.00 that Stripe collects."""
    return billed_shop()


@pytest.mark.parametrize(
    ("told", "words"),
    some(
        [
            (
                {"amount_received": 24900},
                "pi_1 says that 249.00 USD arrived; we asked for 250.00 USD",
            ),
            ({"amount_received": 0}, "pi_1 says that 0.00 USD arrived; we asked for 250.00 USD"),
            (
                {"amount": 24900, "amount_received": 24900},
                "pi_1 has the key of payment T-2026-000001-1, and asks for 249.00 USD of customer"
                " cus_1; we asked for 250.00 USD",
            ),
            (
                {"currency": "jpy", "amount_received": 25000},
                "pi_1 has the key of payment T-2026-000001-1, and asks for 25000 JPY of customer"
                " cus_1; we asked for 250.00 USD",
            ),
        ],
        2,
    ),
    ids=["less", "nothing", "another intent", "another currency"],
)
def test_it_stays_undecided_and_says_what_is_wrong(
    shop: shops.Shop, odd: OddStripe, told: dict[str, object], words: str
) -> None:
    says(odd, **told)
    collect(shop, "2026-11-02 10:00")
    for at in ("2026-11-02 10:10", "2026-11-03 10:00"):
        assert (attempts(), invoice()) == (["UNKNOWN"], UNPAID)
        assert Payment.objects.get().problem == words
        shop.run_jobs(at)
    assert len(odd.intents) == 1
    assert not Notice.objects.filter(kind="PAYMENT_FAILED").exists()


def test_it_is_on_the_operators_desk(shop: shops.Shop, odd: OddStripe) -> None:
    says(odd, amount_received=24900)
    collect(shop, "2026-11-02 10:00")
    client = browser_of(operator("Billing officer"))
    listed = client.get("/admin/billing/payment/?waits=unanswered").content.decode()
    assert "pi_1 says that 249.00 USD arrived; we asked for 250.00 USD" in listed


@pytest.mark.full  # nor does an answer, above
def test_an_event_of_it_pays_nothing_either(shop: shops.Shop, odd: OddStripe) -> None:
    odd.mishaps.append("lost")
    collect(shop, "2026-11-02 10:00")
    odd.intents[0]["amount_received"] = 24900
    assert stripe_server.send_event("payment_intent.succeeded", "pi_1") == 200
    assert (attempts(), invoice()) == (["UNKNOWN"], UNPAID)
    assert Payment.objects.get().problem.startswith("pi_1 says that 249.00 USD arrived")


def test_once_it_says_what_was_asked_for_it_is_paid(shop: shops.Shop, odd: OddStripe) -> None:
    says(odd, amount_received=24900)
    collect(shop, "2026-11-02 10:00")
    odd.intents[0]["amount_received"] = 25000
    shop.run_jobs("2026-11-02 10:05")
    assert (attempts(), invoice(), Payment.objects.get().problem) == (["SUCCEEDED"], PAID, "")


def end(shop: shops.Shop, at: str, arrived: str, reference: str = "") -> None:
    """End the odd payment at Stripe, of which so much arrived."""
    ended_payments.end(
        payment_id=Payment.objects.get(provider="stripe").pk,
        arrived=usd(arrived),
        reference=reference,
        actor="olga@tael.example",
        reason="Stripe's own page says so, too.",
        now=shop.at(at),
    )


def test_an_operator_ends_it_with_what_arrived_and_nothing_is_tried_by_itself(
    shop: shops.Shop, odd: OddStripe
) -> None:
    says(odd, amount_received=24900)
    collect(shop, "2026-11-02 10:00")
    end(shop, "2026-11-03 10:00", "249.00", "pi_1")
    assert (attempts(), invoice()) == (["FAILED ended_by_us", "SUCCEEDED"], ("OPEN", usd(249)))
    assert next_attempt() == ""
    odd.intents[0]["amount_received"] = 25000  # whatever it says later, its money came once
    assert stripe_server.send_event("payment_intent.succeeded", "pi_1") == 200
    shop.run_jobs("2026-11-09 10:00")
    assert (invoice(), shop.account.unapplied, len(odd.intents)) == (
        ("OPEN", usd(249)),
        usd(0),
        1,
    )
    assert not Notice.objects.filter(kind="PAYMENT_FAILED").exists()
    books.assert_clean()


@pytest.mark.full  # what arrived ends one
def test_one_of_which_nothing_arrived_is_tried_once_another_method_is_chosen(
    shop: shops.Shop, odd: OddStripe
) -> None:
    says(odd, amount_received=0)
    collect(shop, "2026-11-02 10:00")
    end(shop, "2026-11-03 10:00", "0")
    assert (attempts(), invoice(), next_attempt()) == (["FAILED ended_by_us"], UNPAID, "")
    odd.before_reply = lambda intent_id: None
    add_card(shop, "2026-11-04 10:00", "pm_2")
    shop.run_jobs("2026-11-04 10:00")
    assert (attempts(), invoice()) == (["FAILED ended_by_us", "SUCCEEDED"], PAID)
    books.assert_clean()
