"""`manage.py books` tells all that the books say of merchants, the same wherever they are."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import transaction
from django.utils import timezone
from jsonschema import Draft202012Validator
from pytest_django import DjangoAssertNumQueries, DjangoDbBlocker

from config import books
from credit.queries import proceeds
from tests import shops
from tests.config import books_shops
from tests.config.books_shops import told
from tests.credit import withdrawing
from tests.shops import Shop

SCHEMA = json.loads((Path(__file__).parents[2] / "docs/books.schema.json").read_text())
# Three for who merchants are, then the tables of credit and of billing, one more of each, and the
# installation's prefix.
QUERIES_OF_A_BATCH = 4 + 26 + 20 + 1


@pytest.fixture(scope="module")
def lives(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[list[Shop]]:
    """The shops of tests/config/books_shops.py, lived through once; tests only read them."""
    with django_db_blocker.unblock(), pytest.MonkeyPatch.context() as patch:
        patch.setattr(settings, "TAEL_SANDBOX", True)
        with undone():
            yield books_shops.rich(patch)


@contextmanager
def undone() -> Iterator[None]:
    """A context in which all that is written is rolled back."""
    everything_is_undone = transaction.atomic()
    everything_is_undone._from_testcase = True  # type: ignore[attr-defined]  # as of a test case
    with everything_is_undone:
        yield
        transaction.set_rollback(True)


# --- what is told -----------------------------------------------------------------------------


@pytest.mark.usefixtures("lives", "db")
def test_all_books_are_as_the_schema_says() -> None:
    validator = Draft202012Validator(SCHEMA)
    validator.check_schema(SCHEMA)
    documents = list(books.of_all())
    assert len(documents) == 6
    for document in documents:
        wrong = [f"{error.json_path}: {error.message}" for error in validator.iter_errors(document)]
        assert wrong == []


@pytest.mark.usefixtures("lives", "db")
def test_these_shops_say_something_under_every_name_of_a_list() -> None:
    """So that the schema was held against a row of each kind."""
    # What there is only with tax, tests/billing/test_credit_notes.py holds against it.
    taxed = {"billing.invoices.taxes", "billing.tax_treatments", "billing.credit_notes"}
    empty = set(_lists(SCHEMA)) - {"merchant.proposals"} - taxed
    for document in books.of_all():
        empty -= set(_filled(document, ""))
    assert empty == set()


def _lists(schema: dict[str, Any], path: str = "") -> Iterator[str]:
    """Every list of the schema, by the names that lead to it."""
    for option in schema.get("anyOf", [schema]):
        if "$ref" in option:
            option = SCHEMA["$defs"][option["$ref"].rpartition("/")[2]]
        if option.get("type") == "array":
            yield path
            yield from _lists(option["items"], path)
        for name, inner in option.get("properties", {}).items():
            yield from _lists(inner, f"{path}.{name}".removeprefix("."))


def _filled(said: Any, path: str) -> Iterator[str]:
    """The paths of all lists in this that have something in them."""
    if isinstance(said, list) and said:
        yield path
        for row in said:
            yield from _filled(row, path)
    if isinstance(said, dict):
        for name, inner in said.items():
            yield from _filled(inner, f"{path}.{name}".removeprefix("."))


@pytest.mark.usefixtures("db")
def test_figures_are_those_of_the_pages(lives: list[Shop]) -> None:
    for shop in lives:
        line = shop.line
        (said,) = [books.of_merchant(shop.reference)["credit"]]
        buckets = proceeds.buckets(line.pk, today=line.open_on)
        names = ("balance", "maturing", "available", "on_its_way", "paid_out")
        figures = {name: f"{getattr(buckets, name).amount:f}" for name in names}
        assert {name: said["proceeds"][name] for name in names} == figures
        in_line = tuple(said["line"][name] for name in ("limit", "used", "available"))
        assert in_line == shop.limit()


@pytest.mark.usefixtures("lives", "db")
def test_rows_are_called_by_what_others_know_and_never_by_their_keys() -> None:
    linen = books.of_merchant("linen")["billing"]
    assert [one["reference"] for one in linen["charges"] if one["fee"] == "payment-reversal"] == [
        "tael:payment-reversal:1"
    ]
    assert [(one["charge"], one["made"]) for one in linen["credits"]] == [
        ("L-2", "tael:credit:1"),
        ("L-2", None),
    ]
    (reversed_first, *_) = linen["reversals"]
    assert (reversed_first["invoice"], reversed_first["attempt"]) == ("2027-000003", 3)
    assert (reversed_first["reference"], reversed_first["charge"]) == (
        "re_1",
        "tael:payment-reversal:1",
    )
    jute = books.of_merchant("jute")["credit"]
    assert [
        (one["invoice"], one["attempt"], one["amount"])
        for one in jute["proceeds"]["entries"]
        if one["kind"] == "BILL_PAYMENT"
    ] == [("2027-000009", 1, "-39.00"), ("2027-000010", 1, "-38.00")]
    wool = [one["invoice"] for one in books.of_merchant("wool")["billing"]["invoices"]]
    assert wool == ["2027-000006", "draft 1", "2027-000007", "2027-000008", "draft 2"]


# --- the same everywhere ----------------------------------------------------------------------


@pytest.mark.usefixtures("lives", "db")
def test_the_day_on_which_they_are_told_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    before = told("--all")
    monkeypatch.setattr(timezone, "now", lambda: datetime(2031, 5, 6, tzinfo=UTC))
    assert told("--all") == before


@pytest.mark.usefixtures("lives", "db")
def test_all_come_in_batches_and_a_batch_takes_as_many_queries_whatever_is_in_it(
    monkeypatch: pytest.MonkeyPatch,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    with django_assert_num_queries(1 + 1 + QUERIES_OF_A_BATCH):
        assert len(list(books.of_all())) == 6
    whole = list(books.of_all())
    monkeypatch.setattr(books, "MERCHANTS_AT_ONCE", 2)
    with django_assert_num_queries(1 + 3 * (1 + QUERIES_OF_A_BATCH)):
        assert list(books.of_all()) == whole
    shops.join("2026-11-01 10:00", "empty")
    with django_assert_num_queries(1 + QUERIES_OF_A_BATCH):
        books.of_merchant("empty")


# --- secrets ----------------------------------------------------------------------------------


@pytest.mark.usefixtures("db")
def test_numbers_of_accounts_and_names_of_cards_at_providers_are_told_to_nobody(
    lives: list[Shop],
) -> None:
    for shop in lives:
        for text in (told(shop.reference), told(shop.reference, "--json")):
            assert withdrawing.CARD not in text
            assert withdrawing.CARD.replace(" ", "") not in text
            assert '"token"' not in text
            assert "L-77" not in text  # the licence's number
    destinations = books.of_merchant("rosewood")["credit"]["destinations"]
    assert [one["number"] for one in destinations] == ["···· 0003", "···· 6789"]
    assert [card["number"] for card in books.of_merchant("linen")["billing"]["cards"]] == [
        "···· 9995",
        "···· 4242",
    ]


@pytest.mark.usefixtures("lives", "db")
def test_what_an_installation_calls_things_is_in_the_text_alone() -> None:
    reference = Shop("rosewood").line.withdrawals.get().reference
    assert f"withdrawal 1; reference {reference}; amount 150.00" in told("rosewood")
    assert reference not in told("rosewood", "--json")
    assert "key T-2027-000003-1" in told("linen")
    assert "T-2027-" not in told("linen", "--json")
