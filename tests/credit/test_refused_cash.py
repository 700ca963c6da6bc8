"""Payments and refunds that were refused wait for the operators, and none is forgotten."""

from typing import Any

import pytest

from credit.models import RefusedCash
from credit.operations import refused_cash
from credit.queries.waiting import REFUSED
from lib.refusals import Invalid, Refused
from tests import shops
from tests.shops import Shop
from trail.models import TrailEntry

pytestmark = pytest.mark.django_db

OPERATOR = "olga@tael.example"


def join() -> Shop:
    """A shop with an order of 100.00."""
    shop = shops.join("2026-11-01 10:00")
    shop.place("2026-11-02 10:00", "A", "100.00")
    return shop


def waiting(shop: Shop) -> list[str]:
    """What was refused: kind, reference, order, amount, code, times, and what became of it."""
    return [
        f"{one.kind} {one.reference} {one.order_reference} {one.plain_amount:f} {one.currency}"
        f" {one.code} {one.times} {one.status}"
        for one in shop.line.refused_cash.order_by("pk")
    ]


def test_cash_of_an_unknown_order_waits_until_it_comes_again_and_is_taken() -> None:
    shop = join()
    assert shop.pay("2026-11-03 10:00", "B", "50.00", "P") == "rejected unknown_order"
    assert shop.pay("2026-11-03 11:00", "B", "40.00", "P") == "rejected unknown_order"
    assert waiting(shop) == ["PAYMENT P B 40 USD unknown_order 2 OPEN"]
    shop.place("2026-11-03 12:00", "B", "50.00")
    assert shop.pay("2026-11-03 13:00", "B", "50.00", "P") == "applied"
    assert waiting(shop) == ["PAYMENT P B 40 USD unknown_order 2 TAKEN"]
    assert shop.pay("2026-11-03 13:00", "B", "50.00", "P") == "duplicate"
    assert shop.order("B") == ("PAID", "0.00")


def test_cash_of_another_currency_or_of_a_wrong_year_waits_too() -> None:
    shop = join()
    assert shop.pay("2026-11-03 10:00", "A", "9.505", "P", currency="EUR") == (
        "rejected currency_mismatch"
    )
    assert shop.pay("2025-11-03 10:00", "A", "9.00", "Q") == "rejected invalid"
    assert shop.refund("2025-11-03 10:00", "A", "8.00", "Q") == "rejected invalid"
    assert shop.refund("2026-11-03 10:00", "Z", "7.00", "Z") == "rejected unknown_order"
    assert waiting(shop) == [
        "PAYMENT P A 9.505 EUR currency_mismatch 1 OPEN",
        "PAYMENT Q A 9 USD invalid 1 OPEN",
        "REFUND Q A 8 USD invalid 1 OPEN",
        "REFUND Z Z 7 USD unknown_order 1 OPEN",
    ]
    assert shop.order("A") == ("OPEN", "100.00")
    assert shop.refund("2026-11-04 10:00", "A", "8.00", "Q") == "applied"
    assert waiting(shop)[1:3] == [
        "PAYMENT Q A 9 USD invalid 1 OPEN",
        "REFUND Q A 8 USD invalid 1 TAKEN",
    ]


def test_what_can_be_no_cash_or_is_known_already_is_not_on_the_desk() -> None:
    shop = join()
    assert shop.pay("2026-11-03 10:00", "A", "9.505", "P") == "rejected invalid"
    assert shop.pay("2026-11-03 10:00", "A", "-1.00", "P") == "rejected invalid"
    assert shop.pay("2026-11-03 10:00", "A", "10.00", "Q") == "applied"
    assert shop.pay("2026-11-03 10:00", "A", "10.00", "Q", currency="EUR") == (
        "rejected currency_mismatch"
    )
    assert shop.refund("2026-11-03 10:00", "A", "1.00", "Q") == "applied"
    assert shop.refund("2026-11-03 10:00", "A", "1.00", "Q", currency="EUR") == (
        "rejected currency_mismatch"
    )
    assert shop.pay("2026-11-03 10:00", "A", "500.00", "R") == "rejected overpayment"
    assert shop.refund("2026-11-03 10:00", "A", "500.00", "R") == "rejected overpayment"
    assert waiting(shop) == []


def test_cash_that_comes_again_and_no_order_takes_is_unmatched_and_off_the_desk() -> None:
    shop = join()
    shop.pay("2026-11-03 10:00", "B", "50.00", "P")
    assert shop.pay("2026-11-03 10:00", "A", "150.00", "P") == "rejected overpayment"
    assert waiting(shop) == ["PAYMENT P B 50 USD unknown_order 1 TAKEN"]
    assert shop.line.payments.get().is_unmatched


def test_an_operator_closes_it_with_a_reason_and_its_reference_stays_free() -> None:
    shop = join()
    shop.pay("2026-11-03 10:00", "B", "50.00", "P")
    one = RefusedCash.objects.get()
    by: Any = {"refused_id": one.pk, "actor": OPERATOR, "now": shop.at("2026-11-04 10:00")}
    with pytest.raises(Invalid):
        refused_cash.close(reason=" ", **by)
    assert list(REFUSED.rows(shop.at("2026-11-04 10:00"))) == [one]
    closed = refused_cash.close(reason="sent by mistake", **by)
    assert (closed.status, closed.ended_by, closed.reason) == (
        "CLOSED",
        OPERATOR,
        "sent by mistake",
    )
    (entry,) = TrailEntry.objects.all()
    assert (entry.action, entry.reason) == ("REFUSED_CASH_CLOSED", "sent by mistake")
    assert not REFUSED.rows(shop.at("2026-11-04 10:00")).exists()
    with pytest.raises(Refused):
        refused_cash.close(reason="again", **by)
    assert shop.pay("2026-11-05 10:00", "B", "50.00", "P") == "rejected unknown_order"
    assert [line.split()[-1] for line in waiting(shop)] == ["CLOSED", "OPEN"]
    shop.place("2026-11-05 11:00", "B", "50.00")
    assert shop.pay("2026-11-05 12:00", "B", "50.00", "P") == "applied"
    assert [line.split()[-1] for line in waiting(shop)] == ["CLOSED", "TAKEN"]
