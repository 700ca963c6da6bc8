"""What is said to have happened before its order was placed, or after we were told of it."""

from datetime import datetime
from typing import Any

import pytest
from moneyed import Money

from credit.models import Order, ProceedsEntry
from credit.operations import order_steps, orders, payments, refunds
from lib.refusals import Refused
from tests import shops
from tests.amounts import usd
from tests.shops import Shop
from tests.whole import full, some

pytestmark = pytest.mark.django_db

PLACED = "2026-11-10 12:00:00"
LATER = "2026-11-12 09:00:00"


def shop_with_an_order(**terms: Any) -> Shop:
    """A shop with an order of 100.00."""
    shop = shops.join("2026-11-01 10:00", **terms)
    assert shop.place(PLACED, "A", "100.00") == "applied"
    return shop


def report(shop: Shop, step: str, at: str, *, told: str = LATER) -> str:
    """What becomes of a step of order A that is said to have happened at `at`."""
    given: Any = {"merchant_id": shop.line.pk, "at": shop.at(at), "now": shop.at(told)}
    money: Any = {"order": "A", "reference": f"{step} {at}", "amount": Money("10", shop.currency)}
    steps = {
        "ship": lambda: order_steps.ship(reference="A", **given),
        "deliver": lambda: order_steps.deliver(reference="A", **given),
        "cancel": lambda: order_steps.cancel(reference="A", reason="x", **given),
        "pay": lambda: payments.receive(**money, **given),
        "refund": lambda: refunds.give(**money, **given),
    }
    try:
        steps[step]()
    except Refused as refusal:
        return refusal.code
    return "applied"


STEPS = ["ship", "deliver", "cancel", "pay", "refund"]


@pytest.mark.parametrize("step", some(STEPS, len(STEPS)))
@pytest.mark.parametrize(
    ("at", "outcome"),
    [
        ("2025-11-10 12:00:00", "invalid"),
        ("2026-11-10 11:54:59", "invalid"),
        ("2026-11-10 11:55:00", "applied"),
        (PLACED, "applied"),
        (LATER, "applied"),
        ("2026-11-12 09:05:00", "applied"),
        ("2026-11-12 09:05:01", "invalid"),
        ("2027-11-12 09:00:00", "invalid"),
    ],
)
def test_five_minutes_are_forgiven_both_ways(step: str, at: str, outcome: str) -> None:
    shop = shop_with_an_order()
    shop.run_jobs(LATER)
    before = shop.books()
    assert report(shop, step, at) == outcome
    if outcome == "invalid":
        assert shop.books() == before


def test_an_order_cannot_be_placed_tomorrow() -> None:
    shop = shops.join("2026-11-01 10:00")

    def place(reference: str, at: str) -> Order:
        return orders.place(
            merchant_id=shop.line.pk,
            reference=reference,
            buyer="Somchai",
            amount=Money("10", "USD"),
            at=shop.at(at),
            now=shop.at(PLACED),
        )[0]

    with pytest.raises(Refused, match="at: "):
        place("A", "2026-11-10 12:05:01")
    assert not Order.objects.exists()
    order = place("A", "2026-11-10 12:05:00")
    assert (order.placed_at, order.placed_said_at) == (
        shop.at(PLACED),
        shop.at("2026-11-10 12:05:00"),
    )
    place("B", "2026-11-03 08:00")  # heard of a week later, and counts from now
    assert shop.line.orders.get(reference="B").placed_at == shop.at(PLACED)


def test_what_was_said_is_stored_and_the_placing_is_computed_with() -> None:
    # Placed as 10 November starts in Bangkok; paid and delivered a minute before, it was said.
    zone: Any = {"timezone": "Asia/Bangkok", "settlement_days": 7, "payment_days": 10}
    shop = shops.join("2026-11-01 10:00", **zone)
    shop.place("2026-11-10 00:00:00", "A", "100.00")
    said = "2026-11-09 23:59:00"
    assert report(shop, "deliver", said, told="2026-11-10 08:00") == "applied"
    assert report(shop, "pay", said, told="2026-11-10 09:00") == "applied"
    order = shop.line.orders.get()
    assert (order.delivered_at, str(order.due_on)) == (shop.at(said), "2026-11-20")
    assert order.delivered_told_at == shop.at("2026-11-10 08:00")
    (payment,) = order.payments.all()
    assert (payment.at, payment.arrived_at) == (shop.at(said), shop.at("2026-11-10 09:00"))
    assert str(ProceedsEntry.objects.get().matures_on) == "2026-11-17"


def test_days_follow_what_was_said_and_holds_what_was_told() -> None:
    shop = shop_with_an_order(payment_days=10, settlement_days=15)
    assert report(shop, "deliver", "2026-11-11 12:00", told="2026-11-20 12:00") == "applied"
    assert report(shop, "pay", "2026-11-18 12:00", told="2026-11-21 12:00") == "applied"
    order = shop.line.orders.get()
    assert str(order.due_on) == "2026-11-21"
    entry = ProceedsEntry.objects.get()
    assert (str(entry.matures_on), entry.at) == ("2026-12-03", shop.at("2026-11-21 12:00"))


def test_a_repeat_is_a_duplicate_whatever_it_says_of_when() -> None:
    shop = shop_with_an_order()
    shop.ship(LATER, "A")
    shop.pay(LATER, "A", "10.00", "P")
    wrong: datetime = shop.at("2020-01-01 12:00")
    given: Any = {"merchant_id": shop.line.pk, "at": wrong, "now": shop.at(LATER)}
    assert order_steps.ship(reference="A", **given)[1] is False
    repeat = payments.receive(order="A", reference="P", amount=Money("10", "USD"), **given)
    assert repeat[1] is False
    assert shop.line.payments.get().amount == usd(10)


@pytest.mark.full  # on its day in test_write_offs.py
@pytest.mark.parametrize(
    ("told", "eve", "gone"),
    [
        ("2027-01-10 09:00", "2027-04-09 23:59", "2027-04-10 00:00"),  # told on 10 January + 90
        *full(
            ("2026-11-12 09:00", "2027-02-18 23:59", "2027-02-19 00:00"),  # due on 21 November + 90
            ("2027-06-01 09:00", "2027-08-29 23:59", "2027-08-30 00:00"),  # told on 1 June + 90
        ),
    ],
)
def test_a_write_off_counts_from_the_telling_of_the_delivery(
    told: str, eve: str, gone: str
) -> None:
    shop = shop_with_an_order(payment_days=10)
    assert report(shop, "deliver", "2026-11-11 12:00", told=told) == "applied"
    shop.run_jobs(eve)
    assert shop.order("A") == ("OPEN", "100.00")
    shop.run_jobs(gone)
    assert shop.order("A") == ("WRITTEN_OFF", "0.00")
