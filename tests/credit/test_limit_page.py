"""The page of the limit: what it is, what holds it, how it came there."""

import csv
import io
from collections.abc import Callable
from decimal import Decimal

import pytest
from pytest_django import DjangoAssertNumQueries

from credit.operations import limits
from lib import money
from tests import shops
from tests.credit.pages import read, set_clock
from tests.factories import FreezeFactory, browser_of, member
from tests.kept import kept
from tests.shops import Shop
from tests.text import text_of
from tests.whole import some

pytestmark = pytest.mark.django_db

clock = pytest.fixture(set_clock)
Clock = Callable[[str], None]


@kept()
def written() -> Shop:
    """A shop on 8 October: A-1 holds 300, A-2 was paid, and the limit was raised to 1,500 on the
    5th.
    """
    shop = shops.join("2026-10-01 09:00", credit_limit="1000.00")
    shop.place("2026-10-02 10:00", "A-1", "300.00")
    shop.place("2026-10-03 10:00", "A-2", "50.00")
    shop.pay("2026-10-04 10:00", "A-2", "50.00")
    limits.set_limit(
        merchant_id=shop.line.pk,
        limit=money.of(Decimal(1500), "USD"),
        actor="olga@tael.example",
        reason="We looked.",
        told="=a good season",
        now=shop.at("2026-10-05 10:00"),
    )
    return shop


@pytest.fixture
def shop(written: Shop, clock: Clock) -> Shop:
    """The shop of these tests, on 8 Oct 2026, 12:00 UTC."""
    clock("2026-10-08 12:00")
    return written


def rows(shop: Shop, path: str) -> list[list[str]]:
    """The rows of the CSV file at this path."""
    response = browser_of(member(shop)).get(f"/m/rosewood/credit/{path}")
    return list(csv.reader(io.StringIO(b"".join(response).decode("utf-8-sig"))))


def test_it_shows_limit_used_and_available_and_that_it_cannot_be_withdrawn(shop: Shop) -> None:
    said = read(shop, "limit/")
    assert "1,200.00 USD available Used by open orders 300.00 USD Limit 1,500.00 USD" in said
    assert "It can't be withdrawn" in said


def test_used_opens_to_the_orders_that_make_it_up(shop: Shop) -> None:
    response = browser_of(member(shop)).get("/m/rosewood/credit/limit/")
    assert 'href="/m/rosewood/credit/orders/?standing=OPEN"' in response.content.decode()


def test_a_frozen_line_says_so_and_why(shop: Shop) -> None:
    FreezeFactory.create(shop=shop, at="2026-10-07 10:00", told="Please call us")
    said = read(shop, "limit/")
    assert "Decision of our team, since 7 Oct 2026 10:00: Please call us" in said
    assert "1,200.00 USD available once no freeze is in force" in said
    assert "olga" not in said


def test_entries_tell_what_changed_and_the_balances_after(shop: Shop) -> None:
    said = read(shop, "limit/")
    assert (
        "Limit changed =a good season 5 Oct 2026 10:00 – Our team"
        " +500.00 USD – 1,500.00 USD 300.00 USD" in said
    )
    assert "Order paid 4 Oct 2026 10:00 A-2 Automatic – −50.00 USD 1,000.00 USD 300.00 USD" in said
    assert "olga" not in said


@pytest.mark.parametrize(
    ("kind", "found"),
    some(
        [("HOLD", 2), ("PAYMENT", 1), ("LIMIT_SET", 1), ("REVIEW", 0), ("NONSENSE", 0), ("", 5)], 3
    ),
)
def test_entries_are_filtered_by_kind(shop: Shop, kind: str, found: int) -> None:
    client = browser_of(member(shop))
    response = client.get("/m/rosewood/credit/limit/", {"kind": kind})
    assert len(response.context["page"].rows) == found


def test_a_kind_without_entries_says_so(shop: Shop) -> None:
    assert "Nothing matches. Ask for something else" in read(shop, "limit/?kind=REVIEW")


def test_entries_come_as_csv_newest_first(shop: Shop) -> None:
    headings, first, *rest = rows(shop, "limit/entries.csv")
    assert headings == [
        *("Time", "Time (UTC)", "Kind", "Order", "Change of limit", "Change of used"),
        *("Limit after", "Used after", "Currency", "By", "Reason", "Kind (code)"),
    ]
    assert first == [
        *("2026-10-05 10:00:00", "2026-10-05T10:00:00Z", "Limit changed", "", "500.00"),
        *("0.00", "1500.00", "300.00", "USD", "team", "'=a good season", "LIMIT_SET"),
    ]
    assert [row[5] for row in rest] == ["-50.00", "50.00", "300.00", "0.00"]


def test_the_csv_is_of_the_kind_that_the_list_shows(shop: Shop) -> None:
    assert [row[3] for row in rows(shop, "limit/entries.csv?kind=HOLD")[1:]] == ["A-2", "A-1"]


def test_the_charts_figures_are_those_at_the_end_of_each_day(shop: Shop) -> None:
    said = read(shop, "limit/")
    assert "The chart's figures End of day Limit Used 8 Oct 2026 1,500.00 USD 300.00 USD" in said
    assert "4 Oct 2026 1,000.00 USD 300.00 USD 3 Oct 2026 1,000.00 USD 350.00 USD" in said
    assert "1 Oct 2026 1,000.00 USD 0.00 USD" in said
    assert "30 Sept 2026" not in said


def test_after_a_quarter_the_chart_goes_by_weeks_and_back_a_year(shop: Shop, clock: Clock) -> None:
    clock("2028-01-07 12:00")
    client = browser_of(member(shop))
    days = [str(b.on) for b in client.get("/m/rosewood/credit/limit/").context["balances"]]
    assert (len(days), days[0], days[1], days[-1]) == (
        *(53, "2028-01-07", "2027-12-31"),
        "2027-01-08",
    )


def test_it_says_where_the_limit_stood_a_month_ago(shop: Shop, clock: Clock) -> None:
    clock("2026-12-01 12:00")
    page = browser_of(member(shop)).get("/m/rosewood/credit/limit/")
    assert str(page.context["a_month_ago"].on) == "2026-11-01"
    assert "On 1 Nov 2026 the limit was " in text_of(page)


@pytest.mark.usefixtures("nothing_kept")
def test_without_a_limit_there_is_no_chart(clock: Clock) -> None:
    nothing = shops.join("2026-10-01 09:00", credit_limit="0")
    clock("2026-10-10 12:00")
    assert "Limit and use over time" not in text_of(
        browser_of(member(nothing)).get("/m/rosewood/credit/limit/")
    )


def test_the_chart_is_an_image_that_runs_nothing(shop: Shop) -> None:
    client = browser_of(member(shop))
    response = client.get("/m/rosewood/credit/limit/chart.svg")
    svg = response.content.decode()
    assert response["Content-Type"] == "image/svg+xml"
    assert response["Content-Security-Policy"].startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in response["Content-Security-Policy"]
    assert "<script" not in svg
    assert " style=" not in svg
    assert "prefers-color-scheme: dark" in svg
    assert client.get("/m/rosewood/credit/limit/chart.svg?narrow").content != response.content


def test_pages_take_few_queries_however_many_entries_there_are(
    shop: Shop, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(60):
        shop.place("2026-10-06 10:00", f"C-{number:02}", "1.00")
    client = browser_of(member(shop))
    with django_assert_max_num_queries(12):
        client.get("/m/rosewood/credit/limit/")
    with django_assert_max_num_queries(12):
        client.get("/m/rosewood/credit/limit/chart.svg")
