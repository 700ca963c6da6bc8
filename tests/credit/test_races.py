"""Many threads at one line: it is never overdrawn, and nothing is written twice."""

from collections import Counter

import pytest

from credit.models import Freeze, LimitEntry, Order, ProceedsEntry
from tests import books, shops
from tests.threads import at_once, every_order

pytestmark = pytest.mark.django_db(transaction=True)

NOW = "2026-11-02 10:00"


def test_eight_orders_of_60_on_a_line_of_100() -> None:
    shop = shops.join("2026-11-01 10:00", credit_limit="100.00")
    outcomes = at_once(lambda number: shop.place(NOW, f"order-{number}", "60.00"))
    assert outcomes == {"applied": 1, "declined insufficient_credit": 7}
    statuses = Counter(Order.objects.values_list("status", "decline_code"))
    assert statuses == {("OPEN", ""): 1, ("DECLINED", "insufficient_credit"): 7}
    assert shop.limit() == ("100.00", "60.00", "40.00")
    assert LimitEntry.objects.filter(kind="HOLD").count() == 1


@pytest.mark.full  # eight orders, above
def test_the_same_order_placed_eight_times_at_once() -> None:
    shop = shops.join("2026-11-01 10:00", credit_limit="100.00")
    outcomes = at_once(lambda _: shop.place(NOW, "A", "10.00"))
    assert outcomes == {"applied": 1, "duplicate": 7}
    assert shop.limit() == ("100.00", "10.00", "90.00")
    assert LimitEntry.objects.filter(kind="HOLD").count() == 1


@pytest.mark.full  # eight payments, below
def test_the_same_payment_eight_times_at_once() -> None:
    shop = shops.join("2026-11-01 10:00", credit_limit="100.00")
    shop.place(NOW, "A", "80.00")
    outcomes = at_once(lambda _: shop.pay(NOW, "A", "10.00", "P"))
    assert outcomes == {"applied": 1, "duplicate": 7}
    assert (shop.limit(), shop.proceeds()) == (("100.00", "70.00", "30.00"), "10.00")


def test_eight_payments_of_30_for_an_order_of_100() -> None:
    shop = shops.join("2026-11-01 10:00", credit_limit="100.00")
    shop.place(NOW, "A", "100.00")
    outcomes = at_once(lambda number: shop.pay(NOW, "A", "30.00", f"payment-{number}"))
    assert outcomes == {"applied": 3, "rejected overpayment": 5}
    assert (shop.order("A"), shop.proceeds()) == (("OPEN", "10.00"), "90.00")
    assert shop.line.payments.filter(status="UNMATCHED").count() == 5
    assert ProceedsEntry.objects.count() == 3


@every_order
def test_an_order_is_paid_or_cancelled_but_not_both() -> None:
    shop = shops.join("2026-11-01 10:00", credit_limit="100.00")
    for round in range(5):
        order = f"order-{round}"
        shop.place(NOW, order, "100.00")
        outcomes = at_once(
            lambda number, order=order: (  # type: ignore[misc]
                shop.pay(NOW, order, "100.00") if number else shop.cancel(NOW, order)
            ),
            threads=2,
        )
        assert outcomes == {"applied": 1, "rejected order_not_open": 1}
        assert shop.limit() == ("100.00", "0.00", "100.00")


@pytest.mark.full  # a day end and charges in billing/test_races.py
@every_order
def test_day_ends_worked_off_by_two_workers_and_buyers_at_once() -> None:
    dresses = [
        shops.join("2026-11-01 10:00", f"shop-{number}", payment_days=0) for number in range(6)
    ]
    for shop in dresses:
        shop.place("2026-11-02 10:00", "A", "1000.00")
        shop.deliver("2026-11-02 10:00", "A")

    def work(number: int) -> str:
        """Work days off or place an order, by number."""
        if number < 2:
            shops.run_jobs(shops.instant("2027-02-01 00:00"))
            return "worked"
        return dresses[number - 2].place("2027-02-01 10:00", "B", "4000.00")

    assert at_once(work) == {"worked": 2, "applied": 6}
    assert Freeze.objects.count() == 6
    assert LimitEntry.objects.filter(kind="WRITE_OFF").count() == 6
    for reference, found in books.books().items():
        assert found["line"] == {"frozen": [], "limit": "4000.00", "used": "4000.00"}, reference
        assert found["orders"]["A"]["status"] == "WRITTEN_OFF"
