"""What benchmarks write by SQL has the columns that the tables have, and rows in each of them."""

from datetime import date

import pytest
from django.db import connection

from bench import history, pages, seeds
from bench.history import Size
from bench.shops import join
from billing.models import BillingAccount, Charge

pytestmark = pytest.mark.django_db

TINY = Size(
    step=90, batches=8, each=1, monthly=1, each_now=1, monthly_now=1, orders=40, declined_every=5,
    open_every=4, open_after=0, rare_every=12, pay_within=50, asked=8,
)  # fmt: skip


def rows(table: str) -> int:
    """How many rows the table has."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {table}")
        (count,) = cursor.fetchone()
    return int(count)


def test_two_years_of_a_merchant_leave_rows_in_every_table_that_is_named() -> None:
    history.fill(["long"], TINY)
    tables = {history.table_of(write) for write in history.WRITES}
    assert {"billing_invoice", "billing_charge", "credit_order", "credit_freeze"} < tables
    assert {table for table in tables if rows(table) == 0} == set()
    # Eight on each of nine days, 90 days apart, and that of the join day.
    assert rows("billing_invoice") == 73
    # Each page of a merchant has its address there, for the benchmark that opens them.
    named = dict(pages.addresses(pages.Shop.of("long")))
    assert named["billing:year_zip"] == "/m/long/billing/accountant/years/2026.zip"
    assert len(named) > 150


def test_a_month_is_filled_with_charges_that_make_the_accounts_figures() -> None:
    account = join("full")
    seeds.fill_month([account], last_day=date(2026, 11, 30), charges=50)
    assert Charge.objects.filter(account=account, service_on="2026-11-30").count() == 50
    figures = BillingAccount.objects.get(pk=account)
    assert (figures.open_on, figures.outstanding.amount > 0) == (date(2026, 11, 30), True)
