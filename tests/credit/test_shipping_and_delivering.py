"""An order leaves the shop, arrives, and from then on falls due."""

import pytest

from credit.models import Order
from credit.operations import order_steps
from notices.models import Notice
from tests import shops
from tests.unchanged import nothing_changes

pytestmark = pytest.mark.django_db

NOW = "2026-11-02 10:00"


def due_on(reference: str) -> str:
    """The order's due day."""
    return str(Order.objects.get(reference=reference).due_on)


def test_an_order_is_shipped_and_delivered_once() -> None:
    shop = shops.join("2026-11-01 10:00", payment_days=10)
    shop.place(NOW, "A", "100.00")
    assert shop.ship("2026-11-03 10:00", "A") == "applied"
    assert shop.deliver("2026-11-05 10:00", "A") == "applied"
    with nothing_changes():
        assert shop.ship("2026-11-05 12:00", "A") == "duplicate"
        assert shop.deliver("2026-11-05 12:00", "A") == "duplicate"
    order = Order.objects.get()
    assert order.shipped_at == shops.instant("2026-11-03 10:00")
    assert order.delivered_at == shops.instant("2026-11-05 10:00")
    assert due_on("A") == "2026-11-15"
    assert shop.order("A") == ("OPEN", "100.00")


def test_delivered_before_shipped_is_taken_as_it_comes() -> None:
    shop = shops.join("2026-11-01 10:00")
    shop.place(NOW, "A", "100.00")
    assert shop.deliver("2026-11-03 10:00", "A") == "applied"
    assert shop.ship("2026-11-04 10:00", "A") == "applied"
    assert due_on("A") == "2026-11-13"


@pytest.mark.full  # due dates follow it in test_placing_orders.py
def test_nothing_is_due_before_the_delivery() -> None:
    shop = shops.join("2026-11-01 10:00", payment_days=0)
    shop.place(NOW, "A", "5000.00")
    shop.ship("2026-11-03 10:00", "A")
    shop.run_jobs("2027-11-03 10:00")
    assert due_on("A") == "None"
    assert shop.order("A") == ("OPEN", "5000.00")
    assert shop.frozen_by() == []


def test_an_order_whose_delivery_we_hear_of_after_its_due_date_is_told_as_overdue() -> None:
    shop = shops.join("2026-11-01 10:00", payment_days=10)
    shop.place(NOW, "A", "100.00")
    order_steps.deliver(
        merchant_id=shop.line.pk,
        reference="A",
        at=shops.instant("2026-11-03 10:00"),
        now=shops.instant("2026-11-20 10:00"),
    )
    (notice,) = Notice.objects.filter(kind="ORDER_OVERDUE")
    assert notice.cause == "A 2026-11-13"
    assert notice.details["due"] == "100.00"
    shop.run_jobs("2026-11-23 10:00")
    assert Notice.objects.filter(kind="ORDER_OVERDUE").count() == 1


def test_the_due_date_counts_from_the_merchants_local_day() -> None:
    shop = shops.join("2026-11-01 10:00", timezone="Asia/Bangkok", payment_days=10)
    shop.place(NOW, "A", "10.00")
    shop.place(NOW, "B", "10.00")
    shop.deliver("2026-11-05T16:59:59Z", "A")  # 23:59:59 on the 5th in Bangkok
    shop.deliver("2026-11-05T17:00:00Z", "B")  # midnight, so the 6th
    assert (due_on("A"), due_on("B")) == ("2026-11-15", "2026-11-16")


@pytest.mark.parametrize("paid", ["40.00", "100.00"])
def test_a_paid_order_can_still_be_shipped_and_delivered(paid: str) -> None:
    shop = shops.join("2026-11-01 10:00")
    shop.place(NOW, "A", "100.00")
    shop.pay(NOW, "A", paid)
    assert shop.ship("2026-11-03 10:00", "A") == "applied"
    assert shop.deliver("2026-11-03 10:00", "A") == "applied"
    assert due_on("A") == ("2026-11-13" if paid == "40.00" else "None")


def test_a_declined_or_cancelled_order_goes_nowhere() -> None:
    shop = shops.join("2026-11-01 10:00", credit_limit="100.00")
    shop.place(NOW, "declined", "100.01")
    shop.place(NOW, "cancelled", "50.00")
    shop.cancel(NOW, "cancelled")
    with nothing_changes():
        for reference in ("declined", "cancelled"):
            assert shop.ship(NOW, reference) == "rejected order_not_open"
            assert shop.deliver(NOW, reference) == "rejected order_not_open"
    assert not Order.objects.exclude(shipped_at=None, delivered_at=None).exists()


def test_an_order_that_is_not_there_is_unknown() -> None:
    shop = shops.join("2026-11-01 10:00")
    willow = shops.join("2026-11-01 10:00", "willow")
    willow.place(NOW, "A", "10.00")  # another merchant's
    shop.run_jobs(NOW)
    with nothing_changes():
        assert shop.ship(NOW, "A") == "rejected unknown_order"
        assert shop.deliver(NOW, "A") == "rejected unknown_order"
        assert shop.cancel(NOW, "A") == "rejected unknown_order"
    # Cash for an order nobody knows is on the operators' desk, and its reference is still free.
    with nothing_changes(but=["credit_refusedcash"]):
        assert shop.pay(NOW, "A", "10.00", "P") == "rejected unknown_order"
    shop.place(NOW, "A", "10.00")
    assert shop.pay(NOW, "A", "10.00", "P") == "applied"


def test_a_repeated_shipment_is_a_duplicate_even_after_the_order_was_cancelled() -> None:
    shop = shops.join("2026-11-01 10:00")
    shop.place(NOW, "A", "10.00")
    shop.ship("2026-11-02 11:00", "A")
    shop.cancel("2026-11-02 12:00", "A")
    with nothing_changes():
        assert shop.ship("2026-11-02 11:00", "A") == "duplicate"
