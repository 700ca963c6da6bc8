"""Statements that every request asks again: the database plans them once for each connection.

A cursor of Django's writes the values into the text of a statement, which the database then reads
and plans anew each time. That is right for what is asked now and then; of what a checkout waits
for, it is the larger part.
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
from psycopg.adapt import PyFormat, Transformer
from psycopg.generators import execute
from psycopg.pq import ConnStatus, ExecStatus, TransactionStatus
from psycopg.pq.abc import PGresult

from lib import arrays, pooled

ASKED = "tael_asked"  # the attribute of a connection with what is asked on it, by its text
PLACES = re.compile(r"%(?:%|s|\((\w+)\)s)")  # of values, and a percent sign
IDLE = TransactionStatus.IDLE
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
    counts statements, what is planned ahead may be gone at the next transaction, or the statement
    is of one cell (lib.cells).
    """
    is_heard = bool(database.execute_wrappers) or database.queries_logged
    return is_heard or pooled.by_transaction() or hasattr(database, "holds_cells")


def _run(database: BaseDatabaseWrapper, statement: str, values: Values) -> list[tuple[Any, ...]]:
    """Run the statement as a prepared one, which the database plans once for each connection.
    Returns its rows; an empty list for a statement that gives none, such as an UPDATE.
    """
    database.ensure_connection()
    database.validate_no_broken_transaction()
    with database.wrap_database_errors:
        to_server = database.connection
        rows = _asked(to_server, statement).run(values)
    # Django would ask whether the connection still works before a request's first transaction; it
    # does, since it has just answered this.
    database.health_check_done = True  # type: ignore[attr-defined]
    return rows


def _asked(to_server: "psycopg.Connection[Any]", statement: str) -> "_Asked":
    """The prepared statement of this text on this connection; it is made at the first call, and
    kept with the connection.
    """
    known: dict[str, _Asked] | None = getattr(to_server, ASKED, None)
    if known is None:
        known = {}
        setattr(to_server, ASKED, known)
    if statement not in known:
        known[statement] = _Asked(to_server, statement, f"tael_{len(known)}")
    return known[statement]


class _Asked:
    """A statement on its connection, with what was learned of its values' types.

    A cursor of psycopg's does the same, and takes several times as long in Python: it looks up, for
    any statement, what is known here.
    """

    def __init__(self, to_server: "psycopg.Connection[Any]", statement: str, name: str) -> None:
        self._to_server, self._pgconn = to_server, to_server.pgconn
        self._values = Transformer(to_server)
        self._text, self._names, places = _numbered(statement)
        self._formats = [PyFormat.AUTO] * places
        self._name = name
        self._planned: dict[tuple[int, ...], bytes] = {}  # their names, by the types of the values

    def run(self, values: Values) -> list[tuple[Any, ...]]:
        """Carry out the prepared statement with these values, in a transaction that is begun if the
        connection needs one; returns its rows, none for a statement that gives none. Raises
        psycopg's errors.
        """
        if isinstance(values, Mapping):
            values = [values[name] for name in self._names]
        values = [_as_text(one) if type(one) is list else one for one in values]
        sent = self._values.dump_sequence(values, self._formats)
        types = self._values.types or ()
        to_server, pgconn = self._to_server, self._pgconn
        with to_server.lock:
            if not to_server.autocommit and pgconn.transaction_status == IDLE:
                pgconn.send_query_params(b"BEGIN", None)  # as psycopg's cursors do
                self._checked(self._answer())
            name = self._planned.get(types) or self._plan(types)
            pgconn.send_query_prepared(name, sent, self._values.formats)
            result = self._answer()
        if result.status == ExecStatus.TUPLES_OK:
            self._values.set_pgresult(result)
            return self._values.load_rows(0, result.ntuples, tuple)
        self._checked(result)
        return []

    def _plan(self, types: tuple[int, ...]) -> bytes:
        """Have the statement planned for values of these types; returns its name."""
        name = f"{self._name}_{len(self._planned)}".encode()
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
