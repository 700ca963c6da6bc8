"""Statements that every request asks again: the database plans them once for each connection.

A cursor of Django's writes the values into the text of a statement, which the database then reads
and plans anew each time. That is right for what is asked now and then; of what a checkout waits
for, it is the larger part.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import psycopg
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper

SELDOM = 1_000_000  # of what is not asked to be planned, that often has to be the same
Values = Sequence[Any] | Mapping[str, Any]


def row(statement: str, values: Values) -> tuple[Any, ...] | None:
    """The first row that the statement selects; None if it selects none.

    Raises what Django's cursors raise.
    """
    database = connections[DEFAULT_DB_ALIAS]
    if _is_watched(database):
        with database.cursor() as cursor:
            cursor.execute(statement, values)
            found: tuple[Any, ...] | None = cursor.fetchone()
            return found
    return _run(database, statement, values).fetchone()


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
    to_server: psycopg.Connection[Any] = database.connection
    if to_server.prepare_threshold is None:  # Django turns it off; its own cursors plan nothing
        to_server.prepare_threshold = SELDOM
    with database.wrap_database_errors:
        return psycopg.Cursor(to_server).execute(statement, values, prepare=True)
