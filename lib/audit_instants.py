"""SQL for the audit of instants: they never fall, row by row and step by step (rule 25.10).

A book is a credit line or a billing account. Both apps name their tables to these functions; each
returns one statement for a check, which sorts each table once by its book and primary key.
"""

from collections.abc import Iterable
from typing import NamedTuple


class Rows(NamedTuple):
    """The rows of one table that an operation adds to a book, and the column that says when each
    was written.
    """

    subject: str  # what the audit calls one
    table: str  # where they are selected from, as `written`
    book: str  # the column that names the line or the account
    at: str  # the instant of a row
    only: str = "true"  # which of them


class Steps(NamedTuple):
    """The columns of one row that hold instants which must follow each other; later ones may be
    empty.
    """

    subject: str
    table: str
    book: str
    instants: tuple[str, ...]


def never_fall(tables: Iterable[Rows]) -> str:
    """SQL that expects of each row an instant no earlier than that of the row before it."""
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
    """SQL that expects of each row steps of which none is earlier than one before it."""
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
    for number, instant in enumerate(instants, start=1):
        latest = f"greatest({', '.join(instants[:number])})"
        yield f"CASE WHEN {instant} IS NOT NULL THEN {latest} END"


def latest_of(tables: Iterable[Rows]) -> str:
    """SQL for the latest instant of each book's rows: `book_id` and `at`."""
    each = " UNION ALL ".join(
        f"SELECT {rows.book} AS book_id, max({rows.at}) AS at FROM {rows.table}"
        f" WHERE {rows.only} GROUP BY {rows.book}"
        for rows in tables
    )
    return f"SELECT book_id, max(at) AS at FROM ({each}) latest GROUP BY book_id"


def of_book(table: str, subject: str, tables: Iterable[Rows]) -> str:
    """SQL that expects the instant last written to a book to be no earlier than any of its rows,
    and within its open day.
    """
    return f"""
        SELECT book.merchant_id, '{subject}' AS subject,
               least(greatest(book.last_wrote_at, latest.at), book.open_until) AS expected,
               book.last_wrote_at AS found
        FROM {table} book LEFT JOIN ({latest_of(tables)}) latest
             ON latest.book_id = book.merchant_id
        """
