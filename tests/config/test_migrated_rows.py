"""Migrations that change rows, with rows: forward, and back again."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection

from billing.models import BankLine
from billing.models.other_sides import OtherSide, account_marks, name_marks

STATEMENT = """
WITH file AS (
    INSERT INTO billing_bankfile (name, digest, taken_at, taken_by)
    VALUES ('a.xml', 'd', now(), 'olga') RETURNING id
)
INSERT INTO billing_bankstatement (file_id, kind, account, name, digest, currency, opening, closing,
    opens_on, closes_on, line_count, taken_at, taken_by, status)
SELECT id, 'MT940', 'DE02', 'S-1', 'd', 'USD', 0, 3, '2026-11-05', '2026-11-05', 2, now(), 'olga',
    'TAKEN' FROM file RETURNING id
"""
LINE = """
INSERT INTO billing_bankline (statement_id, number, entry, currency, amount, booked_on, value_on,
    other_name, other_account, text, is_reversal, status, why)
VALUES (%s, %s, 1, 'USD', 1, '2026-11-05', '2026-11-05', %s, %s, %s, false, 'SET_ASIDE', 'BY_HAND')
"""


@pytest.fixture
def another(transactional_db: None) -> Iterator[None]:
    """The connection is to another migrated database meanwhile; the tests' own is there before,
    and is what is emptied afterwards.
    """
    ours = connection.settings_dict["NAME"]
    template, name = connection.settings_dict["TEST"]["TEMPLATE"], f"{ours}_rows"
    connection.close()
    with connection._nodb_cursor() as cursor:
        cursor.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    connection.settings_dict["NAME"] = name
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict["NAME"] = ours
        with connection._nodb_cursor() as cursor:
            cursor.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def asked(statement: str, *values: Any) -> list[tuple[Any, ...]]:
    """The rows that the statement gives."""
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchall() if cursor.description else []


@pytest.mark.full
@pytest.mark.usefixtures("another")
def test_payers_of_lines_that_were_there_are_encrypted_and_plain_again_on_the_way_back() -> None:
    call_command("migrate", "billing", "0012", verbosity=0)
    ((statement,),) = asked(STATEMENT)
    zoe = ("Zoë Müller", "DE89370400440532013000", "Rechnung „7“")
    asked(LINE, statement, 1, *zoe)
    asked(LINE, statement, 2, "", "", "")
    call_command("migrate", verbosity=0)
    first, second = BankLine.objects.order_by("number")
    assert first.other == OtherSide(*zoe)
    assert b"Zo" not in bytes(first.other_side)
    assert (first.other_account_mark, first.other_name_mark) == (
        *(account_marks(zoe[1])[0], name_marks(zoe[0])[0]),
    )
    assert (second.other_side, second.other_name_mark) == (b"", "")
    call_command("migrate", "billing", "0012", verbosity=0)
    plain = asked("SELECT other_name, other_account, text FROM billing_bankline ORDER BY number")
    assert plain == [zoe, ("", "", "")]
