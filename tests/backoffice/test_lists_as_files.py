"""A list as a file: what it shows, plain and harmless, and on the trail."""

import csv
import io
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from django.db.models import QuerySet
from django.test import Client

from backoffice import exports
from tests import shops, trailed
from tests.factories import browser_of, member, operator
from tests.shops import Shop
from tests.trailed import Told
from trail.models import TrailEntry

pytestmark = pytest.mark.django_db

ORDERS = "/admin/credit/order/"
AUDITOR = "audrey@tael.example"


@pytest.fixture
def shop() -> Shop:
    """A shop with three orders, whose names and buyers a spreadsheet could take for formulas."""
    shop = shops.join("2026-11-01 10:00", name='=HYPERLINK("x")')
    shop.place("2026-11-02 10:00", "A-1", "30.00", buyer="+1 555")
    shop.place("2026-11-02 11:00", "A-2", "25.50", buyer="b, c")
    shop.place("2026-11-02 12:00", "A-3", "90000.00")
    return shop


@pytest.fixture
def client() -> Client:
    """The browser of an auditor."""
    return browser_of(operator("Auditor", email=AUDITOR))


def rows(client: Client, **asked: str) -> list[dict[str, str]]:
    """The rows of the CSV file of orders, by heading; its type, name and mark of order are
    checked.
    """
    response: Any = client.get(f"{ORDERS}export/", asked)
    assert response.streaming
    assert response["Content-Disposition"].startswith('attachment; filename="orders-')
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    body = b"".join(response)
    assert body.startswith(b"\xef\xbb\xbfReference,")
    return list(csv.DictReader(io.StringIO(body.decode("utf-8-sig"))))


def test_it_has_the_lists_columns_plain_and_without_formulas(shop: Shop, client: Client) -> None:
    assert rows(client, q="rosewood A-1") == [
        {
            "Reference": "A-1",
            "Merchant": '\'=HYPERLINK("x")',
            "Buyer": "'+1 555",
            "Status": "Open",
            "Amount": "30.00",
            "Outstanding": "30.00",
            "Due on": "",
            "Placed at (UTC)": "2026-11-02T10:00:00+00:00",
            "Currency": "USD",
        }
    ]


def test_it_has_the_lists_filter_and_order(shop: Shop, client: Client) -> None:
    page: Any = client.get(ORDERS)
    by = list(page.context["cl"].list_display).index("status") + 1
    asked = {"status__exact": "OPEN", "o": f"{by}"}  # by amount
    listed: Any = client.get(ORDERS, asked)
    shown = [order.reference for order in listed.context["cl"].result_list]
    assert [row["Reference"] for row in rows(client, **asked)] == shown == ["A-2", "A-1"]
    assert f"{ORDERS}export/?status__exact=OPEN&amp;o={by}" in listed.content.decode()
    assert [row["Reference"] for row in rows(client, **{**asked, "o": f"-{by}"})] == ["A-1", "A-2"]


def test_each_download_is_on_the_trail_with_what_was_asked(shop: Shop, client: Client) -> None:
    since = trailed.newest()
    rows(client, status__exact="OPEN", q="rosewood", p="2", placed_at_from="2026-11-01")
    (row,) = trailed.told(since)
    asked = {"status__exact": "OPEN", "q": "rosewood", "placed_at_from": "2026-11-01"}
    assert row == Told("LIST_DOWNLOADED", "list of orders", {}, asked)
    assert TrailEntry.objects.latest("pk").actor == AUDITOR


def test_who_may_not_look_at_the_list_gets_no_file_and_leaves_no_row(shop: Shop) -> None:
    since = trailed.newest()
    for person, status in ((operator(), 403), (member(shop), 302)):
        assert browser_of(person).get(f"{ORDERS}export/").status_code == status
    sign_ins = "/admin/merchants/signin/export/"
    assert browser_of(operator("Credit officer")).get(sign_ins).status_code == 403
    assert Client().get(f"{ORDERS}export/").status_code == 302
    assert trailed.told(since) == []


def test_what_the_list_does_not_offer_is_not_answered_in_a_file(shop: Shop, client: Client) -> None:
    since = trailed.newest()
    assert client.get(f"{ORDERS}export/?buyer__startswith=b").status_code == 400
    assert trailed.told(since) == []


def test_rows_are_read_as_the_reader_takes_them(
    shop: Shop, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By a cursor of the database, some rows at a time, whatever their number."""
    taken: list[int] = []
    monkeypatch.setattr(exports, "AT_ONCE", 2)
    iterator = QuerySet.iterator

    def watched(self: Any, chunk_size: int | None = None) -> Iterator[Any]:
        for row in iterator(self, chunk_size=chunk_size):
            taken.append(chunk_size or 0)
            yield row

    monkeypatch.setattr(QuerySet, "iterator", watched)
    assert len(rows(client)) == 3
    assert taken == [2, 2, 2]
    assert not connection.settings_dict.get("DISABLE_SERVER_SIDE_CURSORS")
