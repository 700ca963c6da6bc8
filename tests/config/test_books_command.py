"""`manage.py books`: one merchant for programs or for people, or all of them."""

import json
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from tests import shops
from tests.config import books_shops
from tests.config.books_shops import told

HERE = Path(__file__).parent

pytestmark = pytest.mark.django_db


def refused(*arguments: str) -> str:
    """What the command says instead of books; it exits with 1 and tells nothing."""
    output = StringIO()
    with pytest.raises(CommandError) as refusal:
        call_command("books", *arguments, stdout=output)
    assert (refusal.value.returncode, output.getvalue()) == (1, "")
    return str(refusal.value)


def test_a_small_shops_books_are_these() -> None:
    books_shops.small()
    assert told("violet", "--json") == (HERE / "books_of_a_small_shop.json").read_text()


def test_all_are_told_a_line_each_by_reference_whatever_the_database_sorts_by() -> None:
    for reference in ("b", "a", "É", "B", "_", "中"):
        shops.join("2026-11-01 10:00", reference)
    lines = told("--all").splitlines()
    references = [json.loads(line)["merchant"]["reference"] for line in lines]
    assert references == ["B", "_", "a", "b", "É", "中"]
    for reference, line in zip(references, lines, strict=True):
        assert json.loads(told(reference, "--json")) == json.loads(line)


def test_a_merchant_that_there_is_not_is_refused_in_a_sentence() -> None:
    shops.join("2026-11-01 10:00", "rosewood")
    assert refused("nobody") == "There is no merchant nobody."
    assert refused("nobody", "--json") == "There is no merchant nobody."
    assert refused("ROSEWOOD") == "There is no merchant ROSEWOOD."


def test_either_one_merchant_or_all() -> None:
    shops.join("2026-11-01 10:00", "rosewood")
    sentence = "Name a merchant by its reference, or say --all."
    assert refused() == sentence
    assert refused("rosewood", "--all") == sentence


def test_a_reference_that_could_be_an_instant_is_read_as_it_is() -> None:
    shop = shops.join("2026-11-01 10:00", "rosewood")
    shop.place("2026-11-02 09:00", "20261128T15", "40.00", buyer="2026-W48-6T10")
    shop.place("2026-11-02 09:05", "20261128T1500", "60.00", buyer="2026-11-28T15:00:00")
    said = told("rosewood")
    for written in ("20261128T15 ", "20261128T1500 ", "2026-W48-6T10", "2026-11-28T15:00:00"):
        assert written in said
    assert "2026-11-02 09:05:00" in said


def test_people_read_sections_and_tables() -> None:
    books_shops.small()
    lines = told("violet").splitlines()
    assert lines[:2] == ["Rosewood Dresses (violet)", "Instants are in UTC."]
    assert "CREDIT, amounts in USD" in lines
    assert "    available         4933.33" in lines
    table = lines.index("  Limit entries: 3") + 1
    assert lines[table : table + 4] == [
        "    entry  at                   kind     order  limit change  used change"
        "  limit after  used after  actor",
        "        1  2026-11-01 01:00:00  OPENED   -           5000.00         0.00"
        "      5000.00        0.00  platform",
        "        2  2026-11-02 00:00:00  HOLD     A-1            0.00       100.00"
        "      5000.00      100.00  platform",
        "        3  2026-11-04 00:00:00  PAYMENT  A-1            0.00       -33.33"
        "      5000.00       66.67  platform",
    ]
    assert max(map(len, lines)) <= 120
