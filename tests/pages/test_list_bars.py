"""One bar above every list asks it for days, amounts and all else, and says how much it found.

It keeps rule 23.17 and rule 23.18.
"""

import csv
import io
from collections.abc import Callable
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

import pytest
from django.db import connection

from lib import figures, paging
from tests import shops
from tests.credit.pages import set_clock
from tests.factories import browser_of, member
from tests.kept import kept
from tests.shops import Shop
from tests.text import text_of
from tests.whole import some

pytestmark = pytest.mark.django_db

clock = pytest.fixture(set_clock)

ORDERS = "/m/rosewood/credit/orders/"


@kept()
def shop() -> Shop:
    """A shop in Bangkok with orders in September and October 2026, the last one on 31 October."""
    shop = shops.join("2026-09-01 09:00", credit_limit="100000.00", timezone="Asia/Bangkok")
    for day in range(5, 17):
        shop.place(f"2026-09-{day:02} 23:59", f"S-{day}", f"{day}.10")
    for day in range(15, 27):
        shop.place(f"2026-10-{day} 00:00", f"O-{day}", f"{day}.25")
        shop.place(f"2026-10-{day} 23:59:59", f"N-{day}", "7.00", buyer="Malee")
    shop.place("2026-10-31 09:00", "TODAY", "40.00")
    return shop


@pytest.fixture(autouse=True)
def on_the_31st(request: pytest.FixtureRequest, clock: Callable[[str], None]) -> None:
    """The clock stands at 31 Oct 2026, 10:00 UTC."""
    clock("2026-10-31 10:00")


def asked(shop: Shop, **params: str) -> Any:
    """The context of the list of orders, asked so."""
    return browser_of(member(shop)).get(f"{ORDERS}?{urlencode(params)}").context


def names(context: Any) -> set[str]:
    """The references that the list shows."""
    return {order.reference for order in context["page"].rows}


SQL = """
SELECT count(*), coalesce(sum(amount), 0) FROM credit_order
WHERE (placed_at AT TIME ZONE 'Asia/Bangkok')::date BETWEEN %(since)s AND %(until)s
  AND amount BETWEEN %(least)s AND %(most)s AND (%(buyer)s = '' OR buyer = %(buyer)s)
"""
ONE_DAY = {"since": "2026-10-20", "until": "2026-10-20"}
ANY = {"since": "2026-01-01", "until": "2026-12-31", "least": "0", "most": "99999", "buyer": ""}


@pytest.mark.parametrize(
    ("params", "means"),
    some([
        ({}, {}),
        ({"days": "today"}, {"since": "2026-10-31", "until": "2026-10-31"}),
        ({"days": "7"}, {"since": "2026-10-25", "until": "2026-10-31"}),
        ({"days": "30"}, {"since": "2026-10-02", "until": "2026-10-31"}),
        ({"days": "month"}, {"since": "2026-10-01", "until": "2026-10-31"}),
        ({"days": "last-month"}, {"since": "2026-09-01", "until": "2026-09-30"}),
        ({"since": "2026-10-20"}, {"since": "2026-10-20"}),
        ({"until": "2026-10-20"}, {"until": "2026-10-20"}),
        (ONE_DAY, ONE_DAY),
        # Days that were typed count, whatever name stood there before.
        ({"days": "7"} | ONE_DAY, ONE_DAY),
        ({"least": "7", "most": "15.25"}, {"least": "7", "most": "15.25"}),
        ({"most": "1,000"}, {"most": "1000"}),
        ({"buyer": "Malee", "days": "7"}, {"buyer": "Malee", "since": "2026-10-25"}),
    ], 2),
)  # fmt: skip
def test_count_and_sum_are_those_of_the_books_on_the_page_and_in_the_file(
    shop: Shop, params: dict[str, str], means: dict[str, str]
) -> None:
    with connection.cursor() as cursor:
        cursor.execute(SQL, ANY | means)
        count, total = cursor.fetchone()
    assert count > 0
    found = asked(shop, **params)["filter"].figures
    assert (found.count, [amount.amount for amount in found.sums[0]]) == (count, [total])
    file = browser_of(member(shop)).get("/m/rosewood/credit/orders.csv", params)
    text = io.StringIO(b"".join(file).decode("utf-8-sig"))
    lines = list(csv.DictReader(text))
    assert len(lines) == count
    assert sum(Decimal(line["Amount"]) for line in lines) == total


def test_more_rows_than_are_counted_at_once_are_counted_when_asked(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(figures, "MOST", 36)
    monkeypatch.setitem(paging.page.__kwdefaults__ or {}, "size", 5)
    owner = browser_of(member(shop))
    page = owner.get(ORDERS, {"least": "0"})
    assert "More than 36 results Count all of them" in text_of(page)
    assert 'data-hx-get="?least=0&amp;figures=all"' in page.content.decode()
    exact = owner.get(ORDERS, {"least": "0", "figures": "all"})
    assert (
        "37 results Sold 500.20 USD Declined or cancelled 0.00 USD Outstanding 500.20 USD"
        in text_of(exact)
    )
    assert "figures" not in exact.context["filter"].link(standing="PAID")
    monkeypatch.setattr(figures, "MOST", 37)
    assert "37 results Sold 500.20 USD" in text_of(owner.get(ORDERS, {"least": "0"}))


def test_what_makes_no_sense_is_told_and_finds_nothing(shop: Shop) -> None:
    assert names(asked(shop, least="26", by="colour", hue="1")) == {"O-26", "TODAY"}
    for wrong in ({"days": "fortnight"}, {"most": "x"}, {"standing": "LOST"}, {"since": "soon"}):
        said = asked(shop, least="26", **wrong)
        assert (names(said), said["filter"].figures.count) == (set(), 0), wrong
        file = browser_of(member(shop)).get(
            "/m/rosewood/credit/orders.csv", {"least": "26"} | wrong
        )
        assert b"".join(file).count(b"\n") == 1, wrong  # the headings
    owner = browser_of(member(shop))
    page = text_of(owner.get(f"{ORDERS}?days=fortnight&most=x&standing=LOST&by=colour&hue=1"))
    for mistake in (
        "Placed “fortnight”: Select a valid choice.",
        "At most (USD) “x”: Enter a number.",
        "Status “LOST”: Select a valid choice.",
        "Order of the list “colour”: The list has no such order.",
        "hue: The list cannot be asked for this.",
    ):
        assert mistake in page
    page = text_of(owner.get(f"{ORDERS}?since=2026-10-20&until=2026-10-19&least=9&most=8.5"))
    assert "Up to and including “2026-10-19”: This is before the first day." in page
    assert "At most (USD) “8.5”: This is less than the lower amount." in page
    assert "Nothing is shown while something above makes no sense." in page
    assert "Amount: 9 – 8.5 USD" in page  # both ends stay to be mended
    # What is to be mended is marked, and no menu opens over what is said about it.
    marked = owner.get(f"{ORDERS}?least=9&most=8.5").content
    assert (marked.count(b'summary class="wrong"'), marked.count(b'class="pill" open')) == (1, 0)
    assert "20 Oct 2026 – 2026-10-19" in page or "2026-10-20 – 2026-10-19" in page
    source = owner.get(f"{ORDERS}?least=-5&since=12/10/2026&until=0001-01-01").content.decode()
    assert 'value="-5"' in source  # to be mended where it stands
    assert "Enter a day between 1970 and 2999." in source
    assert names(asked(shop, until="9999-12-31")) == set()
    assert names(asked(shop, until="2999-12-31")) == names(asked(shop))


def test_a_new_shop_sees_no_bar() -> None:
    shop = shops.join("2026-10-01 09:00", "new-shop")
    page = browser_of(member(shop)).get("/m/new-shop/credit/orders/").content.decode()
    assert 'class="filter"' not in page
