"""Statements with parts that write are told part by part as they stand, to the same end."""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from importlib import import_module
from pkgutil import walk_packages
from typing import Any

import pytest
from django.db import connection

from lib import parts
from lib.parts import InParts, InSteps

PACKAGES = ("billing", "credit", "gateway", "jobs", "merchants", "notices", "trail")
COUNTS = """
WITH given AS (
    SELECT * FROM unnest(%(names)s::text[], %(counts)s::numeric[]) AS given(name, "left")
), written AS (
    INSERT INTO counted (name, "left", told) -- what isn't there (yet
    SELECT name, "left", 'it''s (' || name FROM given WHERE "left" > 0 ORDER BY name
    RETURNING id, name, told
), raised AS (
    UPDATE counted SET "left" = counted."left" + 1 FROM written
    WHERE counted.name = 'the old ' || written.name
)
SELECT written.id, given.name, "left", told FROM given JOIN written USING (name) ORDER BY name
"""
TYPES = """
WITH one AS (
    SELECT 1::bigint AS number, 2.50::numeric AS amount, '2026-11-01'::date AS day, true AS is_so,
           '2026-11-01 09:00:00.25+00'::timestamptz AS at, '{"a": "b"}'::jsonb AS data,
           'it''s "it"'::varchar AS name, NULL::text AS nothing
)
SELECT one.*, amount::text, data ->> 'a' FROM one
"""


@pytest.mark.django_db
def test_what_a_part_returns_is_given_to_those_after_it() -> None:
    values: dict[str, Any] = {
        "names": ["b", "a", "c"],
        "counts": [Decimal("2.50"), Decimal(1), Decimal(0)],
    }
    found = []
    with connection.cursor() as cursor:
        for told in (COUNTS, InSteps(COUNTS)):
            cursor.execute("DROP TABLE IF EXISTS counted")
            cursor.execute('CREATE TABLE counted (id serial, name text, "left" numeric, told text)')
            cursor.execute("INSERT INTO counted (name, \"left\") VALUES ('the old a', 5)")
            if isinstance(told, InSteps):
                rows = told.rows(connection, values)
            else:
                cursor.execute(told, values)
                rows = cursor.fetchall()
            cursor.execute('SELECT name, "left" FROM counted ORDER BY id')
            found.append((rows, cursor.fetchall()))
    whole, in_steps = found
    assert whole == in_steps
    assert whole == (
        [(2, "a", Decimal(1), "it's (a"), (3, "b", Decimal("2.50"), "it's (b")],
        [("the old a", Decimal(6)), ("a", Decimal(1)), ("b", Decimal("2.50"))],
    )


@pytest.mark.django_db
def test_values_are_handed_on_as_they_are() -> None:
    ((*row,),) = InSteps(TYPES).rows(connection, {})
    assert row == [
        *(1, Decimal("2.50"), date(2026, 11, 1), True),
        datetime(2026, 11, 1, 9, 0, 0, 250_000, UTC),
        *('{"a": "b"}', 'it\'s "it"', None, "2.50", "b"),
    ]
    none = InSteps("WITH one AS (SELECT 1 AS number WHERE false) SELECT number FROM one")
    assert none.rows(connection, {}) == []


def test_a_statement_is_one_text_with_its_parts_in_it() -> None:
    told = InSteps(COUNTS)
    assert told == COUNTS
    assert [(step.name, list(step.asks)) for step in told.steps] == [
        ("given", []),
        ("written", ["given"]),
        ("raised", ["written"]),
        ("", ["given", "written"]),
    ]


def statements() -> Iterator[tuple[str, str]]:
    """Each text of the books that may be a statement, with its place."""
    for package in PACKAGES:
        for found in walk_packages(import_module(package).__path__, f"{package}."):
            if re.search(r"\.(migrations|management|urls)\b", found.name):
                continue
            for name, value in vars(import_module(found.name)).items():
                if isinstance(value, str):
                    yield f"{found.name}.{name}", value


def test_every_statement_whose_parts_insert_what_others_give_can_be_told_part_by_part() -> None:
    """But for texts that such statements are made of."""
    whole = {
        place
        for place, text in statements()
        if parts._WITH.match(text) and "INSERT INTO" in text and not isinstance(text, InParts)
    }
    assert whole == {
        "billing.operations.invoices._ISSUE",
        "billing.operations.known_answers.COLLECT",
    }
