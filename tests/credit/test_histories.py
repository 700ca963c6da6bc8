"""Whole histories of a shop, step by step, with what must come out of them."""

import pytest

from credit.models import Freeze, OrderPayment, ProceedsEntry
from credit.queries import proceeds
from notices.models import Notice
from tests import shops
from tests.shops import Shop

pytestmark = pytest.mark.django_db


def entries(shop: Shop) -> list[str]:
    """Kind, amount and day of maturing of each entry of proceeds."""
    rows = ProceedsEntry.objects.filter(line=shop.line).order_by("pk")
    return [f"{row.kind} {row.amount.amount:.2f} {row.matures_on}" for row in rows]


def unmatched(shop: Shop) -> dict[str, str]:
    """The refusal of each UNMATCHED payment, by reference."""
    rows = OrderPayment.objects.filter(line=shop.line, status="UNMATCHED")
    return dict(rows.values_list("reference", "refusal"))


def told(kind: str) -> int:
    """How many notices of this kind there are."""
    return Notice.objects.filter(kind=kind).count()


def test_a_refund_between_two_instalments() -> None:
    shop = shops.join("2026-11-01 10:00", settlement_days=7)
    shop.place("2026-11-01 11:00", "O", "100.00", instalments=3)
    shop.deliver("2026-11-02 12:00", "O")
    assert shop.pay("2026-11-05 12:00", "O", "33.33", "P-1") == "applied"
    assert shop.refund("2026-11-06 12:00", "O", "40.00", "R-1") == "applied"
    assert shop.order("O") == ("OPEN", "26.67")
    assert str(shop.line.orders.get().due_on) == "2026-12-12"
    assert shop.pay("2026-11-07 12:00", "O", "26.68", "P-2") == "rejected overpayment"
    assert shop.pay("2026-11-07 13:00", "O", "26.67", "P-3") == "applied"
    assert shop.order("O") == ("PAID", "0.00")
    assert shop.refund("2026-11-08 12:00", "O", "60.01", "R-2") == "rejected overpayment"
    assert shop.refund("2026-11-08 13:00", "O", "60.00", "R-3") == "applied"
    assert shop.pay("2026-11-09 13:00", "O", "1.00", "P-4") == "rejected order_not_open"
    assert shop.order("O") == ("REFUNDED", "0.00")
    assert shop.limit() == ("5000.00", "0.00", "5000.00")
    assert (shop.proceeds(), unmatched(shop)) == (
        "0.00",
        {"P-2": "overpayment", "P-4": "order_not_open"},
    )
    assert entries(shop) == [
        "SALE 33.33 2026-11-12",
        "SALE 26.67 2026-11-14",
        "REFUND -33.33 2026-11-12",
        "REFUND -26.67 2026-11-14",
    ]


def test_a_refund_takes_from_two_sales_of_its_order_whichever_bucket_each_is_in() -> None:
    shop = shops.join("2026-11-01 10:00", settlement_days=15)
    shop.place("2026-11-01 11:00", "A", "100.00")
    shop.place("2026-11-01 11:05", "B", "30.00")
    shop.pay("2026-11-01 23:59:59", "A", "60.00")
    shop.pay("2026-11-02 00:00", "B", "30.00")
    shop.pay("2026-11-10 12:00", "A", "40.00")
    assert shop.refund("2026-11-16 00:00", "A", "70.00") == "applied"
    assert (shop.order("A"), shop.order("B")) == (("PAID", "0.00"), ("PAID", "0.00"))
    assert entries(shop) == [
        "SALE 60.00 2026-11-16",
        "SALE 30.00 2026-11-17",
        "SALE 40.00 2026-11-25",
        "REFUND -60.00 2026-11-16",
        "REFUND -10.00 2026-11-25",
    ]
    buckets = {}
    for day in (16, 17, 25):
        found = proceeds.buckets(shop.line.pk, today=shop.at(f"2026-11-{day}").date())
        buckets[day] = [f"{x.amount:.2f}" for x in (found.maturing, found.matured, found.available)]
    assert buckets == {
        16: ["60.00", "0.00", "0.00"],
        17: ["30.00", "30.00", "30.00"],
        25: ["0.00", "60.00", "60.00"],
    }


def test_a_payment_told_before_its_order_and_steps_told_twice() -> None:
    shop = shops.join("2026-11-01 10:00", settlement_days=7)
    for _ in range(2):
        early = shop.pay("2026-11-01 10:59:59", "O", "50.00", "P-1")
        assert early == "rejected unknown_order"
    shop.place("2026-11-01 11:00", "O", "100.00")
    assert shop.deliver("2026-11-02 10:00", "O") == "applied"
    assert shop.deliver("2026-11-03 23:59:59", "O") == "duplicate"
    assert shop.ship("2026-11-04 10:00", "O") == "applied"
    assert shop.pay("2026-11-04 11:00", "O", "50.0", "P-1") == "applied"
    assert shop.pay("2026-11-04 11:00", "O", "49.00", "P-1") == "rejected conflict"
    assert shop.pay("2026-11-04 12:00", "O", "10.00", "P-2", currency="EUR") == (
        "rejected currency_mismatch"
    )
    assert shop.place("2026-11-05 11:00", "O", "100.00") == "duplicate"
    assert shop.place("2026-11-05 11:00", "O", "100.00", instalments=2) == "rejected conflict"
    assert shop.pay("2026-11-06 12:00", "O", "50.00", "P-1") == "duplicate"
    assert shop.deliver("2026-11-09 10:00", "O") == "duplicate"
    shop.run_jobs("2026-11-20 00:00")
    assert (shop.order("O"), shop.proceeds()) == (("OPEN", "50.00"), "50.00")
    assert str(shop.line.orders.get().due_on) == "2026-11-12"
    assert (entries(shop), unmatched(shop)) == (["SALE 50.00 2026-11-11"], {})
    waiting = shop.line.refused_cash.order_by("pk")
    assert [f"{one.reference} {one.code} {one.status}" for one in waiting] == [
        "P-1 unknown_order TAKEN",
        "P-2 currency_mismatch OPEN",
    ]
    assert told("ORDER_OVERDUE") == 1


def test_cash_for_orders_that_cannot_take_it() -> None:
    shop = shops.join("2026-11-01 10:00", credit_limit="5000.00")
    shop.place("2026-11-01 11:00", "O-1", "100.00")
    assert shop.refund("2026-11-01 12:00", "O-1", "100.00") == "applied"
    assert shop.pay("2026-11-01 13:00", "O-1", "100.00", "P-1") == "rejected order_not_open"
    assert shop.pay("2026-11-01 13:00", "O-1", "100.00", "P-1") == "duplicate"
    risky = shop.place("2026-11-01 14:00", "O-2", "5000.01", buyer_risk=3)
    assert risky == "declined buyer_risk"
    assert shop.pay("2026-11-01 15:00", "O-2", "1.00", "P-2") == "rejected order_not_open"
    assert shop.place("2026-11-01 16:00", "O-2", "10.00") == "rejected conflict"
    assert shop.place("2026-11-01 17:00", "O-3", "5000.00") == "applied"
    assert shop.place("2026-11-01 17:00", "O-4", "0.01") == "declined insufficient_credit"
    assert shop.cancel("2026-11-01 18:00", "O-3") == "applied"
    assert shop.place("2026-11-01 18:00", "O-5", "5000.00") == "applied"
    assert shop.pay("2026-11-01 18:00", "O-3", "5000.00", "P-3") == "rejected order_not_open"
    assert shop.limit() == ("5000.00", "5000.00", "0.00")
    assert unmatched(shop) == dict.fromkeys(("P-1", "P-2", "P-3"), "order_not_open")
    assert (told("LIMIT_100"), told("ORDER_DECLINED"), shop.proceeds()) == (1, 2, "0.00")


def test_every_due_date_that_passes_unpaid_is_told_with_what_is_due_by_then() -> None:
    shop = shops.join("2026-11-01 10:00", credit_limit="100000.00", payment_days=0)
    shop.place("2026-11-01 11:00", "O", "300.00", instalments=3)
    shop.deliver("2026-11-01 12:00", "O")
    shop.run_jobs("2026-12-02 00:00")
    shop.pay("2026-12-05 10:00", "O", "100.00")
    shop.run_jobs("2026-12-08 00:00")
    assert overdue_told() == [("O 2026-11-01", "100.00"), ("O 2026-12-01", "200.00")]
    assert shop.limit() == ("100000.00", "200.00", "99800.00")
    assert str(shop.line.orders.get().due_on) == "2026-12-01"
    shop.run_jobs("2027-01-10 00:00")
    assert overdue_told()[2:] == [("O 2026-12-31", "200.00")]


def overdue_told() -> list[tuple[str, str]]:
    """Cause and amount due of each notice of overdue orders."""
    found = Notice.objects.filter(kind="ORDER_OVERDUE").order_by("pk")
    return [(notice.cause, f"{float(notice.details['due']):.2f}") for notice in found]


@pytest.mark.full  # those that are, above
def test_parts_paid_refunded_or_of_nothing_are_not_told() -> None:
    shop = shops.join("2026-11-01 10:00", payment_days=0)
    shop.place("2026-11-01 11:00", "PAID", "300.00", instalments=3)
    shop.deliver("2026-11-01 12:00", "PAID")
    shop.pay("2026-11-01 13:00", "PAID", "100.00")  # the first part
    shop.refund("2026-11-01 14:00", "PAID", "150.00")  # the last, and half of the second
    shop.place("2026-11-01 11:00", "TINY", "0.05", instalments=10)  # nine parts of nothing
    shop.deliver("2026-11-01 12:00", "TINY")
    shop.run_jobs("2027-09-01 00:00")
    assert overdue_told() == [("PAID 2026-12-01", "50.00"), ("TINY 2027-07-29", "0.05")]


def test_a_freeze_by_parts_is_lifted_by_the_refund_that_takes_the_part_due() -> None:
    shop = shops.join(
        "2026-11-01 10:00",
        credit_limit="500.00",
        payment_days=0,
        currency="CNY",
        timezone="Asia/Shanghai",
    )
    shop.place("2026-11-01 11:00", "O", "300.00", instalments=3)
    shop.deliver("2026-11-01 12:00", "O")
    assert shop.place("2026-11-01 23:59:59", "A", "1.00") == "applied"
    assert shop.place("2026-11-02 00:00", "B", "1.00") == "declined line_frozen"
    shop.refund("2026-11-02 01:00", "O", "150.00")
    assert shop.place("2026-11-02 02:00", "C", "1.00") == "declined line_frozen"
    shop.refund("2026-11-02 03:00", "O", "50.00")
    assert shop.place("2026-11-02 04:00", "D", "1.00") == "declined line_frozen"
    shop.refund("2026-11-02 05:00", "O", "0.01")
    assert shop.place("2026-11-02 06:00", "E", "1.00") == "applied"
    shop.run_jobs("2026-11-03 00:00")
    assert (shop.order("O"), shop.frozen_by()) == (("OPEN", "99.99"), [])
    freeze = Freeze.objects.get()
    assert (freeze.placed_at, freeze.lifted_at) == (
        shop.at("2026-11-02 00:00"),
        shop.at("2026-11-02 05:00"),
    )
    assert [told(kind) for kind in ("FREEZE_PLACED", "FREEZE_LIFTED", "ORDER_DECLINED")] == [
        *(1, 1, 3)
    ]


def test_steps_of_a_wrong_year_are_refused_and_change_nothing() -> None:
    shop = shops.join("2026-11-01 10:00", settlement_days=15)
    shop.place("2026-11-20 10:00", "O-1", "1000.00")
    shop.place("2026-11-20 10:00", "O-2", "1500.00")
    assert shop.pay("2025-11-20 12:00", "O-1", "1000.00", "P-1") == "rejected invalid"
    assert shop.deliver("2025-11-20 12:00", "O-2") == "rejected invalid"
    shop.run_jobs("2026-11-21 00:00")
    assert (shop.order("O-1"), shop.order("O-2")) == (("OPEN", "1000.00"), ("OPEN", "1500.00"))
    assert shop.limit() == ("5000.00", "2500.00", "2500.00")
    assert (shop.proceeds(), entries(shop)) == ("0.00", [])
    assert [one.reference for one in shop.line.refused_cash.all()] == ["P-1"]
