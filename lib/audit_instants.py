"""SQL for the audit of instants: they never fall, row by row and step by step (rule 25.10).

A book is a credit line or a billing account. Both apps name their tables to these functions; each
returns one statement for a check, which sorts each table once by its book and primary key.
"""

from collections.abc import Iterable
from typing import NamedTuple


class Rows(NamedTuple):
    """Names the table whose rows an operation adds to a book, and the column that says when each
    row was written.
    """

    subject: str  # what the audit calls one
    table: str  # where they are selected from, as `written`
    book: str  # the column that names the line or the account
    at: str  # the instant of a row
    only: str = "true"  # which of them


class Steps(NamedTuple):
    """Names a table and those of its columns that hold instants which must follow one another;
    later ones may be empty.
    """

    subject: str
    table: str
    book: str
    instants: tuple[str, ...]


def never_fall(tables: Iterable[Rows]) -> str:
    """SQL for a check that, in each of these tables, no row of a book has an earlier instant than
    the row before it by primary key.
    """
    return " UNION ALL ".join(
        f"""
        SELECT {rows.book} AS merchant_id, '{rows.subject} ' || written.id AS subject,
               greatest(lag({rows.at}) OVER history, {rows.at}) AS expected, {rows.at} AS found
        FROM {rows.table} WHERE {rows.only}
        WINDOW history AS (PARTITION BY {rows.book} ORDER BY written.id)
        """
        for rows in tables
    )


def come_in_order(tables: Iterable[Steps]) -> str:
    """SQL for a check that, in each row of these tables, no step is earlier than one before it;
    empty steps are skipped.
    """
    return " UNION ALL ".join(
        f"""
        SELECT {steps.book} AS merchant_id, '{steps.subject} ' || written.id AS subject,
               ARRAY[{", ".join(_not_before(steps.instants))}] AS expected,
               ARRAY[{", ".join(steps.instants)}] AS found
        FROM {steps.table}
        """
        for steps in tables
    )


def _not_before(instants: tuple[str, ...]) -> Iterable[str]:
    """Yield SQL for what each instant has to be at least: the latest one of those up to it. NULL
    for a step that is empty.
    """
    for number, instant in enumerate(instants, start=1):
        latest = f"greatest({', '.join(instants[:number])})"
        yield f"CASE WHEN {instant} IS NOT NULL THEN {latest} END"


def latest_of(tables: Iterable[Rows]) -> str:
    """SQL that selects, for each book, the latest instant of its rows in all these tables:
    `book_id` and `at`.
    """
    each = " UNION ALL ".join(
        f"SELECT {rows.book} AS book_id, max({rows.at}) AS at FROM {rows.table}"
        f" WHERE {rows.only} GROUP BY {rows.book}"
        for rows in tables
    )
    return f"SELECT book_id, max(at) AS at FROM ({each}) latest GROUP BY book_id"


def of_book(table: str, subject: str, tables: Iterable[Rows]) -> str:
    """SQL for a check that the `last_wrote_at` of each book in `table` is no earlier than any of
    its rows, and not after the end of its open day. `subject` is what the audit calls the book.
    """
    return f"""
        SELECT book.merchant_id, '{subject}' AS subject,
               least(greatest(book.last_wrote_at, latest.at), book.open_until) AS expected,
               book.last_wrote_at AS found
        FROM {table} book LEFT JOIN ({latest_of(tables)}) latest
             ON latest.book_id = book.merchant_id
        """
