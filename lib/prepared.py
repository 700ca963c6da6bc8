"""Statements that every request asks again: the database plans them once for each connection.

A cursor of Django's writes the values into the text of a statement, which the database then reads
and plans anew each time. That is right for what is asked now and then; of what a checkout waits
for, it is the larger part. Where the books are in cells (lib.cells), the first cells that a
connection meets have plans of their own on it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import psycopg
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper

from lib import cells, parts, planned, pooled
from lib.planned import Planned, Values

ASKED = "tael_asked"  # the attribute of a connection with what is asked on it: by cell, by text
PLANNED_CELLS = 8  # that a connection has plans of


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
    """One statement for two that select one row at most, and take values by different names. It
    always selects one row, with the columns of the first and then of the second, those of one that
    finds nothing NULL.
    """
    return f"""
SELECT * FROM (SELECT) AS always
LEFT JOIN ({first}) AS first ON true LEFT JOIN ({second}) AS second ON true
"""


def row(statement: str, values: Values) -> tuple[Any, ...] | None:
    """The first row that the statement gives, which has to be one that gives rows (`rows`); None if
    it gives none.

    Raises what Django's cursors raise.
    """
    return next(iter(rows(statement, values)), None)


def rows(statement: str, values: Values) -> list[tuple[Any, ...]]:
    """Run the statement on the default database, and return all rows that it gives, in its
    order, which should be few. It has to be one that gives rows, even if it finds none: a
    SELECT, or one with RETURNING. The text should be the same each time, with all that
    changes among `values`: each new text is planned, and its plan is kept as long as the
    connection. Where plans cannot be kept (`_by_cursor`), one of Django's cursors runs it.
    Raises what Django's cursors raise.
    """
    database = connections[DEFAULT_DB_ALIAS]
    if isinstance(statement, parts.InParts) and parts.is_for(database):
        return statement.rows(database, values)
    if _by_cursor(database):
        with database.cursor() as cursor:
            cursor.execute(statement, values)
            return list(cursor.fetchall())
    return _run(database, statement, values)


def rows_of_each(asked: Iterable[tuple[str, Values]]) -> list[list[tuple[Any, ...]]]:
    """Ask these statements in their order, and return the rows of each, which should be few, an
    empty list for one that gives none: while the database carries one out, the values of the next
    are taken from `asked`, and nothing is waited for in between. Raises what Django's cursors
    raise, for the first statement that fails; those after it are not carried out then.
    """
    database = connections[DEFAULT_DB_ALIAS]
    if parts.is_for(database):
        return [rows(statement, values) for statement, values in asked]
    if _by_cursor(database) or (cells.entered() and database.get_autocommit()):
        found = []
        for statement, values in asked:
            with database.cursor() as cursor:
                cursor.execute(statement, values)
                found.append(list(cursor.fetchall()) if cursor.description else [])
        return found
    database.ensure_connection()
    database.validate_no_broken_transaction()
    with database.wrap_database_errors:
        return _ask_ahead(database.connection, asked)


def run(statement: str, values: Values) -> None:
    """Run a statement that gives no rows. Raises what Django's cursors raise."""
    database = connections[DEFAULT_DB_ALIAS]
    if isinstance(statement, parts.InParts) and parts.is_for(database):
        statement.rows(database, values)
        return
    if _by_cursor(database):
        with database.cursor() as cursor:
            cursor.execute(statement, values)
        return
    _run(database, statement, values)


def _by_cursor(database: BaseDatabaseWrapper) -> bool:
    """Whether Django's cursors have to be used: something listens to them, such as a test that
    counts statements, what is planned ahead may be gone at the next transaction, the connection
    keeps plans of enough other cells, or in a distributed database (Citus) no transaction is open.
    """
    is_heard = bool(database.execute_wrappers) or database.queries_logged
    if is_heard or pooled.by_transaction():
        return True
    cell = cells.entered()
    return bool(cell) and (_is_one_too_many(database, cell) or _is_apart(database))


def _is_apart(database: BaseDatabaseWrapper) -> bool:
    """Whether no transaction is open and the database is a distributed one (Citus): there a
    statement cannot go in one message with the choice of its cell.
    """
    with database.wrap_database_errors:
        return database.get_autocommit() and bool(database.connection.is_distributed())


def _is_one_too_many(database: BaseDatabaseWrapper, cell: str) -> bool:
    """Whether the connection has plans of PLANNED_CELLS cells already, and none of this cell, which
    then gets none on it: the database keeps each plan in memory. How many plans a cell has does not
    count.
    """
    known = getattr(database.connection, ASKED, ())
    return len(known) > PLANNED_CELLS and cell not in known


def _run(database: BaseDatabaseWrapper, statement: str, values: Values) -> list[tuple[Any, ...]]:
    """Run the statement as a prepared one, which the database plans once for each connection.
    Returns its rows; an empty list for a statement that gives none, such as an UPDATE.
    """
    database.ensure_connection()
    database.validate_no_broken_transaction()
    with database.wrap_database_errors:
        to_server = database.connection
        rows = _asked(to_server, statement, cells.entered()).run(values)
    # Django would ask whether the connection still works before a request's first transaction; it
    # does, since it has just answered this.
    database.health_check_done = True  # type: ignore[attr-defined]
    return rows


def _asked(to_server: "psycopg.Connection[Any]", statement: str, cell: str) -> Planned:
    """The prepared statement of this text on this connection, inside the cell of this name, "" for
    none; it is made at the first call, and kept with the connection.
    """
    known: dict[str, dict[str, Planned]] | None = getattr(to_server, ASKED, None)
    if known is None:
        known = {"": {}}
        setattr(to_server, ASKED, known)
    of_cell = known.setdefault(cell, {})
    if statement not in of_cell:
        name = f"tael{cell}_{len(of_cell)}"
        of_cell[statement] = Planned(to_server, statement, name, cell)
    return of_cell[statement]


def _ask_ahead(
    to_server: "psycopg.Connection[Any]", asked: Iterable[tuple[str, Values]]
) -> list[list[tuple[Any, ...]]]:
    """Send these statements one after the other, and then take their answers: the rows of each.
    Raises psycopg's errors.
    """
    pgconn, cell = to_server.pgconn, cells.entered()
    sent: list[tuple[Planned, bool]] = []
    try:
        with to_server.lock:
            planned.begin(to_server, cell)
            pgconn.enter_pipeline_mode()
            try:
                try:
                    for statement, values in asked:
                        one = _asked(to_server, statement, cell)
                        sent.append((one, one.send(values)))
                        pgconn.flush()
                finally:
                    pgconn.pipeline_sync()
                    answers = iter(to_server.wait(planned.answers(pgconn)))
            finally:
                pgconn.exit_pipeline_mode()
        found = []
        for one, is_new in sent:
            if is_new:
                one.rows_in(next(answers))  # it was planned
            found.append(one.rows_in(next(answers)))
    except BaseException:  # whoever gave the statements may have failed, too, behind one that did
        for one, _ in sent:
            one.forget()
        raise
    return found
