"""An order is cancelled, which releases all that it holds, as long as nothing of it is paid."""

import pytest

from credit.models import LimitEntry, Order
from tests import shops
from tests.amounts import usd
from tests.unchanged import nothing_changes

pytestmark = pytest.mark.django_db

NOW = "2026-11-02 10:00"


@pytest.fixture
def shop() -> shops.Shop:
    """A shop with an order of 300.00."""
    shop = shops.join("2026-11-01 10:00", credit_limit="1000.00")
    shop.place(NOW, "A", "300.00")
    return shop


def test_the_whole_hold_is_released(shop: shops.Shop) -> None:
    assert shop.cancel("2026-11-02 12:00", "A", "out of stock") == "applied"
    assert shop.limit() == ("1000.00", "0.00", "1000.00")
    assert shop.order("A") == ("CANCELLED", "0.00")
    order = Order.objects.get()
    assert order.cancelled_at == shops.instant("2026-11-02 12:00")
    assert order.cancel_reason == "out of stock"
    entry = LimitEntry.objects.latest("pk")
    assert (entry.kind, entry.used_change, entry.used_after) == (
        "RELEASE",
        usd(-300),
        usd(0),
    )


def test_a_repeat_is_a_duplicate_and_another_reason_a_conflict(shop: shops.Shop) -> None:
    shop.cancel("2026-11-02 12:00", "A", "out of stock")
    with nothing_changes():
        assert shop.cancel("2026-11-02 13:00", "A", "out of stock") == "duplicate"
        assert shop.cancel("2026-11-02 13:00", "A", "fraud") == "rejected conflict"


def test_a_delivered_order_can_be_cancelled_while_nothing_is_paid(shop: shops.Shop) -> None:
    shop.deliver("2026-11-02 12:00", "A")
    assert shop.cancel("2026-11-02 13:00", "A") == "applied"
    shop.run_jobs("2027-04-01 00:00")
    assert shop.order("A") == ("CANCELLED", "0.00")
    assert shop.frozen_by() == []


@pytest.mark.parametrize("paid", ["0.01", "300.00"])
def test_once_something_is_paid_it_is_too_late(shop: shops.Shop, paid: str) -> None:
    shop.pay("2026-11-02 12:00", "A", paid)
    with nothing_changes():
        assert shop.cancel("2026-11-02 13:00", "A") == "rejected order_not_open"


def test_a_declined_order_cannot_be_cancelled(shop: shops.Shop) -> None:
    shop.place(NOW, "B", "1000.00")
    with nothing_changes():
        assert shop.cancel("2026-11-02 13:00", "B") == "rejected order_not_open"
    assert shop.order("B") == ("DECLINED", "0.00")


def test_a_written_off_order_cannot_be_cancelled(shop: shops.Shop) -> None:
    shop.deliver(NOW, "A")
    shop.run_jobs("2027-03-01 00:00")
    assert shop.order("A") == ("WRITTEN_OFF", "0.00")
    with nothing_changes():
        assert shop.cancel("2027-03-01 10:00", "A") == "rejected order_not_open"


def test_what_was_cancelled_can_be_ordered_again_under_a_new_reference(shop: shops.Shop) -> None:
    shop.cancel("2026-11-02 12:00", "A")
    assert shop.place("2026-11-02 13:00", "A", "300.00") == "duplicate"
    assert shop.place("2026-11-02 13:00", "B", "1000.00") == "applied"
