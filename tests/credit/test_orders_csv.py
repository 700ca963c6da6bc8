"""The list of orders: sorted, by buyer, and taken home as CSV."""

import csv
import io
from typing import Any

import pytest
from django.utils import timezone

from tests import shops
from tests.factories import browser_of, member
from tests.shops import Shop
from tests.text import text_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop(monkeypatch: pytest.MonkeyPatch) -> Shop:
    """A shop on 15 October: A-1 is overdue since the 12th, A-2 paid, A-3 due on the 20th, A-4
    declined.
    """
    shop = shops.join("2026-10-01 09:00", credit_limit="1000.00")
    shop.place("2026-10-01 10:00", "A-1", "100.00", buyer="=Malee")
    shop.deliver("2026-10-01 12:00", "A-1")
    shop.place("2026-10-02 10:00", "A-2", "50.00")
    shop.pay("2026-10-03 10:00", "A-2", "50.00")
    shop.place("2026-10-04 10:00", "A-3", "60.00", instalments=3, buyer="=Malee")
    shop.deliver("2026-10-10 12:00", "A-3")
    shop.place("2026-10-05 10:00", "A-4", "900.00")
    monkeypatch.setattr(timezone, "now", lambda: shops.instant("2026-10-15 12:00"))
    return shop


def listed(shop: Shop, **params: Any) -> list[str]:
    """The references of the orders that the list shows."""
    response = browser_of(member(shop)).get("/m/rosewood/credit/orders/", params)
    return [order.reference for order in response.context["page"].rows]


def rows(shop: Shop, **params: Any) -> list[list[str]]:
    """The rows of the CSV file of orders."""
    response = browser_of(member(shop)).get("/m/rosewood/credit/orders.csv", params)
    return list(csv.reader(io.StringIO(b"".join(response).decode("utf-8-sig"))))


def test_they_are_sorted_by_age_and_by_what_is_due_first(shop: Shop) -> None:
    assert listed(shop, by="placed_at") == ["A-1", "A-2", "A-3", "A-4"]
    assert listed(shop, by="due_on") == ["A-1", "A-3", "A-2", "A-4"]
    assert listed(shop, by="-due_on") == ["A-3", "A-1", "A-4", "A-2"]
    assert listed(shop, by="nonsense") == ["A-4", "A-3", "A-2", "A-1"]


def test_a_buyers_orders_are_found(shop: Shop) -> None:
    assert listed(shop, buyer="=Malee") == ["A-3", "A-1"]
    response = browser_of(member(shop)).get("/m/rosewood/credit/orders/", {"buyer": "=Malee"})
    assert "Remove: Buyer: =Malee" in text_of(response)
    assert "?buyer=%3DMalee" in response.content.decode()


def test_the_file_has_what_the_list_shows(shop: Shop) -> None:
    headings, *orders = rows(shop, standing="OVERDUE")
    assert headings[:9] == [
        *("Order", "Buyer", "Placed", "Placed (UTC)", "Status", "Overdue", "Reason"),
        *("Due date", "Instalments"),
    ]
    assert orders == [
        [
            *("A-1", "'=Malee", "2026-10-01 10:00:00", "2026-10-01T10:00:00Z", "Open", "yes"),
            *("", "2026-10-11", "1", "100.00", "100.00", "0.00", "0.00", "0.00", "0.00", "USD"),
            *("", "", "2026-10-01 12:00:00", "2026-10-01T12:00:00Z", "", "", ""),
            *("OPEN", "", ""),
        ]
    ]
    assert [row[0] for row in rows(shop)[1:]] == ["A-4", "A-3", "A-2", "A-1"]
    assert [row[0] for row in rows(shop, by="due_on")[1:]] == ["A-1", "A-3", "A-2", "A-4"]
    assert [row[0] for row in rows(shop, buyer="=Malee", reference="A-3")[1:]] == ["A-3"]


def test_it_has_words_where_the_list_has_them_and_the_codes_at_its_end(shop: Shop) -> None:
    shop.place("2026-10-11 10:00", "A-5", "10.00")
    shop.cancel("2026-10-11 11:00", "A-5", reason=" Buyer changed mind. ")
    shop.place("2026-10-12 10:00", "A-6", "10.00")
    shop.cancel("2026-10-12 11:00", "A-6", reason="=our own words")
    headings, six, five, four, *_rest = rows(shop)
    assert headings[-3:] == ["Status (code)", "Reason (code)", "Cancel reason (code)"]
    said = [headings.index(one) for one in ("Status", "Reason", "Cancel reason")]
    assert [[row[place] for place in said] + row[-3:] for row in (six, five, four)] == [
        ["Cancelled", "", "'=our own words", "CANCELLED", "", "'=our own words"],
        ["Cancelled", "", "The buyer changed their mind", "CANCELLED", "", " Buyer changed mind. "],
        ["Declined", "The limit was not enough", "", "DECLINED", "insufficient_credit", ""],
    ]


def test_its_headings_are_in_the_readers_language_or_english_on_request(shop: Shop) -> None:
    client = browser_of(member(shop))
    client.cookies["django_language"] = "th"
    response = client.get("/m/rosewood/credit/orders.csv")
    assert b"".join(response).decode().startswith("\ufeffคำสั่งซื้อ,ผู้ซื้อ,")
    english = client.get("/m/rosewood/credit/orders.csv?english=1")
    assert b"".join(english).decode().startswith("\ufeffOrder,Buyer,Placed,Placed (UTC),")
    assert response["Content-Disposition"] == (
        'attachment; filename="orders-rosewood-until-2026-10-15.csv"'
    )
