"""Sales by month and after-sales: what the pages sum, and the rows that they open to."""

import csv
import io
from collections.abc import Callable
from datetime import date

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client

from credit.queries import sales
from merchants.queries import LocalDays
from tests import shops
from tests.amounts import usd
from tests.credit.pages import read, set_clock
from tests.factories import browser_of, member
from tests.kept import kept
from tests.shops import Shop
from tests.text import text_of

pytestmark = pytest.mark.django_db

clock = pytest.fixture(set_clock)
AFTER_SALES = "/m/rosewood/credit/after-sales/"


@kept()
def written() -> Shop:
    """A shop in Bangkok on 11 December, with three months of orders, four refunds and two
    cancelled.
    """
    shop = shops.join("2026-10-01 09:00", credit_limit="9000.00", timezone="Asia/Bangkok")
    shop.place("2026-10-05 10:00", "O-1", "100.00", buyer="Malee")
    shop.refund("2026-10-06 10:00", "O-1", "40.00", "R-1")  # before it was shipped
    shop.place("2026-10-20 10:00", "O-3", "5.00", buyer="Nok")
    shop.place("2026-10-31 23:59", "O-2", "60.00", buyer="Somchai")
    shop.place("2026-11-01 00:01", "N-1", "300.00", buyer="Malee")
    shop.ship("2026-11-02 10:00", "N-1")
    shop.refund("2026-11-03 10:00", "N-1", "50.00", "R-2")  # on its way
    shop.deliver("2026-11-04 10:00", "N-1")
    shop.refund("2026-11-20 10:00", "N-1", "25.00", "R-3")  # after delivery
    shop.place("2026-11-10 10:00", "N-2", "80.00", buyer="Nok")
    shop.cancel("2026-11-11 10:00", "N-2", "too slow")
    shop.place("2026-11-12 10:00", "N-3", "99999.00", buyer="Nok")  # declined
    shop.place("2026-12-01 10:00", "D-1", "500.00", buyer="Somchai")
    shop.refund("2026-12-02 10:00", "O-2", "10.00", "R-4")
    shop.place("2026-12-03 10:00", "D-2", "70.00", buyer="Nok")
    shop.cancel("2026-12-03 11:00", "D-2", "")
    return shop


@pytest.fixture
def shop(written: Shop, clock: Callable[[str], None]) -> Shop:
    """The shop of these tests, on 11 Dec 2026, 03:00 UTC, with nothing in the cache."""
    clock("2026-12-11 03:00")
    cache.clear()
    return written


SOLD = """
SELECT to_char(o.placed_at + interval '7 hours', 'YYYY-MM') AS month, count(*), sum(o.amount),
       (SELECT coalesce(sum(r.amount), 0) FROM credit_orderrefund r
        WHERE to_char(r.arrived_at + interval '7 hours', 'YYYY-MM')
              = to_char(min(o.placed_at) + interval '7 hours', 'YYYY-MM'))
FROM credit_order o WHERE o.status NOT IN ('DECLINED', 'CANCELLED') GROUP BY 1 ORDER BY 1
"""


def test_months_are_the_shops_own_and_open_to_their_orders(shop: Shop) -> None:
    today = date(2026, 12, 11)
    with connection.cursor() as cursor:
        cursor.execute(SOLD)
        rows = [(month, count, sold, back) for month, count, sold, back in cursor]
    assert [month for month, *_ in rows] == ["2026-10", "2026-11", "2026-12"]
    shop.run_jobs("2026-12-11 00:00")  # so that the first two are over, and kept
    for _again in range(2):
        found = sales.by_month(shop.line, LocalDays.of(shop.line, today))
        told = [(f"{one.start:%Y-%m}", one.orders, one.sold, one.refunded) for one in found.months]
        assert told == rows
        assert [more for _, more, _ in found.rows] == [usd(240).amount, usd(100).amount, None]
        assert [share for *_, share in found.rows] == [96, 80, None]
        assert (found.so_far_before.sold, found.so_far_before.orders) == (usd(300).amount, 1)
    said = read(shop, "sales/", role="VIEWER")
    assert "December 2026 1 500.00 USD 500.00 USD 10.00 USD 490.00 USD +240.00 USD +96%" in said
    assert "By the same day of November 2026 300.00 USD was sold." in said
    page = read(shop, "sales/2026-10/")
    assert "165.00 USD sold Orders 3" in page
    assert ("O-1" in page, "O-2" in page, "N-1" in page) == (True, True, False)
    assert "N-2" in read(shop, "sales/2026-11/?standing=CANCELLED")
    assert "1 result Total 60.00 USD" in read(shop, "sales/2026-10/?since=2026-10-31&least=50")
    assert "2 results Total 105.00 USD" in read(shop, "sales/2026-10/?until=2026-10-30")
    # A month that is over is kept, but not which of its orders were cancelled.
    shop.cancel("2026-12-11 09:00", "O-3")
    assert "160.00 USD sold Orders 2" in read(shop, "sales/2026-10/")
    # Nor is what today adds to the days of this month that are over, which are kept, too.
    shop.place("2026-12-11 09:30", "D-3", "30.00")
    shop.cancel("2026-12-11 09:40", "D-1")
    shop.place("2026-12-11 09:50", "D-4", "2.00")
    december = sales.by_month(shop.line, LocalDays.of(shop.line, today)).months[-1]
    assert (december.orders, december.sold) == (2, usd(32).amount)
    assert (december.cancelled_orders, december.cancelled) == (2, usd(570).amount)


@pytest.mark.full  # sales have their months
def test_a_refund_is_grouped_by_how_far_its_order_had_come_and_whose_it_was(shop: Shop) -> None:
    client = browser_of(member(shop))
    said = text_of(client.get(f"{AFTER_SALES}?since=2026-10-01"))
    assert "Refunded from 1 Oct 2026 125.00 USD in 4 refunds" in said
    assert "Before it was shipped 2 refunds 50.00 USD On its way 1 refund 50.00 USD" in said
    assert "After delivery 1 refund 25.00 USD" in said
    assert "Malee 3 refunds 115.00 USD Somchai 1 refund 10.00 USD" in said
    assert "It took too long 1 order 80.00 USD No reason was told 1 order 70.00 USD" in said
    groups = {"stage=PLACED": "50.00", "stage=SHIPPED": "50.00", "stage=DELIVERED": "25.00",
              "buyer=Malee": "115.00", "since=2026-11-01&until=2026-11-30": "75.00",
              "least=40.00": "90.00", "reference=R-3": "25.00", "reference=N-1": "75.00",
              "": "125.00"}  # fmt: skip
    for asked, comes_to in groups.items():
        rows = file_of(client, asked)
        assert sum(usd(row["Amount"]).amount for row in rows) == usd(comes_to).amount, asked
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT sum(r.amount) FROM credit_orderrefund r JOIN credit_order o ON o.id = order_id"
            " WHERE o.delivered_told_at <= r.arrived_at"
        )
        assert cursor.fetchone() == (usd("25").amount,)
    cancelled = f"{AFTER_SALES}cancelled/"
    all_of_them = text_of(client.get(cancelled))
    assert "No reason was told" not in all_of_them  # it comes with a link, and is no second menu
    assert "2 results Total 150.00 USD" in all_of_them
    assert "N-2 20 Nov 2026 10:00 Nok 20 Nov 2026 10:00 It took too long 80.00 USD" in all_of_them
    assert "N-2" in text_of(client.get(f"{cancelled}?because=too+slow"))
    none = text_of(client.get(f"{cancelled}?told=none"))
    assert ("D-2" in none, "N-2" in none) == (True, False)
    assert "Remove: No reason was told" in none
    for asked, orders in {"": ["D-2", "N-2"], "because=too+slow": ["N-2"]}.items():
        rows = file_of(client, asked, "cancelled")
        assert [row["Order"] for row in rows] == orders, asked
    for name in ("refunds", "cancelled"):
        viewer = browser_of(member(shop, "VIEWER"))
        assert viewer.get(f"{AFTER_SALES}{name}.csv").status_code == 403


OF_DAYS = """
SELECT (SELECT coalesce(sum(amount), 0) FROM credit_orderrefund
        WHERE (arrived_at + interval '7 hours')::date BETWEEN %(since)s AND %(until)s),
       coalesce(sum(amount) FILTER (WHERE status NOT IN ('DECLINED', 'CANCELLED')), 0),
       coalesce(sum(amount) FILTER (WHERE status = 'CANCELLED'), 0)
FROM credit_order WHERE (placed_at + interval '7 hours')::date BETWEEN %(since)s AND %(until)s
"""
NOVEMBER = "since=2026-11-01&until=2026-11-30"


@pytest.mark.full  # sales have their months
def test_refunds_and_cancellations_are_compared_with_the_days_before(shop: Shop) -> None:
    client = browser_of(member(shop))
    # A month with the month before, as far as it has come; other days with as many before them.
    compared = {
        NOVEMBER: (("2026-11-01", "2026-11-30"), ("2026-10-01", "2026-10-31")),
        "days=month": (("2026-12-01", "2026-12-31"), ("2026-11-01", "2026-11-11")),
        "days=7": (("2026-12-05", "2026-12-11"), ("2026-11-28", "2026-12-04")),
        "": (("2026-09-13", "2026-12-11"), ("2026-06-15", "2026-09-12")),
    }
    for asked, spans in compared.items():
        groups = client.get(f"{AFTER_SALES}?{asked}").context["groups"]
        for (since, until), told in zip(spans, (groups.sums, groups.before), strict=True):
            assert (f"{told.span.since}", f"{told.span.until}") == (since, until), asked
            with connection.cursor() as cursor:
                cursor.execute(OF_DAYS, {"since": since, "until": until})
                assert cursor.fetchone() == (
                    *(told.refunded.amount, told.sold.amount, told.cancelled.amount),
                ), asked
    page = client.get(f"{AFTER_SALES}?{NOVEMBER}")
    said = text_of(page)
    assert "75.00 USD in 2 refunds Sold 300.00 USD Refund rate 25%" in said
    assert "Before, 1 Oct 2026 – 31 Oct 2026 40.00 USD 24.24% Change +35.00 USD" in said
    assert "Cancelled orders placed 1 Nov 2026 – 30 Nov 2026 80.00 USD 1 order" in said
    assert "Cancelled orders by reason placed 1 Nov 2026 – 30 Nov 2026" in said
    # Each of them opens to its rows.
    links = {
        f"/m/rosewood/credit/orders/?standing=SOLD&{NOVEMBER}": "1 result Sold 300.00 USD",
        f"{AFTER_SALES}cancelled/?{NOVEMBER}": "1 result Total 80.00 USD",
        f"{AFTER_SALES}?since=2026-10-01&until=2026-10-31": "1 result Total 40.00 USD",
    }
    source = page.content.decode().replace("&amp;", "&")
    for address, rows in links.items():
        assert (
            f'href="{address.removeprefix(AFTER_SALES) if "cancel" not in address else address}'
            in source
        )
        assert rows in text_of(client.get(address))
    # Days that make no sense have no figures.
    wrong = text_of(client.get(f"{AFTER_SALES}?since=2026-11-20&until=2026-11-01"))
    assert "This is before the first day." in wrong
    assert ("Refund rate" in wrong, "Before," in wrong, "from 20 Nov" in wrong) == (False,) * 3
    client.cookies["django_language"] = "zh-hans"
    assert "等待时间过长" in text_of(client.get(f"{AFTER_SALES}?{NOVEMBER}"))
    # Without a first day there is nothing before it; what nobody sold has no rate.
    open_ended = client.get(f"{AFTER_SALES}?until=2026-09-30").context["groups"]
    assert (open_ended.before, open_ended.sums.rate) == (None, None)


@pytest.mark.full  # views in test_saved_views.py
def test_a_view_of_a_months_sales_leads_back_to_that_month(shop: Shop) -> None:
    client = browser_of(member(shop))
    month, save = "/m/rosewood/credit/sales/2026-10/", "/m/rosewood/views/save/"
    view = {"name": "Large", "page": "credit:sales_month", "query": "least=100", "path": month}
    response = client.post(save, view, follow=True)
    assert response.redirect_chain == [(f"{month}?least=100", 302)]
    assert "1 result Total 100.00 USD" in text_of(response)
    assert "Large" in text_of(client.get("/m/rosewood/credit/sales/2026-11/"))
    for path in ("", "/m/rosewood/credit/orders/", "/m/other/credit/sales/2026-10/", "//evil"):
        assert client.post(save, view | {"path": path}).status_code == 404


@pytest.mark.parametrize("month", ["9999-12", "0001-01", "3000-01", "1969-12", "2026-13"])
def test_a_month_around_which_no_days_are_counted_is_no_page(shop: Shop, month: str) -> None:
    client = browser_of(member(shop))
    for page in (f"sales/{month}/", f"sales/{month}.csv", f"proceeds/days/{month}-31/"):
        assert client.get(f"/m/rosewood/credit/{page}").status_code == 404
    assert client.get(f"/m/rosewood/billing/statements/{month}/").status_code == 404


def file_of(client: Client, asked: str, name: str = "refunds") -> list[dict[str, str]]:
    """The rows of the CSV file of after-sales, by heading."""
    response = client.get(f"{AFTER_SALES}{name}.csv?{asked}")
    content = b"".join(response.streaming_content)  # type: ignore[attr-defined]
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))


@pytest.mark.full  # months open above
def test_months_are_taken_as_a_file_and_bars_open_what_they_are_of(shop: Shop) -> None:
    client = browser_of(member(shop))
    response = client.get("/m/rosewood/credit/sales/months.csv")
    assert 'filename="sales-rosewood-2026-10-to-2026-12.csv"' in response["Content-Disposition"]
    rows = list(csv.DictReader(io.StringIO(response.getvalue().decode("utf-8-sig"))))
    with connection.cursor() as cursor:
        cursor.execute(SOLD)
        in_books = [
            (month, f"{n}", f"{sold:.2f}", f"{back:.2f}") for month, n, sold, back in cursor
        ]
    columns = ("Month", "Orders", "Sales", "Refunded")
    assert [tuple(row[one] for one in columns) for row in rows[::-1]] == in_books
    more = ("Up to and including", "Net", "Change of net sales", "Change of net sales, per cent",
            "Cancelled orders", "Amount of cancelled orders", "Refunded: On its way")  # fmt: skip
    assert [tuple(row[one] for one in more) for row in rows] == [
        ("2026-12-11", "490.00", "240.00", "96.00", "1", "70.00", "0.00"),
        ("2026-11-30", "225.00", "100.00", "80.00", "1", "80.00", "50.00"),
        ("2026-10-31", "125.00", "", "", "0", "0.00", "0.00"),
    ]
    assert browser_of(member(shop, "VIEWER")).get(response.request["PATH_INFO"]).status_code == 403
    for page, opened in (
        ("sales/", "/m/rosewood/credit/sales/2026-11/"),
        ("after-sales/", f"{AFTER_SALES}?{NOVEMBER}#refunds"),
    ):
        said = client.get(f"/m/rosewood/credit/{page}").content.decode().replace("&amp;", "&")
        assert f'data-opens="{opened}"' in said
    drawing = client.get("/m/rosewood/credit/sales/chart.svg").content.decode()
    # What hangs under the axis is called refunded, and so is no figure below 0.
    assert "Refunded: 75.00&#160;USD" in drawing
    assert "Refunded: &#8722;" not in drawing
    file = client.get(
        "/m/rosewood/credit/sales/2026-10.csv?standing=PAID&least=1&buyer=Malee+%26+Co"
    )
    assert "orders-rosewood-2026-10-paid-malee-co-from-1.csv" in file["Content-Disposition"]


def test_without_any_order_or_refund_there_is_no_chart(clock: Callable[[str], None]) -> None:
    shop = shops.join("2026-10-01 09:00", "willow")
    clock("2026-12-11 03:00")
    for page, words in (
        ("sales/", "Nothing was sold yet."),
        ("after-sales/", "No refunds on these days."),
    ):
        said = browser_of(member(shop)).get(f"/m/willow/credit/{page}")
        assert words in text_of(said)
        assert b"<svg class" not in said.content
