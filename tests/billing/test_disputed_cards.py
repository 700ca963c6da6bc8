"""A card that was disputed is asked for nothing until its merchant chooses it anew."""

import pytest

from billing.models import Invoice
from billing.operations import (
    payment_methods,
    payments,
)
from tests import shops
from tests.billing import reversing
from tests.billing.reversing import account, freezes, offended
from tests.factories import CardFactory
from tests.stripe_server import OddStripe, send_event
from tests.unchanged import nothing_changes
from trail.models import TrailEntry

pytestmark = pytest.mark.django_db

paid = pytest.fixture(reversing.paid)


@pytest.fixture
def disputed(odd: OddStripe, paid: shops.Shop) -> shops.Shop:
    """A shop whose card's payment is disputed, and which has a bill of 300.00."""
    odd.take_back("disputes", "pi_1", 25000)
    send_event("charge.dispute.created", "du_1")
    assert account(paid).has_disputed_card
    assert paid.charge("2026-11-05 13:00", "pick-pack", "300.00") == "applied"
    odd.requests.clear()
    return paid


def last_attempts() -> list[str]:
    """Status and failure of each attempt for the latest bill."""
    payments = Invoice.objects.latest("pk").payments.order_by("attempt")
    return [f"{payment.status} {payment.failure}".strip() for payment in payments]


def test_a_disputed_card_is_not_asked_again(odd: OddStripe, disputed: shops.Shop) -> None:
    disputed.run_jobs("2026-11-05 14:00")
    disputed.run_jobs("2026-11-20 14:00")
    assert last_attempts() == ["FAILED card_disputed"]
    assert not any(request.startswith("POST") for request in odd.requests)
    assert freezes(disputed) == []  # an ordinary bill freezes the line after 28 days
    assert not offended()


@pytest.mark.full  # nor is it asked by itself, above
def test_nor_may_somebody_pay_with_it_now(odd: OddStripe, disputed: shops.Shop) -> None:
    with nothing_changes(), pytest.raises(payments.CardDisputed):
        payments.pay_now(
            invoice_id=Invoice.objects.latest("pk").pk,
            actor="mei@rosewood.example",
            now=disputed.at("2026-11-05 14:00"),
        )
    assert odd.requests == []


@pytest.mark.full  # it is not before, above
def test_it_is_asked_again_once_its_merchant_has_chosen_it_anew(
    odd: OddStripe, disputed: shops.Shop
) -> None:
    disputed.run_jobs("2026-11-05 14:00")
    before = account(disputed)
    payment_methods.choose(
        merchant_id=before.pk, method="stripe", card_id=before.card_id,
        actor="mei@rosewood.example", now=disputed.at("2026-11-06 09:00"),
    )  # fmt: skip
    assert not account(disputed).has_disputed_card
    disputed.run_jobs("2026-11-06 10:00")
    assert last_attempts() == ["FAILED card_disputed", "SUCCEEDED"]
    row = TrailEntry.objects.filter(action="METHOD_CHANGED").latest("pk")
    assert (row.before, row.after) == (
        {"payment_method": "stripe Visa ···· 4242, disputed"},
        {"payment_method": "stripe Visa ···· 4242"},
    )
    assert not offended()


@pytest.mark.full  # one of the same does, above
def test_a_dispute_of_another_card_stops_nothing(odd: OddStripe, paid: shops.Shop) -> None:
    CardFactory.create(
        shop=paid,
        at="2026-11-03 09:00",
        provider="stripe",
        customer="cus_1",
        brand="visa",
        last_four="1881",
    )
    odd.take_back("disputes", "pi_1", 25000)
    send_event("charge.dispute.created", "du_1")
    assert not account(paid).has_disputed_card
