"""The lists of billing, searched and sorted by their headings, and the closed months as a file."""

import csv
import io
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from lib import figures, money
from tests import shops
from tests.billing import deciding
from tests.billing.pages import answers, read
from tests.factories import browser_of, member
from tests.kept import kept
from tests.shops import Shop
from tests.text import text_of

pytestmark = pytest.mark.django_db

SHOWN = {"OWNER": 200, "FINANCE": 200, "VIEWER": 200}
EXPORTED = {"OWNER": 200, "FINANCE": 200, "VIEWER": 403}
NOBODY_ELSE = {"stranger": 404, "operator": 404, "nobody": 302}


@kept()
def shop() -> Shop:
    """A shop whose 2026-11 (16.50, and a credit of 1.50 later) and 2026-12 are closed."""
    shop = shops.join("2026-11-01 09:00", plan_price="39.00")
    shop.charge("2026-11-03 10:00", "pick-pack", "4.50", "C-1", request="FR-2")
    shop.charge("2026-11-05 15:00", "shipping-label", "12.00", "C-2", request="FR-1")
    shop.run_jobs("2026-12-01 00:00")
    deciding.approve(
        shop, "2026-12-02 10:00", deciding.ask(shop, "2026-12-02 09:00", "C-1", "1.50")
    )
    deciding.ask(shop, "2026-12-03 09:00", "C-2", "7.00", "credit-label")
    shop.charge("2026-12-04 10:00", "shipping-label", "230.00", "C-3", request="FR-3")
    shop.run_jobs("2027-01-01 00:00")
    shop.charge("2027-01-02 10:00", "pick-pack", "2.00", "C-4", request="FR-4")
    return shop


def rows(shop: Shop, path: str, **params: str) -> list[Any]:
    """The rows of the list at this path, asked so."""
    response = browser_of(member(shop)).get(f"/m/rosewood/billing/{path}", params)
    return list(response.context["page"].rows)


def file(shop: Shop, **params: str) -> list[list[str]]:
    """The rows of the CSV file of statements, asked so."""
    response = browser_of(member(shop)).get("/m/rosewood/billing/statements.csv", params)
    return list(csv.reader(io.StringIO(b"".join(response).decode("utf-8-sig"))))


# Statements.


@pytest.mark.full  # all charges are found and sorted, too
def test_statements_are_found_by_year_and_sorted(shop: Shop) -> None:
    assert [str(found) for found in rows(shop, "statements/")] == ["2027-01", "2026-12", "2026-11"]
    assert [str(found) for found in rows(shop, "statements/", year="2026", by="month")] == [
        "2026-11",
        "2026-12",
    ]
    assert rows(shop, "statements/", year="20x6") == []
    assert "Nothing matches. Ask for something else" in read(shop, "statements/?year=2025")
    assert "Year All 2027 2026" not in read(shop, "charges/")


def test_the_closed_months_are_one_file_with_what_each_category_came_to(shop: Shop) -> None:
    assert file(shop) == [
        [
            *("Month", "Closed", "Closed (UTC)", "Charges", "Fulfilment", "Shipping"),
            *("Fulfilment credit", "Shipping credit", "Total", "Currency"),
        ],
        [
            *("2026-12", "2027-01-01 00:00:00", "2027-01-01T00:00:00Z", "2", "0.00", "230.00"),
            *("-1.50", "0.00", "228.50", "USD"),
        ],
        [
            *("2026-11", "2026-12-01 00:00:00", "2026-12-01T00:00:00Z", "2", "4.50", "12.00"),
            *("0.00", "0.00", "16.50", "USD"),
        ],
    ]
    assert [row[0] for row in file(shop, by="month")[1:]] == ["2026-11", "2026-12"]
    assert [row[0] for row in file(shop, year="2027")] == ["Month"]


@pytest.mark.full  # all charges are found below
def test_a_statements_charges_are_found_by_request_and_by_reference(shop: Shop) -> None:
    path = "statements/2026-11/"
    assert [found.reference for found in rows(shop, path)] == ["C-1", "C-2"]
    assert [found.reference for found in rows(shop, path, by="-at")] == ["C-2", "C-1"]
    assert [found.reference for found in rows(shop, path, reference="FR-2")] == ["C-1"]
    assert [found.reference for found in rows(shop, path, reference="C-2")] == ["C-2"]
    assert rows(shop, path, reference="C-3") == []  # of another month
    assert "Nothing matches. Enter the whole reference" in read(shop, f"{path}?reference=C-3")


def test_an_open_statement_starts_with_the_latest_and_turns_round(shop: Shop) -> None:
    shop.charge("2027-01-03 10:00", "pick-pack", "2.00", "C-5")
    path = "statements/2027-01/"
    assert [found.reference for found in rows(shop, path)] == ["C-5", "C-4"]
    assert [found.reference for found in rows(shop, path, by="at")] == ["C-4", "C-5"]


# Bills, credits, requests.


def test_bills_are_sorted_by_total_and_due_date(shop: Shop) -> None:
    totals = [money.text(found.total) for found in rows(shop, "invoices/", by="-total")]
    assert totals == sorted(totals, key=float, reverse=True)
    assert len(totals) >= 3
    due = [found.due_on for found in rows(shop, "invoices/", by="due_on")]
    assert due == sorted(due)


@pytest.mark.full  # all charges are found and sorted, too
def test_credits_are_found_by_their_charge_and_sorted(shop: Shop) -> None:
    assert [money.text(found.amount) for found in rows(shop, "credits/")] == ["7.00", "1.50"]
    assert [money.text(found.amount) for found in rows(shop, "credits/", by="amount")] == [
        *("1.50", "7.00")
    ]
    assert [money.text(found.amount) for found in rows(shop, "credits/", charge="C-1")] == ["1.50"]
    assert [money.text(found.amount) for found in rows(shop, "credits/", charge="C-")] == [
        *("7.00", "1.50")
    ]
    assert rows(shop, "credits/", charge="C-1", status="REQUESTED") == []
    said = text_of(browser_of(member(shop)).get("/m/rosewood/billing/credits/"))
    assert "2 results Given back 1.50 USD Waits for an answer 7.00 USD" in " ".join(
        said.replace(" · ", " ").split()
    )
    found = [charge.reference for charge in rows(shop, "charges/all/", reference="c-")]
    assert found == ["C-4", "C-3", "C-2", "C-1"]


def test_requests_are_sorted_by_reference(shop: Shop) -> None:
    assert [found.reference for found in rows(shop, "requests/", by="reference")] == [
        *("FR-1", "FR-2", "FR-3", "FR-4")
    ]
    assert next(found.reference for found in rows(shop, "requests/", by="-reference")) == "FR-4"
    assert next(found.reference for found in rows(shop, "requests/", by="first_at")) == "FR-2"


def taken(shop: Shop, **params: str) -> list[dict[str, str]]:
    """The rows of the CSV file of charges, by heading, asked so."""
    response = browser_of(member(shop)).get("/m/rosewood/billing/charges/all.csv", params)
    return list(csv.DictReader(b"".join(response).decode("utf-8-sig").splitlines()))


@pytest.mark.full  # each list in pages/test_every_filter.py and test_every_sort.py
def test_all_charges_are_found_by_fee_and_day_the_latest_first_and_taken_away(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    charged = ["C-4", "C-3", "C-2", "C-1"]
    asked: list[tuple[dict[str, str], list[str]]] = [
        ({}, charged),
        ({"by": "at"}, charged[::-1]),
        ({"fee": "pick-pack"}, ["C-4", "C-1"]),
        ({"fee": "shipping-label"}, ["C-3", "C-2"]),
        ({"since": "2026-12-01"}, ["C-4", "C-3"]),
        ({"until": "2026-11-03"}, ["C-1"]),
        ({"reference": "c-3"}, ["C-3"]),
        ({"fee": "storage"}, []),
    ]
    both = {"fee": "pick-pack", "until": "2026-12-31"}
    monkeypatch.setattr(timezone, "now", lambda: shops.instant("2027-01-03 10:00"))
    for most in (figures.MOST, 1):  # of a fee with few charges, and of one with many
        monkeypatch.setattr(figures, "MOST", most)
        for params, found in asked:
            listed = rows(shop, "charges/all/", **params)
            sent = [one.reference for one in listed if not one.reference.startswith("tael:")]
            assert sent == found, params
            assert [one.reference for one in listed] == [
                one["Charge"] for one in taken(shop, **params)
            ]
        assert [one.reference for one in rows(shop, "charges/all/", **both)] == ["C-1"]
    of_december = taken(shop, fee="shipping-label", since="2026-12-01")
    assert of_december == [
        {
            **{"Day": "2026-12-04", "Charge": "C-3", "Category": "Shipping", "Request": "FR-3"},
            **{"Fee": "Shipping label", "Description": "", "Quantity": "1", "Rate": ""},
            **{"Amount": "230.00", "Currency": "USD", "Service date": "2026-12-04"},
            **{"Service time": "2026-12-04 10:00:00", "Arrived": "2026-12-04 10:00:00"},
            **{"Service time (UTC)": "2026-12-04T10:00:00Z", "Late": "no"},
            **{"Arrived (UTC)": "2026-12-04T10:00:00Z", "Bill #": "T-2026-000003"},
            **{"Category (code)": "SHIPPING", "Fee (code)": "shipping-label"},
        }
    ]
    page = read(shop, "charges/all/?fee=shipping-label")
    assert "2 results Total 242.00 USD" in page.replace(" · ", " ")
    assert "Storage" not in page  # a fee that nothing was charged for is not offered
    assert "All charges" in read(shop, "charges/")
    assert answers(shop, "charges/all.csv") == EXPORTED | NOBODY_ELSE
    plan = _plan("/m/rosewood/billing/charges/all/", browser_of(member(shop)))
    assert "charge_history" in plan, plan


def _plan(address: str, client: Client) -> str:
    """How the database finds the first page of the list of charges."""
    with connection.cursor() as cursor, CaptureQueriesContext(connection) as asked:
        cursor.execute("SET LOCAL enable_seqscan = off")  # with four rows there is no need for one
        cursor.execute("SET LOCAL enable_sort = off")
        client.get(address)
        found = [one["sql"] for one in asked if 'ORDER BY "billing_charge"."at"' in one["sql"]]
        cursor.execute(f"EXPLAIN {found[0]}")
        return "\n".join(line for (line,) in cursor.fetchall())


# Who may, and what it costs.


def test_the_file_is_for_who_may_export(shop: Shop) -> None:
    assert answers(shop, "statements.csv") == EXPORTED | NOBODY_ELSE


@pytest.mark.full  # each page is asked in test_authorisation.py
@pytest.mark.parametrize("path", ["statements/?year=2026", "invoices/?by=total"])
def test_everybody_of_the_merchant_sees_the_lists(shop: Shop, path: str) -> None:
    assert answers(shop, path) == SHOWN | NOBODY_ELSE


@pytest.mark.parametrize(
    "path",
    [
        "statements/?year=2026&by=month",
        "statements/2026-11/?reference=FR-2&by=-at",
        "invoices/?standing=TO_PAY&kind=THRESHOLD&number=2026&by=-total",
        "credits/?charge=C-&by=amount",
        "requests/?reference=FR&by=-reference",
        "charges/all/?reference=c&fee=pick-pack&days=30&by=at",
    ],
)
def test_it_takes_few_queries(
    shop: Shop, path: str, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    client = browser_of(member(shop))
    with django_assert_max_num_queries(12):
        assert client.get(f"/m/rosewood/billing/{path}").status_code == 200
