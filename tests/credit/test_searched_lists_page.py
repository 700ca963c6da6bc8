"""The lists of credit and proceeds, searched, sorted by their headings, and taken home as files."""

import csv
import io
from collections.abc import Callable
from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries

from lib import money
from tests import shops
from tests.amounts import usd
from tests.credit.pages import answers, read, set_clock
from tests.credit.withdrawing import cancel, pay_out, shop_with, withdraw
from tests.factories import browser_of, member
from tests.kept import kept
from tests.shops import Shop
from tests.whole import some

pytestmark = pytest.mark.django_db

clock = pytest.fixture(set_clock)
SHOWN = {"OWNER": 200, "FINANCE": 200, "VIEWER": 200}
EXPORTED = {"OWNER": 200, "FINANCE": 200, "VIEWER": 403}
NOBODY_ELSE = {"stranger": 404, "operator": 404, "nobody": 302}


def rows(shop: Shop, path: str, **params: str) -> list[Any]:
    """The rows of the list at this path, asked so."""
    response = browser_of(member(shop)).get(f"/m/rosewood/credit/{path}", params)
    return list(response.context["page"].rows)


def file(shop: Shop, path: str, **params: str) -> list[list[str]]:
    """The rows of the CSV file at this path, asked so."""
    response = browser_of(member(shop)).get(f"/m/rosewood/credit/{path}", params)
    return list(csv.reader(io.StringIO(b"".join(response).decode("utf-8-sig"))))


@kept()
def written() -> Shop:
    """A shop that sold for 1,000.00 and withdrew 150.00 (paid), 70.00 (cancelled) and 90.00 (under
    way).
    """
    shop = shop_with("1000.00")
    pay_out(withdraw(shop, "150.00", "2026-11-03 10:00"))
    cancel(withdraw(shop, "70.00", "2026-11-04 10:00"), "2026-11-04 11:00")
    withdraw(shop, "90.00", "2026-11-05 10:00")
    return shop


@pytest.fixture
def shop(written: Shop, clock: Callable[[str], None]) -> Shop:
    """The shop of these tests, on 5 Nov 2026, 12:00 UTC."""
    clock("2026-11-05 12:00")
    return written


def amounts(shop: Shop, **params: str) -> list[str]:
    """The amounts of the withdrawals that the list shows."""
    return [money.text(found.amount) for found in rows(shop, "withdrawals/", **params)]


# Withdrawals.


def test_withdrawals_are_sorted_by_time_and_by_amount(shop: Shop) -> None:
    assert amounts(shop) == ["90.00", "70.00", "150.00"]
    assert amounts(shop, by="requested_at") == ["150.00", "70.00", "90.00"]
    assert amounts(shop, by="-amount") == ["150.00", "90.00", "70.00"]
    assert amounts(shop, by="amount") == ["70.00", "90.00", "150.00"]
    assert amounts(shop, by="fee") == ["90.00", "70.00", "150.00"]


def test_a_withdrawal_is_found_by_how_its_reference_starts(shop: Shop) -> None:
    first = rows(shop, "withdrawals/", by="requested_at")[0]
    assert amounts(shop, reference=first.reference[:6].lower()) == ["150.00"]
    assert amounts(shop, reference=first.reference, standing="RETURNED") == []
    assert "Nothing matches. Try a shorter part of the reference" in read(
        shop, "withdrawals/?reference=nothing"
    )


def test_the_headings_lead_to_the_other_order_and_keep_the_filter(shop: Shop) -> None:
    client = browser_of(member(shop))
    page = client.get("/m/rosewood/credit/withdrawals/?standing=PAID&by=-amount").content.decode()
    assert (
        '<th scope="col" class="right" aria-sort="descending">'
        '<a href="?standing=PAID&amp;by=amount">Amount</a></th>' in page
    )
    assert '<a href="?standing=PAID">Requested</a>' in page
    assert 'withdrawals.csv?standing=PAID&amp;by=-amount"' in page


def test_the_file_of_withdrawals_has_what_the_list_shows(shop: Shop) -> None:
    headings, *found = file(shop, "withdrawals.csv", by="amount")
    assert headings == [
        *("Withdrawal", "Requested", "Requested (UTC)", "Requested by", "To", "Destination number"),
        *("Status", "Sent", "Sent (UTC)", "Ended", "Ended (UTC)", "Amount", "Fee", "Currency"),
        *("Reason", "To (code)", "Status (code)"),
    ]
    assert [row[11] for row in found] == ["70.00", "90.00", "150.00"]
    assert found[0][1:] == [
        *("2026-11-04 10:00:00", "2026-11-04T10:00:00Z", "mei@rosewood.example", "Bank card"),
        *("···· 0003", "Cancelled", "", "", "2026-11-04 11:00:00", "2026-11-04T11:00:00Z", "70.00"),
        *("0.00", "USD", "", "BANK_CARD", "CANCELLED"),
    ]
    assert [row[11] for row in file(shop, "withdrawals.csv", standing="PAID")[1:]] == ["150.00"]


# Declined orders.


@pytest.fixture
def declined(nothing_kept: None, clock: Callable[[str], None]) -> Shop:
    """A shop on 31 October with declined orders: OLD of September, BIG-1 of 9 days ago, BIG-2 and
    RISK of this week.
    """
    shop = shops.join("2026-09-01 09:00", credit_limit="1000.00")
    shop.place("2026-09-20 10:00", "OLD", "9000.00")
    shop.place("2026-10-22 10:00", "BIG-1", "2000.00", buyer="=Malee")
    shop.place("2026-10-25 00:00", "BIG-2", "1500.50")
    shop.place("2026-10-30 10:00", "RISK", "80.00", buyer_risk=3)
    clock("2026-10-31 12:00")
    return shop


def names(shop: Shop, **params: str) -> list[str]:
    """The references of the declined orders that the list shows."""
    return [order.reference for order in rows(shop, "declined/", **params)]


def test_declined_orders_are_found_by_time_reason_and_reference(declined: Shop) -> None:
    assert names(declined, days="7") == ["RISK", "BIG-2"]
    assert names(declined, days="30") == ["RISK", "BIG-2", "BIG-1"]
    assert names(declined, days="30", code="insufficient_credit") == ["BIG-2", "BIG-1"]
    assert names(declined, reference="ig-") == ["BIG-2", "BIG-1"]
    assert names(declined, by="placed_at") == ["OLD", "BIG-1", "BIG-2", "RISK"]
    assert names(declined, days="8") == []


def test_each_lost_value_opens_to_its_orders(declined: Shop) -> None:
    page = browser_of(member(declined)).get("/m/rosewood/credit/declined/").content.decode()
    for query in ("code=buyer_risk&amp;days=7", "code=insufficient_credit&amp;days=30"):
        assert page.count(f'<a href="?{query}#orders">') == 2  # how many, and their value


def test_the_file_of_declined_orders_has_what_the_list_shows(declined: Shop) -> None:
    found = file(declined, "declined.csv", days="30", code="insufficient_credit", by="placed_at")
    assert [(row[0], row[1], row[4], row[6], row[9]) for row in found[1:]] == [
        ("BIG-1", "'=Malee", "Declined", "The limit was not enough", "2000.00"),
        ("BIG-2", "Somchai", "Declined", "The limit was not enough", "1500.50"),
    ]


# Entries.


@pytest.mark.full  # proceeds' entries are below
def test_the_limits_entries_are_found_by_order_and_sorted(declined: Shop) -> None:
    declined.place("2026-10-30 11:00", "A-1", "100.00")
    declined.pay("2026-10-30 12:00", "A-1", "40.00")
    declined.place("2026-10-30 13:00", "A-10", "5.00")
    of_order = [entry.kind for entry in rows(declined, "limit/", order="A-1")]
    assert of_order == ["PAYMENT", "HOLD"]
    assert [entry.kind for entry in rows(declined, "limit/", order="A-1", by="at")] == [
        "HOLD",
        "PAYMENT",
    ]
    assert [entry.kind for entry in rows(declined, "limit/", order="A-1", kind="HOLD")] == ["HOLD"]
    assert rows(declined, "limit/", order="A-") == []
    found = file(declined, "limit/entries.csv", order="A-1", by="at")
    assert [(row[-1], row[3]) for row in found[1:]] == [("HOLD", "A-1"), ("PAYMENT", "A-1")]


@pytest.mark.full  # withdrawals are found above
def test_proceeds_entries_are_found_by_order_and_by_withdrawal(shop: Shop) -> None:
    shop.place("2026-11-05 10:00", "A-1", "30.00")
    shop.pay("2026-11-05 10:30", "A-1", "30.00")
    path = "proceeds/entries/"
    assert [money.text(entry.amount) for entry in rows(shop, path, reference="A-1")] == ["30.00"]
    cancelled = rows(shop, "withdrawals/", standing="RETURNED")[0].reference
    kinds = [entry.kind for entry in rows(shop, path, reference=cancelled.lower(), by="id")]
    assert kinds == ["WITHDRAWAL", "RETURNED"]
    assert rows(shop, path, reference="nothing") == []
    assert rows(shop, path, by="id")[0].amount == usd(1000)
    found = file(shop, "proceeds/entries.csv", reference="A-1")
    assert [row[3] for row in found[1:]] == ["A-1"]


@pytest.mark.full  # pages/test_search finds one's own things alone
def test_another_shops_order_is_not_found(shop: Shop) -> None:
    other = shops.join("2026-11-01 09:00", "other")
    other.place("2026-11-02 10:00", "B-1", "30.00")
    other.pay("2026-11-02 10:30", "B-1", "30.00")
    assert rows(shop, "limit/", order="B-1") == []
    assert rows(shop, "proceeds/entries/", reference="B-1") == []


# Orders.


@pytest.mark.full  # withdrawals are sorted above
def test_orders_are_sorted_by_due_date_both_ways(declined: Shop) -> None:
    for day, order in ((1, "A-1"), (3, "A-2"), (2, "A-3")):
        declined.place(f"2026-10-{day:02} 10:00", order, "10.00")
        declined.deliver(f"2026-10-{day:02} 12:00", order)
    assert [order.reference for order in rows(declined, "orders/", by="due_on")] == [
        *("A-1", "A-3", "A-2", "OLD", "BIG-1", "BIG-2", "RISK")
    ]
    assert [order.reference for order in rows(declined, "orders/", by="-due_on")] == [
        *("A-2", "A-3", "A-1", "RISK", "BIG-2", "BIG-1", "OLD")
    ]


# Who may, and what it costs.


@pytest.mark.full  # each file is asked for in test_authorisation.py
@pytest.mark.parametrize("path", some(["withdrawals.csv", "declined.csv"], 2))
def test_files_are_for_who_may_export(shop: Shop, path: str) -> None:
    assert answers(shop, path) == EXPORTED | NOBODY_ELSE


@pytest.mark.full  # each page is asked in test_authorisation.py
@pytest.mark.parametrize("path", some(["withdrawals/?by=amount", "declined/?days=7"], 2))
def test_everybody_of_the_merchant_sees_the_lists(shop: Shop, path: str) -> None:
    assert answers(shop, path) == SHOWN | NOBODY_ELSE


@pytest.mark.parametrize(
    "path",
    some(
        [
            "withdrawals/?standing=PAID&reference=W&by=-amount",
            "declined/?days=7&code=line_frozen&reference=A&by=placed_at",
            "limit/?order=sold-1&kind=HOLD&by=at",
            "proceeds/entries/?reference=nothing&by=id",
            "orders/?standing=OPEN&by=-due_on",
        ],
        3,
    ),
)
def test_it_takes_few_queries(
    shop: Shop, path: str, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    client = browser_of(member(shop))
    with django_assert_max_num_queries(12):
        assert client.get(f"/m/rosewood/credit/{path}").status_code == 200
