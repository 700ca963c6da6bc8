"""Where a merchant's proceeds are: maturing, available, on their way, paid out."""

from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from moneyed import Money

from credit.models import CreditLine, ProceedsEntry
from credit.queries import proceeds, withdrawals
from credit.queries.proceeds import Buckets, MaturingDay
from tests import shops
from tests.amounts import usd
from tests.credit.withdrawing import add, cancel, fees, pay_out, refund, sell, withdraw

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop() -> shops.Shop:
    """A shop that earns 300 on 1 November, 200 on the 2nd and 100 on the 4th; each matures after 7
    days.
    """
    shop = shops.join("2026-11-01 10:00", credit_limit="5000", settlement_days=7)
    add(shop)
    sell(shop, "2026-11-01 12:00", "300.00", "A")
    sell(shop, "2026-11-02 12:00", "200.00", "B")
    sell(shop, "2026-11-04 12:00", "100.00", "C")
    return shop


def buckets(shop: shops.Shop, today: str) -> Buckets:
    """The buckets of the shop's proceeds on this day, which add up to each other."""
    found = proceeds.buckets(shop.line.pk, today=date.fromisoformat(today))
    assert found.maturing + found.matured == found.balance == shop.line.proceeds
    assert found.maturing == sum((day.amount for day in found.maturing_days), usd("0"))
    assert found.available - found.shortfall == found.matured
    assert found.balance + found.on_its_way + found.paid_out == found.earned
    assert found.available == proceeds.withdrawable(shop.line, today=date.fromisoformat(today))
    return found


def figures(shop: shops.Shop, today: str) -> tuple[str, ...]:
    """maturing, available, on its way, paid out."""
    found = buckets(shop, today)
    shown = (found.maturing, found.available, found.on_its_way, found.paid_out)
    return tuple(str(money.amount) for money in shown)


def test_sales_mature_day_by_day(shop: shops.Shop) -> None:
    assert figures(shop, "2026-11-07") == ("600.00", "0.00", "0.00", "0.00")
    assert buckets(shop, "2026-11-07").maturing_days == [
        MaturingDay(date(2026, 11, 8), usd("300.00")),
        MaturingDay(date(2026, 11, 9), usd("200.00")),
        MaturingDay(date(2026, 11, 11), usd("100.00")),
    ]
    assert figures(shop, "2026-11-08") == ("300.00", "300.00", "0.00", "0.00")
    assert figures(shop, "2026-11-09") == ("100.00", "500.00", "0.00", "0.00")
    assert figures(shop, "2026-11-10") == ("100.00", "500.00", "0.00", "0.00")
    assert figures(shop, "2026-11-11") == ("0.00", "600.00", "0.00", "0.00")


def test_a_refund_takes_from_its_own_sale_in_whatever_bucket(shop: shops.Shop) -> None:
    refund(shop, "2026-11-08 12:00", "B", "50.00")  # still maturing
    assert figures(shop, "2026-11-08") == ("250.00", "300.00", "0.00", "0.00")
    refund(shop, "2026-11-08 12:00", "A", "120.00")  # matured today
    assert figures(shop, "2026-11-08") == ("250.00", "180.00", "0.00", "0.00")
    refund(shop, "2026-11-08 12:00", "B", "150.00")  # the rest of it: the day is not listed
    assert [day.on for day in buckets(shop, "2026-11-08").maturing_days] == [date(2026, 11, 11)]
    assert figures(shop, "2026-11-11") == ("0.00", "280.00", "0.00", "0.00")


def test_a_day_opens_to_its_entries(shop: shops.Shop) -> None:
    sell(shop, "2026-11-02 13:00", "70.00", "D")
    sell(shop, "2026-11-02 14:00", "10.00", "E")
    refund(shop, "2026-11-03 12:00", "B", "50.00")
    refund(shop, "2026-11-03 12:00", "E", "10.00")
    found = proceeds.entries_of_day(shop.line, date(2026, 11, 9))
    assert [
        (entry.order and entry.order.reference, entry.kind, f"{entry.amount.amount:.0f}")
        for entry in found
    ] == [
        ("E", "REFUND", "-10"),
        ("B", "REFUND", "-50"),
        ("E", "SALE", "10"),
        ("D", "SALE", "70"),
        ("B", "SALE", "200"),
    ]


def test_a_withdrawal_is_on_its_way_and_then_paid_out(shop: shops.Shop) -> None:
    fees(fixed="2.00")
    withdrawal = withdraw(shop, "150.00", at="2026-11-08 10:00")
    assert figures(shop, "2026-11-08") == ("300.00", "148.00", "152.00", "0.00")
    assert list(withdrawals.under_way(shop.line)) == [withdrawal]
    cancel(withdrawal, at="2026-11-08 11:00")
    assert figures(shop, "2026-11-08") == ("300.00", "300.00", "0.00", "0.00")
    other = withdraw(shop, "100.00", at="2026-11-08 12:00")
    pay_out(other)
    assert figures(shop, "2026-11-08") == ("300.00", "198.00", "0.00", "102.00")
    assert list(withdrawals.under_way(shop.line)) == []
    assert list(withdrawals.of_line(shop.line)) == [other, withdrawal]
    assert buckets(shop, "2026-11-08").earned == usd("600.00")


def test_after_a_refund_of_money_paid_out_later_sales_come_first() -> None:
    """The example of rule 26.8."""
    shop = shops.join("2026-11-01 10:00", credit_limit="5000", settlement_days=0)
    add(shop)
    sell(shop, "2026-11-02 12:00", "300.00", "A")
    pay_out(withdraw(shop, "300.00", at="2026-11-03 10:00"))
    refund(shop, "2026-11-04 10:00", "A", "120.00")
    assert shop.proceeds() == "-120.00"
    assert figures(shop, "2026-11-04") == ("0.00", "0.00", "0.00", "300.00")
    assert buckets(shop, "2026-11-04").shortfall == usd("120.00")
    sell(shop, "2026-11-05 10:00", "100.00")
    assert figures(shop, "2026-11-05") == ("0.00", "0.00", "0.00", "300.00")
    sell(shop, "2026-11-06 10:00", "50.00")
    assert figures(shop, "2026-11-06") == ("0.00", "30.00", "0.00", "300.00")
    assert buckets(shop, "2026-11-06").earned == usd("330.00")


def test_maturing_money_does_not_cover_what_is_missing(shop: shops.Shop) -> None:
    pay_out(withdraw(shop, "300.00", at="2026-11-08 10:00"))
    refund(shop, "2026-11-08 11:00", "A", "300.00")
    assert figures(shop, "2026-11-08") == ("300.00", "0.00", "0.00", "300.00")
    assert buckets(shop, "2026-11-08").shortfall == usd("300.00")
    assert figures(shop, "2026-11-09") == ("100.00", "0.00", "0.00", "300.00")
    assert figures(shop, "2026-11-11") == ("0.00", "0.00", "0.00", "300.00")


def test_figures_have_the_digits_of_their_currency() -> None:
    shop = shops.join("2026-11-01 10:00", currency="JPY", settlement_days=0)
    sell(shop, "2026-11-01 12:00", "3000")
    found = proceeds.buckets(shop.line.pk, today=date(2026, 11, 1))
    assert str(found.available.amount) == "3000"
    assert found.paid_out == Money("0", "JPY")


def test_a_merchant_without_a_line_has_no_buckets() -> None:
    with pytest.raises(CreditLine.DoesNotExist):
        proceeds.buckets(4711, today=date(2026, 11, 1))


@pytest.mark.full  # as of sales in test_paid_out.py, and the buckets of a short one above
def test_a_long_history_is_not_read(shop: shops.Shop) -> None:
    line, sale = shop.line, ProceedsEntry.objects.filter(kind="SALE").first()
    assert sale is not None
    ProceedsEntry.objects.bulk_create(
        ProceedsEntry(
            line=line,
            kind="SALE",
            currency="USD",
            amount=usd(1),
            order=sale.order,
            matures_on=date(2026, 1, 1) + timedelta(days=number % 300),
            at=sale.at,
        )
        for number in range(20_000)
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE credit_proceedsentry")
    with CaptureQueriesContext(connection) as one:
        proceeds.buckets(line.pk, today=date(2026, 11, 8))
    assert len(one) == 1
    with connection.cursor() as cursor:
        cursor.execute(
            f"EXPLAIN (ANALYZE, BUFFERS) {proceeds.BUCKETS}",
            {"line": line.pk, "today": date(2026, 11, 8)},
        )
        plan = "\n".join(row for (row,) in cursor.fetchall())
    assert "proceeds_maturing" in plan
    assert "Seq Scan on credit_proceedsentry" not in plan
    assert "Rows Removed by Filter" not in plan
