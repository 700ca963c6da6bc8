"""The operators' reports: each figure is what SQL says, and opens to the rows that it counts."""

import csv
import re
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from backoffice.reports import groups
from backoffice.reports.report import REPORTS, Asked, Span, named
from billing.models import ProviderDay
from credit.operations import payout_files, payouts
from tests import shops, trailed
from tests.amounts import usd
from tests.backoffice.shops_with_work import NOW, clerk, in_trouble, operator
from tests.credit.pages import set_clock
from tests.factories import TransferFactory, browser_of, member
from tests.kept import kept
from tests.shops import Shop, instant
from tests.text import text_of
from tests.trailed import Told
from tests.whole import some

pytestmark = pytest.mark.django_db

USD = "currency = 'USD'"
IN_SQL = {
    "declined-orders": f"SELECT count(*), sum(amount) FROM credit_order WHERE {USD}"
    " AND status = 'DECLINED' AND (placed_at AT TIME ZONE 'UTC')::date BETWEEN %s AND %s",
    "overdue-orders": f"SELECT count(*), sum(outstanding) FROM credit_order WHERE {USD}"
    " AND status = 'OPEN' AND due_on < '2026-12-01' AND %s <= %s",
    "written-off": f"SELECT count(*), sum(written_off) FROM credit_order WHERE {USD}"
    " AND (written_off_at AT TIME ZONE 'UTC')::date BETWEEN %s AND %s",
    "limits-by-grade": "SELECT count(*), sum(coalesce(limit_given, limit_before))"
    f' FROM credit_limitreview WHERE {USD} AND "on" BETWEEN %s AND %s',
    "proceeds-owed": f"SELECT count(*), sum(amount) FROM credit_proceedsentry WHERE {USD}"
    " AND matures_on > '2026-12-01' AND %s <= %s",
    "withdrawals-paid": f"SELECT count(*), sum(amount) FROM credit_withdrawal WHERE {USD}"
    " AND status = 'PAID'"
    " AND (coalesce(corrected_at, ended_at) AT TIME ZONE 'UTC')::date BETWEEN %s AND %s",
    "receivables-by-age": f"SELECT count(*), sum(total - amount_paid) FROM billing_invoice"
    f" WHERE {USD} AND status IN ('OPEN', 'UNCOLLECTIBLE') AND %s <= %s",
    "revenue": f"SELECT sum(charge_count), sum(amount) FROM billing_invoiceitem WHERE {USD}"
    " AND posted_at IS NOT NULL AND posting_on BETWEEN %s AND %s"
    " AND fee_id NOT IN ('payout', 'credit-used', 'credit-waived', 'credit-bill-waived',"
    " 'payment-reversal', 'transfer-moved', 'credit-tax')",
    "payments-collected": f"SELECT count(*), sum(amount) FROM billing_payment WHERE {USD}"
    " AND status = 'SUCCEEDED' AND provider IN ('manual', 'stripe', 'sandbox')"
    " AND id NOT IN (SELECT payment_id FROM billing_banktransfer"
    " WHERE payment_id IS NOT NULL AND status = 'MOVED')"
    " AND (ended_at AT TIME ZONE 'UTC')::date BETWEEN %s AND %s",
    "payments-at-providers": f"SELECT sum(count), sum(amount) FROM billing_providerday WHERE {USD}"
    " AND day BETWEEN %s AND %s",
    "unapplied-money": f"SELECT count(*), sum(amount) FROM billing_unappliedentry WHERE {USD}"
    " AND kind NOT IN ('USED', 'MOVED') AND id NOT IN (SELECT entry_id FROM billing_banktransfer"
    " WHERE entry_id IS NOT NULL AND status = 'MOVED')"
    " AND (at AT TIME ZONE 'UTC')::date BETWEEN %s AND %s",
}
every_report = pytest.mark.parametrize("name", sorted(IN_SQL))


@kept()
def written_down() -> Shop:
    """A shop in trouble with late orders, and another one, for figures of all reports."""
    shop = in_trouble()
    shop.place("2026-11-05 10:00", "L-1", "700.00")
    shop.ship("2026-11-05 11:00", "L-1")
    shop.deliver("2026-11-06 10:00", "L-1")
    late = shops.join("2026-10-01 09:00", reference="late", settlement_days=15)
    late.place("2026-10-02 09:00", "W-1", "50.00")
    late.deliver("2026-10-03 09:00", "W-1")
    late.place("2026-11-28 09:00", "M-1", "80.00")
    late.pay("2026-11-28 10:00", "M-1", "80.00")
    late.charge("2026-11-28 11:00", "pick-pack", "300.00", "C-9")
    TransferFactory.create(
        shop=late, at="2026-11-29 09:00", amount="310.00", invoice=late.account.invoices.get()
    )
    small = shop.line.withdrawals.get(amount=150)
    by: dict[str, Any] = {"actor": "otto@tael.example", "now": instant(NOW)}
    payout_files.export(withdrawal_ids=[small.pk], **by)
    payouts.mark_paid(withdrawal_id=small.pk, reference="B-1", **by)
    for day, amount in ((1, "10.00"), (2, "15.50")):
        ProviderDay.objects.create(
            provider="stripe", day=date(2026, 11, day), currency="USD", count=day,
            amount=usd(amount), known_count=1, known_amount=usd("10.00"), looked_at=instant(NOW),
            differences=[
                {"reference": "pi_9", "what": "not known here as paid", "there": "5.50", "here": ""}
            ] * (day - 1),
        )  # fmt: skip
    return shop


@pytest.fixture
def shop(written_down: Shop, monkeypatch: pytest.MonkeyPatch) -> Shop:
    """The shop of these tests, at NOW."""
    set_clock(monkeypatch)(NOW)
    return written_down


@pytest.fixture
def browsing(shop: Shop) -> Client:
    """An operator's browser, with all roles."""
    return browser_of(operator())


def asked_by_itself(name: str) -> Asked:
    """What the report of this name is asked as it opens: USD, and its usual days up to NOW."""
    report = named(name)
    assert report is not None
    now = instant(NOW)
    return Asked("USD", report.span.start(now.date()), now.date(), now)


def test_each_report_is_here() -> None:
    assert {report.name for report in REPORTS} == set(IN_SQL)


@every_report
def test_its_figures_are_what_sql_says(shop: Shop, name: str) -> None:
    report, asked = named(name), asked_by_itself(name)
    assert report is not None
    found = groups.of_report(report, asked).groups
    with connection.cursor() as cursor:
        cursor.execute(IN_SQL[name], [asked.start, asked.end])
        many, worth = cursor.fetchone()
    first, last = report.figures[0].name, report.figures[-1].name
    assert sum(group.figures[first] for group in found) == (many or 0)
    assert sum(group.figures[last] for group in found) == (worth or 0)
    assert found or name == "written-off"  # before the ninetieth day nothing is


@every_report
def test_each_figure_opens_to_the_rows_that_it_counts(shop: Shop, name: str) -> None:
    report, asked = named(name), asked_by_itself(name)
    assert report is not None
    for group in groups.of_report(report, asked).groups:
        values = {key: groups.written(value) for key, value in group.values.items()}
        rows = groups.rows_of(report, asked, values)
        figures = {figure.name: figure.total for figure in report.figures}
        assert rows.order_by().aggregate(**figures) == group.figures
        assert rows.count() > 0


def figures(page: Any) -> list[list[str]]:
    """The rows of the page's table, each as the texts of its cells."""
    rows = re.findall(r"<tr>(.*?)</tr>", page.content.decode().partition("<tbody>")[2], re.S)
    cells = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.S) for row in rows]
    plain = re.compile(r"<[^>]+>")
    return [[" ".join(plain.sub("", cell).split()) for cell in row] for row in cells]


def test_declined_orders_by_day_and_reason(browsing: Client) -> None:
    page = browsing.get("/admin/reports/declined-orders/")
    assert figures(page) == [
        ["2 Nov 2026", "The limit was not enough", "1", "90,000.00 USD"],
        ["All", "1", "90,000.00 USD"],
    ]
    (address,) = set(re.findall(r'href="(/\S+/rows/\S+)"', page.content.decode()))
    opened = browsing.get(address.replace("&amp;", "&"))
    assert figures(opened) == [
        ["A-2", "Rosewood Dresses", "Somchai", "90,000.00 USD", "0.00 USD", "2026-11-02 14:00"]
    ]


def test_a_csv_has_the_same_figures(browsing: Client) -> None:
    answer = browsing.get("/admin/reports/receivables-by-age.csv?currency=USD")
    head, *rows = csv.reader(answer.content.decode("utf-8-sig").splitlines())
    assert head == ["currency", "age", "status", "many", "owed"]
    assert [row[0] for row in rows] == ["USD"] * len(rows)
    (total,) = [row[-1] for row in figures(browsing.get("/admin/reports/receivables-by-age/"))][-1:]
    assert f"{sum(Decimal(row[-1]) for row in rows):,} USD" == total
    assert answer.headers["Content-Disposition"].startswith("attachment")


def test_each_file_is_on_the_trail_with_what_was_asked(browsing: Client) -> None:
    since = trailed.newest()
    asked = {"currency": "USD", "start": "2026-11-01", "end": "2026-11-30"}
    assert browsing.get("/admin/reports/revenue.csv", asked).status_code == 200
    assert browsing.get("/admin/reports/revenue.svg", asked).status_code == 200  # is no file
    assert browsing.get("/admin/reports/revenue.csv?start=never").status_code == 404
    assert trailed.told(since) == [
        Told("LIST_DOWNLOADED", "report Revenue by fee and month", {}, asked)
    ]


@pytest.mark.parametrize("name", some(sorted(IN_SQL), 4))
def test_its_page_picture_and_file_are_there(browsing: Client, name: str) -> None:
    report = named(name)
    assert report is not None
    page = browsing.get(f"/admin/reports/{name}/")
    assert report.about in text_of(page).replace("’", "'")
    for address in (f"/admin/reports/{name}.svg?narrow", f"/admin/reports/{name}.csv"):
        assert browsing.get(address).status_code == 200


def test_the_list_of_reports_has_those_of_the_role(shop: Shop) -> None:
    for may, seen in ((["view_creditline"], 6), (["view_billingaccount"], 5), ([], 0)):
        page = browser_of(clerk(*may)).get("/admin/reports/")
        assert len(re.findall(r'href="/admin/reports/[a-z-]+/"', page.content.decode())) == seen


@pytest.mark.parametrize(
    ("asked", "sentence"),
    some(
        [
            ("start=2026-11-30&end=2026-11-01", "It is before the first day."),
            ("start=2020-01-01&end=2026-11-01", "A report is about three years at most."),
            ("start=yesterday", "Enter a valid date."),
            ("currency=XXX", "Select a valid choice."),
            ("start=9999-12-01&end=9999-12-31", "Enter a day between 1970 and 2999."),
        ],
        4,
    ),
)
def test_days_that_cannot_be_are_said_at_their_field(
    browsing: Client, asked: str, sentence: str
) -> None:
    page = browsing.get(f"/admin/reports/revenue/?{asked}")
    assert page.status_code == 200
    assert sentence in text_of(page)
    assert browsing.get(f"/admin/reports/revenue.csv?{asked}").status_code == 404


def test_a_group_that_cannot_be_is_not_there(browsing: Client) -> None:
    assert browsing.get("/admin/reports/revenue/rows/?month=never").status_code == 404
    assert browsing.get("/admin/reports/no-such/").status_code == 404


def test_strangers_see_none(shop: Shop) -> None:
    for stranger in (browser_of(member(shop)), Client(), browser_of(clerk("view_creditline"))):
        for page in ("revenue/", "revenue/rows/", "revenue.csv", "revenue.svg"):
            assert stranger.get(f"/admin/reports/{page}").status_code in (302, 403)


def test_what_has_matured_stands_beside_what_has_not(browsing: Client) -> None:
    page = browsing.get("/admin/reports/proceeds-owed/")
    assert figures(page) == [["13 Dec 2026", "1", "80.00 USD"], ["All", "1", "80.00 USD"]]
    assert "Matured and not asked for yet: 37,850.01 USD" in text_of(page)


def test_spans() -> None:
    day = instant("2026-12-01 12:00").date()
    assert Span.MONTHS.start(day).isoformat() == "2025-12-01"
    assert Span.DAYS.start(day).isoformat() == "2026-11-02"
