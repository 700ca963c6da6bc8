"""Ninety days after its due date what is outstanding is lost, and the limit falls with it."""

import pytest

from credit.models import LimitEntry, Order, OrderPayment
from credit.operations import limits
from tests import shops
from tests.amounts import usd
from tests.credit.pages import read, set_clock
from tests.unchanged import nothing_changes

pytestmark = pytest.mark.django_db


def written_off_shop(amount: str = "300.00", limit: str = "1000.00") -> shops.Shop:
    """A shop whose order A, delivered and due on 2 November 2026, was written off as 31 January
    2027 started.
    """
    shop = shops.join("2026-11-01 10:00", credit_limit=limit, payment_days=0)
    shop.place("2026-11-02 10:00", "A", amount)
    shop.deliver("2026-11-02 10:00", "A")
    shop.run_jobs("2027-01-31 00:00")
    return shop


def entries() -> list[tuple[int, int, int, int]]:
    """limit change, used change, limit after, used after of each write-off."""
    found = LimitEntry.objects.filter(kind="WRITE_OFF").order_by("pk")
    fields = ("limit_change", "used_change", "limit_after", "used_after")
    return [tuple(int(getattr(entry, field).amount) for field in fields) for entry in found]  # type: ignore[misc]


def test_an_order_is_written_off_on_the_ninetieth_day_and_not_before() -> None:
    shop = shops.join("2026-11-01 10:00", credit_limit="1000.00", payment_days=0)
    shop.place("2026-11-02 10:00", "A", "300.00")
    shop.deliver("2026-11-02 10:00", "A")
    shop.run_jobs("2027-01-30 23:00")
    assert shop.order("A") == ("OPEN", "300.00")
    shop.run_jobs("2027-01-31 00:00")
    assert shop.order("A") == ("WRITTEN_OFF", "0.00")
    assert shop.limit() == ("700.00", "0.00", "700.00")  # nothing became available
    order = Order.objects.get()
    assert (order.written_off, order.written_off_at) == (usd(300), shops.instant("2027-01-31"))


def test_only_what_is_outstanding_is_lost() -> None:
    shop = shops.join("2026-11-01 10:00", credit_limit="1000.00", payment_days=0)
    shop.place("2026-11-02 10:00", "A", "300.00")
    shop.deliver("2026-11-02 10:00", "A")
    shop.pay("2026-12-02 10:00", "A", "180.00")
    shop.run_jobs("2027-01-31 00:00")
    assert shop.limit() == ("880.00", "0.00", "880.00")
    assert shop.proceeds() == "180.00"


@pytest.mark.full  # one instalment, above
def test_the_oldest_unpaid_instalment_decides_the_day() -> None:
    shop = shops.join("2026-11-01 10:00", credit_limit="1000.00", payment_days=0)
    shop.place("2026-11-02 10:00", "A", "300.00", instalments=3)  # due 2 Nov, 2 Dec, 1 Jan
    shop.deliver("2026-11-02 10:00", "A")
    shop.pay("2026-11-02 10:00", "A", "100.00")
    shop.run_jobs("2027-03-01 00:00")  # one day short of 2 December + 90
    assert shop.order("A") == ("OPEN", "200.00")
    shop.run_jobs("2027-03-02 00:00")
    assert shop.order("A") == ("WRITTEN_OFF", "0.00")
    assert shop.limit() == ("800.00", "0.00", "800.00")


@pytest.mark.full  # by hand in test_write_offs_by_hand.py
def test_the_limit_never_falls_below_zero() -> None:
    shop = shops.join("2026-11-01 10:00", credit_limit="1000.00", payment_days=0)
    for reference, delivered in (("A", "2026-11-02 10:00"), ("B", "2026-11-03 10:00")):
        shop.place("2026-11-02 10:00", reference, "500.00")
        shop.deliver(delivered, reference)
    limits.set_limit(
        merchant_id=shop.line.pk,
        limit=usd(600),
        actor="olga@tael.example",
        reason="It sells less.",
        now=shop.at("2026-11-04 10:00"),
    )
    shop.run_jobs("2027-02-01 00:00")
    assert shop.limit() == ("0.00", "0.00", "0.00")
    assert entries() == [(-500, -500, 100, 500), (-100, -500, 0, 0)]


@pytest.mark.full  # one does, above
def test_several_write_offs_of_one_day_leave_one_entry_each() -> None:
    shop = shops.join("2026-11-01 10:00", credit_limit="1000.00", payment_days=0)
    for reference, amount in (("A", "100.00"), ("B", "200.00"), ("C", "400.00")):
        shop.place("2026-11-02 10:00", reference, amount)
        shop.deliver("2026-11-02 10:00", reference)
    shop.run_jobs("2027-01-31 00:00")
    assert entries() == [
        (-100, -100, 900, 600),
        (-200, -200, 700, 400),
        (-400, -400, 300, 0),
    ]
    assert shop.limit() == ("300.00", "0.00", "300.00")


def test_a_payment_after_the_write_off_is_a_recovery() -> None:
    shop = written_off_shop("300.00")
    limit = shop.limit()
    assert shop.pay("2027-02-01 10:00", "A", "120.00", "P") == "applied"
    assert (shop.limit(), shop.proceeds()) == (limit, "120.00")
    assert shop.order("A") == ("WRITTEN_OFF", "0.00")
    assert OrderPayment.objects.get().status == "RECOVERY"
    with nothing_changes():
        assert shop.pay("2027-02-01 10:00", "A", "120.00", "P") == "duplicate"


@pytest.mark.full  # a payment is one, above
def test_recoveries_end_with_what_was_written_off() -> None:
    shop = written_off_shop("300.00")
    shop.pay("2027-02-01 10:00", "A", "120.00")
    assert shop.pay("2027-02-01 11:00", "A", "180.01", "P") == "rejected overpayment"
    assert OrderPayment.objects.get(reference="P").status == "UNMATCHED"
    assert shop.pay("2027-02-01 12:00", "A", "180.00") == "applied"
    assert shop.pay("2027-02-01 13:00", "A", "0.01") == "rejected overpayment"
    assert shop.proceeds() == "300.00"


@pytest.mark.full  # a paid one in test_shipping_and_delivering.py
def test_a_written_off_order_can_still_arrive() -> None:
    shop = shops.join("2026-11-01 10:00", credit_limit="1000.00", payment_days=0)
    shop.place("2026-11-02 10:00", "A", "300.00")
    shop.deliver("2026-11-02 10:00", "A")
    assert shop.ship("2027-02-01 10:00", "A") == "applied"
    assert shop.order("A") == ("WRITTEN_OFF", "0.00")
    assert shop.limit() == ("700.00", "0.00", "700.00")


@pytest.mark.full  # the books say so above
def test_pages_say_what_was_written_off_and_what_came_in_of_it_later(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shop = written_off_shop()
    set_clock(monkeypatch)("2027-01-31 10:00")
    order = read(shop, "orders/A/", "VIEWER")
    assert "Order A Written off Amounts 300.00 USD ordered Outstanding 0.00 USD" in order
    assert "Written off 31 Jan 2027 00:00 Your limit fell by 300.00 USD" in order
    assert "Ordered 300.00 USD Written off, not recovered −300.00 USD Net 0.00 USD" in order
    assert "31 Jan 2027 00:00 Order written off 300.00 USD −300.00 USD" in order
    assert (
        "Order written off 31 Jan 2027 00:00 A Automatic −300.00 USD −300.00 USD 700.00 USD "
        "0.00 USD" in read(shop, "limit/")
    )
    assert "A 2 Nov 2026 10:00 Somchai Written off – 0.00 USD 300.00 USD" in read(
        shop, "orders/?standing=WRITTEN_OFF"
    )
    assert "No order has anything to pay here." in read(shop, "coming/")
    shop.pay("2027-02-01 10:00", "A", "120.00")
    set_clock(monkeypatch)("2027-02-01 12:00")
    order = read(shop, "orders/A/")
    assert "Written off 300.00 USD Recovered later 120.00 USD" in order
    assert "Written off, not recovered −180.00 USD Net 120.00 USD" in order
