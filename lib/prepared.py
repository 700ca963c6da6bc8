"""Statements that every request asks again: the database plans them once for each connection.

A cursor of Django's writes the values into the text of a statement, which the database then reads
and plans anew each time. That is right for what is asked now and then; of what a checkout waits
for, it is the larger part. Where the books are in cells (lib.cells), the first cells that a
connection meets have plans of their own on it.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import psycopg
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg import errors
from psycopg.abc import PQGen
from psycopg.adapt import PyFormat, Transformer
from psycopg.generators import execute, fetch_many, send
from psycopg.pq import ConnStatus, ExecStatus, TransactionStatus
from psycopg.pq.abc import PGresult

from lib import arrays, cells, pooled
from lib.cells.connection import LOCK_SECONDS, entering

ASKED = "tael_asked"  # the attribute of a connection with what is asked on it: by cell, by text
PLANNED_CELLS = 8  # that a connection has plans of
PLACES = re.compile(r"%(?:%|s|\((\w+)\)s)")  # of values, and a percent sign
IDLE = TransactionStatus.IDLE
# Chooses a cell for the rest of a transaction, as lib.cells.connection.entering does.
ENTER = f"""
SELECT set_config('search_path', $1, true), set_config('lock_timeout', '{LOCK_SECONDS}s', true)
""".encode()
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
    """One statement for two that select one row at most, and take values by different names. It
    always selects one row, with the columns of the first and then of the second, those of one that
    finds nothing NULL.
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
    """All rows that the statement gives, which should be few. Raises what Django's cursors
    raise.
    """
    database = connections[DEFAULT_DB_ALIAS]
    if _by_cursor(database):
        with database.cursor() as cursor:
            cursor.execute(statement, values)
            return list(cursor.fetchall())
    return _run(database, statement, values)


def run(statement: str, values: Values) -> None:
    """Run a statement that gives no rows. Raises what Django's cursors raise."""
    database = connections[DEFAULT_DB_ALIAS]
    if _by_cursor(database):
        with database.cursor() as cursor:
            cursor.execute(statement, values)
        return
    _run(database, statement, values)


def _by_cursor(database: BaseDatabaseWrapper) -> bool:
    """Whether Django's cursors have to be used: something listens to them, such as a test that
    counts statements, what is planned ahead may be gone at the next transaction, or the connection
    keeps plans of enough other cells.
    """
    is_heard = bool(database.execute_wrappers) or database.queries_logged
    return is_heard or pooled.by_transaction() or _is_one_too_many(database, cells.entered())


def _is_one_too_many(database: BaseDatabaseWrapper, cell: str) -> bool:
    """Whether nothing is planned in this cell on the connection, and no more is to be: the database
    keeps each plan in memory.
    """
    known = getattr(database.connection, ASKED, ()) if cell else ()
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


def _asked(to_server: "psycopg.Connection[Any]", statement: str, cell: str) -> "_Asked":
    """The prepared statement of this text on this connection, inside the cell of this name, "" for
    none; it is made at the first call, and kept with the connection.
    """
    known: dict[str, dict[str, _Asked]] | None = getattr(to_server, ASKED, None)
    if known is None:
        known = {"": {}}
        setattr(to_server, ASKED, known)
    of_cell = known.setdefault(cell, {})
    if statement not in of_cell:
        name = f"tael{cell}_{len(of_cell)}"
        of_cell[statement] = _Asked(to_server, statement, name, cell)
    return of_cell[statement]


class _Asked:
    """A statement on its connection, with what was learned of its values' types.

    A cursor of psycopg's does the same, and takes several times as long in Python: it looks up, for
    any statement, what is known here.
    """

    def __init__(
        self, to_server: "psycopg.Connection[Any]", statement: str, name: str, cell: str
    ) -> None:
        self._to_server, self._pgconn, self._cell = to_server, to_server.pgconn, cell
        self._values = Transformer(to_server)
        self._text, self._names, places = _numbered(statement)
        self._formats = [PyFormat.AUTO] * places
        self._name = name
        self._planned: dict[tuple[int, ...], bytes] = {}  # their names, by the types of the values

    def run(self, values: Values) -> list[tuple[Any, ...]]:
        """Ask it with these values, and return its rows. Raises psycopg's errors."""
        if isinstance(values, Mapping):
            values = [values[name] for name in self._names]
        values = [_as_text(one) if type(one) is list else one for one in values]
        sent = self._values.dump_sequence(values, self._formats)
        types = self._values.types or ()
        to_server, pgconn = self._to_server, self._pgconn
        with to_server.lock:
            is_idle = pgconn.transaction_status == IDLE
            if is_idle and self._cell and to_server.autocommit:
                result = self._alone(types, sent)
            else:
                if is_idle and not to_server.autocommit:
                    self._begin()
                name = self._planned.get(types) or self._plan(types)
                pgconn.send_query_prepared(name, sent, self._values.formats)
                result = self._answer()
        if result.status == ExecStatus.TUPLES_OK:
            self._values.set_pgresult(result)
            return self._values.load_rows(0, result.ntuples, tuple)
        self._checked(result)
        return []

    def _begin(self) -> None:
        """Begin a transaction as psycopg's cursors do, in the cell if there is one."""
        begin = b"BEGIN; " + entering(self._cell) if self._cell else b"BEGIN"
        self._pgconn.send_query(begin)
        for result in self._to_server.wait(execute(self._pgconn)):
            self._checked(result)

    def _alone(self, types: tuple[int, ...], sent: Sequence[Any]) -> PGresult:
        """The result of the statement in a transaction of its own inside the cell, planned before
        it was, if it was not; all of it takes one round trip.
        """
        pgconn, name, is_new = self._pgconn, self._planned.get(types), False
        if name is None:
            name, is_new = self._name_of_next(), True
        pgconn.enter_pipeline_mode()
        pgconn.send_query_params(ENTER, [f"{self._cell}, {cells.SHARED}".encode()])
        if is_new:
            pgconn.send_prepare(name, self._text.encode(), types)
        pgconn.send_query_prepared(name, sent, self._values.formats)
        pgconn.pipeline_sync()
        try:
            results: list[PGresult] = self._to_server.wait(_piped(pgconn))
            pgconn.exit_pipeline_mode()
        except BaseException:
            pgconn.finish()  # what comes could be taken for the answer to something else
            raise
        entered, *planned, result, _sync = results
        for one in (entered, *planned):
            if one.status != ExecStatus.TUPLES_OK:
                self._checked(one)
        if is_new:
            self._planned[types] = name
        return result

    def _name_of_next(self) -> bytes:
        """The name of the next plan, for values of other types."""
        return f"{self._name}_{len(self._planned)}".encode()

    def _plan(self, types: tuple[int, ...]) -> bytes:
        """Have the statement planned for values of these types; returns its name."""
        name = self._name_of_next()
        self._pgconn.send_prepare(name, self._text.encode(), types)
        self._checked(self._answer())
        self._planned[types] = name
        return name

    def _answer(self) -> PGresult:
        """The answer to what was sent, which is waited for as long as the connection allows."""
        results: list[PGresult] = self._to_server.wait(execute(self._pgconn))
        return results[0]

    def _checked(self, result: PGresult) -> None:
        """Raise the error that this result tells, as psycopg's cursors do; nothing if the statement
        was carried out.
        """
        if result.status == ExecStatus.COMMAND_OK:
            return
        if self._pgconn.status == ConnStatus.BAD:
            raise psycopg.OperationalError(result.error_message.decode(errors="replace"))
        raise errors.error_from_result(result, self._to_server.info.encoding)


def _piped(pgconn: Any) -> PQGen[list[PGresult]]:
    """Send what is in the pipeline, and take the results up to that of its end."""
    yield from send(pgconn)
    results: list[PGresult] = []
    while not results or results[-1].status != ExecStatus.PIPELINE_SYNC:
        results += yield from fetch_many(pgconn)
    return results


def _as_text(elements: list[Any]) -> Any:
    """The list as text of an array, where it can be, and otherwise the list. The statement has to
    say of which type it is, or compare it with something that has one.
    """
    text = arrays.literal(elements)
    return elements if text is None else text


@cache
def _numbered(statement: str) -> tuple[str, list[str], int]:
    """The statement with its places numbered, as PostgreSQL has them, the names of the values in
    that order, each once, and how many values there are; no names where values have none.
    """
    names: dict[str, int] = {}
    count = 0

    def place(found: re.Match[str]) -> str:
        nonlocal count
        if found[0] == "%%":
            return "%"
        if found[1] is None:
            count += 1
            return f"${count}"
        return f"${names.setdefault(found[1], len(names) + 1)}"

    text = PLACES.sub(place, statement)
    return text, list(names), len(names) or count
