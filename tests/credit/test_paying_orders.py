"""Buyers pay: the limit comes back, and the same amount becomes proceeds."""

import pytest

from credit.models import LimitEntry, Order, OrderPayment, ProceedsEntry
from lib import money
from tests import shops
from tests.amounts import usd
from tests.unchanged import nothing_changes

pytestmark = pytest.mark.django_db

NOW = "2026-11-02 10:00"


@pytest.fixture
def shop() -> shops.Shop:
    """A shop with a limit of 1,000 and an order A of 300."""
    shop = shops.join("2026-11-01 10:00", credit_limit="1000.00", settlement_days=7)
    shop.place(NOW, "A", "300.00")
    return shop


def unmatched() -> list[tuple[str, str, str]]:
    """Reference, amount and refusal of each UNMATCHED payment."""
    return [
        (payment.reference, f"{payment.amount.amount:.2f}", payment.refusal)
        for payment in OrderPayment.objects.filter(status="UNMATCHED").order_by("reference")
    ]


def test_an_order_is_paid_in_two_parts(shop: shops.Shop) -> None:
    assert shop.pay("2026-11-03 10:00", "A", "100.00") == "applied"
    assert shop.order("A") == ("OPEN", "200.00")
    assert shop.limit() == ("1000.00", "200.00", "800.00")
    assert shop.proceeds() == "100.00"
    assert shop.pay("2026-11-04 10:00", "A", "200.00") == "applied"
    assert shop.order("A") == ("PAID", "0.00")
    assert shop.limit() == ("1000.00", "0.00", "1000.00")
    assert shop.proceeds() == "300.00"
    payments = LimitEntry.objects.filter(kind="PAYMENT").order_by("pk")
    assert [(entry.used_change, entry.used_after) for entry in payments] == [
        (usd(-100), usd(200)),
        (usd(-200), usd(0)),
    ]


@pytest.mark.parametrize(
    ("settlement_days", "matures"), [(0, "11-04"), (7, "11-11"), (15, "11-19")]
)
def test_a_sale_matures_after_the_settlement_days(settlement_days: int, matures: str) -> None:
    shop = shops.join("2026-11-01 10:00", timezone="Asia/Bangkok", settlement_days=settlement_days)
    shop.place(NOW, "A", "300.00")
    shop.pay("2026-11-03T17:30:00Z", "A", "300.00")  # 00:30 on the 4th in Bangkok
    sale = ProceedsEntry.objects.get()
    assert (sale.kind, sale.amount, str(sale.matures_on)) == (
        "SALE",
        usd(300),
        f"2026-{matures}",
    )


def test_payments_cover_the_oldest_instalment_first() -> None:
    shop = shops.join("2026-12-01 10:00", payment_days=10)
    shop.place("2027-01-05 10:00", "A", "100.00", instalments=3)
    shop.deliver("2027-01-10 10:00", "A")
    due = []
    for amount in ("33.32", "0.01", "50.00", "16.66"):
        shop.pay("2027-01-11 10:00", "A", amount)
        order = Order.objects.get()
        parts = [money.text(part.outstanding) for part in order.parts()]
        due.append((str(order.due_on), *parts))
    assert due == [
        ("2027-01-20", "0.01", "33.33", "33.34"),
        ("2027-02-19", "0.00", "33.33", "33.34"),
        ("2027-03-21", "0.00", "0.00", "16.67"),
        ("2027-03-21", "0.00", "0.00", "0.01"),
    ]
    assert shop.pay("2027-01-11 10:00", "A", "0.01") == "applied"
    assert shop.order("A") == ("PAID", "0.00")


def test_a_repeat_is_a_duplicate_and_other_content_a_conflict(shop: shops.Shop) -> None:
    shop.place(NOW, "B", "300.00")
    shop.pay(NOW, "A", "100.00", "P")
    with nothing_changes():
        assert shop.pay("2026-11-02 12:00", "A", "100.00", "P") == "duplicate"
        assert shop.pay("2026-11-02 12:00", "A", "99.00", "P") == "rejected conflict"
        assert shop.pay("2026-11-02 12:00", "B", "100.00", "P") == "rejected conflict"


def test_a_repeat_stays_a_duplicate_when_the_order_is_paid(shop: shops.Shop) -> None:
    shop.pay(NOW, "A", "300.00", "P")
    with nothing_changes():
        assert shop.pay(NOW, "A", "300.00", "P") == "duplicate"


def test_more_than_is_outstanding_is_kept_as_unmatched(shop: shops.Shop) -> None:
    assert shop.pay(NOW, "A", "300.01", "P") == "rejected overpayment"
    assert unmatched() == [("P", "300.01", "overpayment")]
    assert shop.order("A") == ("OPEN", "300.00")
    assert shop.limit() == ("1000.00", "300.00", "700.00")
    assert shop.proceeds() == "0.00"
    with nothing_changes():
        assert shop.pay(NOW, "A", "300.01", "P") == "duplicate"
        assert shop.pay(NOW, "A", "300.00", "P") == "rejected conflict"
    assert shop.pay(NOW, "A", "300.00", "Q") == "applied"


def test_cash_for_orders_that_take_none_is_kept_as_unmatched(shop: shops.Shop) -> None:
    shop.place(NOW, "declined", "900.00")
    shop.place(NOW, "cancelled", "10.00")
    shop.cancel(NOW, "cancelled")
    shop.pay(NOW, "A", "300.00")
    with_limit = shop.limit()
    for reference in ("declined", "cancelled", "A"):
        outcome = shop.pay(NOW, reference, "5.00", f"for-{reference}")
        assert outcome == "rejected order_not_open"
    assert unmatched() == [
        ("for-A", "5.00", "order_not_open"),
        ("for-cancelled", "5.00", "order_not_open"),
        ("for-declined", "5.00", "order_not_open"),
    ]
    assert (shop.limit(), shop.proceeds()) == (with_limit, "300.00")
    with nothing_changes():
        assert shop.pay(NOW, "cancelled", "5.00", "for-cancelled") == "duplicate"


@pytest.mark.parametrize("amount", ["0", "-1.00", "10.905", "abc", "", 5, None])
def test_what_no_payment_can_be_is_invalid_and_not_kept(shop: shops.Shop, amount: object) -> None:
    with nothing_changes():
        assert shop.pay(NOW, "A", amount, "P") == "rejected invalid"  # type: ignore[arg-type]
    assert shop.pay(NOW, "A", "1.00", "P") == "applied"  # the reference was not used up


def test_another_currency_is_refused(shop: shops.Shop) -> None:
    with nothing_changes(but=["credit_refusedcash"]):
        outcome = shop.pay(NOW, "A", "100.00", currency="THB")
        assert outcome == "rejected currency_mismatch"
    assert shop.line.refused_cash.count() == 1


def test_a_payment_may_come_before_the_shipment(shop: shops.Shop) -> None:
    assert shop.pay(NOW, "A", "300.00") == "applied"
    assert shop.ship("2026-11-03 10:00", "A") == "applied"
    assert shop.order("A") == ("PAID", "0.00")
