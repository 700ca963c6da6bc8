"""Statements that every request asks again: the database plans them once for each connection.

A cursor of Django's writes the values into the text of a statement, which the database then reads
and plans anew each time. That is right for what is asked now and then; of what a checkout waits
for, it is the larger part.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import psycopg
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper

from lib import pooled

CURSORS = "tael_cursors"  # the attribute of a connection with its cursors, by their statements
SELDOM = 1_000_000  # of what is not asked to be planned, that often has to be the same
Values = Sequence[Any] | Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Beside:
    """An INSERT … SELECT of somebody else's, without its FROM, that a statement carries out with
    its own if it writes, and that takes named values: it costs no round trip, and is committed with
    it.
    """

    insert: str
    values: Mapping[str, Any]


@cache
def both(first: str, second: str) -> str:
    """One statement for two that select one row at most, and take values by different names. Its
    row has the columns of the first and then of the second, those of one that finds nothing NULL.
    """
    return f"""
SELECT * FROM (SELECT) AS always
LEFT JOIN ({first}) AS first ON true LEFT JOIN ({second}) AS second ON true
"""


def row(statement: str, values: Values) -> tuple[Any, ...] | None:
    """The first row that the statement selects; None if it selects none.

    Raises what Django's cursors raise.
    """
    return next(iter(rows(statement, values)), None)


def rows(statement: str, values: Values) -> list[tuple[Any, ...]]:
    """The rows that the statement gives, which are few. Raises what Django's cursors raise."""
    database = connections[DEFAULT_DB_ALIAS]
    if _is_watched(database):
        with database.cursor() as cursor:
            cursor.execute(statement, values)
            return list(cursor.fetchall())
    return _run(database, statement, values).fetchall()


def run(statement: str, values: Values) -> None:
    """Run a statement that gives no rows. Raises what Django's cursors raise."""
    database = connections[DEFAULT_DB_ALIAS]
    if _is_watched(database):
        with database.cursor() as cursor:
            cursor.execute(statement, values)
        return
    _run(database, statement, values)


def _is_watched(database: BaseDatabaseWrapper) -> bool:
    """Whether something listens to Django's cursors, such as a test that counts statements; then
    they have to be used.
    """
    return bool(database.execute_wrappers) or database.queries_logged


def _run(database: BaseDatabaseWrapper, statement: str, values: Values) -> "psycopg.Cursor[Any]":
    """Run the statement as a prepared one, which the database plans once for each connection;
    returns the cursor.
    """
    database.ensure_connection()
    database.validate_no_broken_transaction()
    with database.wrap_database_errors:
        cursor = _cursor(database.connection, statement).execute(
            statement, values, prepare=not pooled.by_transaction()
        )
    # Django would ask whether the connection still works before a request's first transaction; it
    # does, since it has just answered this.
    database.health_check_done = True  # type: ignore[attr-defined]
    return cursor


def _cursor(to_server: "psycopg.Connection[Any]", statement: str) -> "psycopg.Cursor[Any]":
    """The connection's own cursor of this statement: what it has learned of the values' types it
    would have to learn anew each time.
    """
    known: dict[str, psycopg.Cursor[Any]] | None = getattr(to_server, CURSORS, None)
    if known is None:
        if not pooled.by_transaction():
            # Django turns it off; its own cursors plan nothing.
            to_server.prepare_threshold = SELDOM
        known = {}
        setattr(to_server, CURSORS, known)
    if statement not in known:
        known[statement] = psycopg.Cursor(to_server)
    return known[statement]
