"""Orders that our people cancel and refund, where the platform's own word does not come."""

from collections.abc import Callable
from typing import Any

import pytest
from django.urls import reverse

from credit.models import Order, OrderRefund
from credit.operations import orders_by_hand
from credit.operations.order_steps import OrderNotOpen
from lib.refusals import ChangedMeanwhile, Invalid, Refused
from tests import shops
from tests.amounts import usd
from tests.credit.pages import set_clock
from tests.factories import browser_of, operator
from tests.text import text_of
from tests.unchanged import nothing_changes
from trail.models import TrailEntry

pytestmark = pytest.mark.django_db

AT = "2026-11-05 10:00"
BY: dict[str, Any] = {"actor": "olga@tael.example", "now": shops.instant(AT)}
WHY: dict[str, Any] = {"reason": "The marketplace asked us to, ticket 812."}


@pytest.fixture
def shop() -> shops.Shop:
    """A shop with an open order A over 300.00."""
    shop = shops.join("2026-11-01 10:00")
    shop.place("2026-11-02 10:00", "A", "300.00")
    return shop


def order() -> Order:
    """The shop's order, as it is now."""
    return Order.objects.get(reference="A")


def cancel(**said: Any) -> Order:
    """Cancel the order by hand."""
    told = {"told": "The buyer withdrew."}
    return orders_by_hand.cancel(**{"order_id": order().pk, **told, **WHY, **BY, **said})


def refund(amount: str, reference: str = "R-1", refunded: str = "0", **said: Any) -> OrderRefund:
    """Refund so much of the order by hand."""
    content: dict[str, Any] = {"amount": usd(amount), "reference": reference}
    content |= {"refunded": usd(refunded), "order_id": order().pk}
    return orders_by_hand.refund(**{**content, **WHY, **BY, **said})


def test_an_order_is_cancelled_and_its_hold_released(shop: shops.Shop) -> None:
    assert shop.limit() == ("5000.00", "300.00", "4700.00")
    cancel()
    assert shop.order("A") == ("CANCELLED", "0.00")
    assert shop.limit() == ("5000.00", "0.00", "5000.00")
    assert (order().cancel_reason, order().cancelled_at) == ("The buyer withdrew.", shop.at(AT))
    told = TrailEntry.objects.get(action="ORDER_CANCELLED")
    assert (told.actor, told.subject, told.reason) == (BY["actor"], "order A", WHY["reason"])
    assert told.before == {"status": "OPEN", "outstanding": "300.00 USD", "refunded": "0.00 USD"}
    assert told.after["status"] == "CANCELLED"
    with nothing_changes(), pytest.raises(OrderNotOpen):
        cancel()


def test_a_refund_takes_from_what_is_outstanding_and_then_from_proceeds(shop: shops.Shop) -> None:
    shop.pay("2026-11-03 10:00", "A", "100.00")
    given = refund("250.00")
    parts = (given.from_outstanding, given.from_written_off, given.from_proceeds)
    assert parts == (usd(200), usd(0), usd(50))
    assert (shop.order("A"), shop.proceeds()) == (("PAID", "0.00"), "50.00")
    told = TrailEntry.objects.get(action="ORDER_REFUNDED")
    assert told.after == {
        **{"status": "PAID", "outstanding": "0.00 USD", "refunded": "250.00 USD"},
        "refund": "R-1",
    }
    refund("50.00", "R-2", refunded="250.00")
    assert shop.order("A") == ("REFUNDED", "0.00")


def test_the_platforms_own_word_later_is_a_duplicate_or_a_conflict(shop: shops.Shop) -> None:
    refund("20.00")
    of_order = {"order": "A", "refund": "R-1", "currency": "USD"}
    assert shop.send("order.refunded", AT, amount="20.00", **of_order) == "duplicate"
    assert shop.send("order.refunded", AT, amount="21.00", **of_order) == "rejected conflict"
    cancel()
    assert shop.send("order.cancelled", AT, order="A", reason="The buyer withdrew.") == "duplicate"
    assert shop.send("order.cancelled", AT, order="A", reason="x") == "rejected conflict"


@pytest.mark.parametrize(
    ("act", "refusal"),
    [
        (lambda: refund("300.01"), Refused),
        (lambda: refund("0"), Invalid),
        (lambda: refund("1.00", refunded="5.00"), ChangedMeanwhile),
        (lambda: refund("1.00", reference=" "), Invalid),
        (lambda: refund("1.00", reason=" "), Invalid),
        (lambda: cancel(told=" "), Invalid),
        (lambda: cancel(reason=""), Invalid),
    ],
)
def test_what_cannot_be_is_refused_and_changes_nothing(
    shop: shops.Shop, act: Callable[[], Any], refusal: type[Exception]
) -> None:
    with nothing_changes(), pytest.raises(refusal):
        act()


def test_what_the_platform_has_cancelled_for_another_reason_is_not_open(shop: shops.Shop) -> None:
    assert shop.cancel("2026-11-02 12:00", "A", "Out of stock.") == "applied"
    with nothing_changes(), pytest.raises(OrderNotOpen):
        cancel()


def test_what_is_paid_in_part_is_not_cancelled(shop: shops.Shop) -> None:
    shop.pay("2026-11-03 10:00", "A", "100.00")
    with nothing_changes(), pytest.raises(OrderNotOpen):
        cancel()


def test_a_form_that_is_sent_twice_refunds_once(
    shop: shops.Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_clock(monkeypatch)(AT)
    browser = browser_of(operator("Credit officer"))
    page = reverse("admin:credit_order_decide", args=[order().pk, "refund"])
    form = {"amount": "20.00", "reference": "R-1", "refunded": "0.00", **WHY}
    assert "The refund is recorded." in text_of(browser.post(page, form, follow=True))
    with nothing_changes():
        assert "was refunded in part meanwhile" in text_of(browser.post(page, form, follow=True))
    assert shop.order("A") == ("OPEN", "280.00")
