"""One statement that the database has planned on one connection: how its values are sent, and how
its answers are read. lib.prepared says which statements are asked so.
"""

import re
from collections.abc import Mapping, Sequence
from functools import cache
from itertools import count
from typing import Any, NamedTuple

import psycopg
from psycopg import errors
from psycopg.abc import AdaptContext, PQGen
from psycopg.adapt import AdaptersMap, PyFormat, Transformer
from psycopg.generators import execute, fetch_many, send
from psycopg.pq import ConnStatus, ExecStatus, TransactionStatus
from psycopg.pq.abc import PGconn, PGresult
from psycopg.types.datetime import TimestamptzLoader

from lib import arrays, cells
from lib.cells import moving
from lib.cells.connection import LOCK_SECONDS

READ = "tael_read"  # the attribute of a connection with how its answers are read
PLACES = re.compile(r"%(?:%|s|\((\w+)\)s)")  # of values, and a percent sign
IDLE = TransactionStatus.IDLE
# Chooses a cell for the rest of a transaction, as lib.cells.connection.entering does.
ENTER = f"""
SELECT set_config('search_path', $1, true), set_config('lock_timeout', '{LOCK_SECONDS}s', true)
""".encode()
Values = Sequence[Any] | Mapping[str, Any]


def begin(to_server: "psycopg.Connection[Any]", cell: str) -> None:
    """Begin a transaction if one is due, as psycopg's cursors do, in the cell of this name, which
    is the one that we are inside; "" for none. Raises cells.Moves, and none has begun then.
    """
    pgconn = to_server.pgconn
    if to_server.autocommit or pgconn.transaction_status != IDLE:
        return
    if cell:
        to_server.wait(to_server.begin_inside())  # type: ignore[attr-defined]
        return
    pgconn.send_query(b"BEGIN")
    for result in to_server.wait(execute(pgconn)):
        _checked(to_server, result)


def _checked(to_server: "psycopg.Connection[Any]", result: PGresult) -> None:
    """Raise the error that this result tells, as psycopg's cursors do; nothing if it says that a
    statement that gives no rows was carried out.
    """
    if result.status == ExecStatus.COMMAND_OK:
        return
    if to_server.pgconn.status == ConnStatus.BAD:
        raise psycopg.OperationalError(result.error_message.decode(errors="replace"))
    raise errors.error_from_result(result, to_server.info.encoding)


def answers(pgconn: PGconn) -> PQGen[list[PGresult]]:
    """Send what is still in the pipeline, which ends with a sync, and wait for the answers to all
    of it; returns them without the sync's own. One may say an error, which raises nothing here
    (`_checked`). Raises psycopg.OperationalError if the connection is lost before the last one is
    here.
    """
    yield from send(pgconn)
    results: list[PGresult] = []
    while not results or results[-1].status != ExecStatus.PIPELINE_SYNC:
        results += yield from fetch_many(pgconn)
    return results[:-1]


class _Read(NamedTuple):
    """How values are written and read on a connection, as psycopg's Transformer takes it."""

    adapters: AdaptersMap
    connection: "psycopg.Connection[Any]"


def _read(to_server: "psycopg.Connection[Any]") -> AdaptContext:
    """How values are written and answers are read on this connection: as Django's cursors do it,
    but, where the connection's time zone is UTC, with instants read by psycopg's own loader, which
    gives the same and is faster. It is worked out once, and kept on the connection.
    """
    known: AdaptContext | None = getattr(to_server, READ, None)
    if known is None:
        known = to_server
        if to_server.info.parameter_status("TimeZone") == "UTC":
            adapters = AdaptersMap(to_server.adapters)
            adapters.register_loader("timestamptz", TimestamptzLoader)
            known = _Read(adapters, to_server)
        setattr(to_server, READ, known)
    return known


class Planned:
    """A statement on its connection, with what was learned of its values' types.

    A cursor of psycopg's does the same, and takes several times as long in Python: it looks up, for
    any statement, what is known here.
    """

    def __init__(
        self, to_server: "psycopg.Connection[Any]", statement: str, name: str, cell: str
    ) -> None:
        self._to_server, self._pgconn, self._cell = to_server, to_server.pgconn, cell
        self._values = Transformer(_read(to_server))
        self._text, self._names, places = _numbered(statement)
        self._formats = [PyFormat.AUTO] * places
        self._name = name
        self._numbers = count()
        self._planned: dict[tuple[int, ...], bytes] = {}  # their names, by the types of the values

    def run(self, values: Values) -> list[tuple[Any, ...]]:
        """Carry out the prepared statement with these values, in a transaction that is begun if the
        connection needs one; returns its rows, none for a statement that gives none. Raises
        psycopg's errors.
        """
        sent, types = self._dumped(values)
        to_server, pgconn = self._to_server, self._pgconn
        with to_server.lock:
            if self._cell and to_server.autocommit and pgconn.transaction_status == IDLE:
                return self.rows_in(self._alone(types, sent))
            begin(to_server, self._cell)
            name = self._planned.get(types)
            if name is None:
                name = self._send_plan(types)
                _checked(to_server, self._answer())
                self._planned[types] = name
            pgconn.send_query_prepared(name, sent, self._values.formats)
            result = self._answer()
        return self.rows_in(result)

    def _alone(self, types: tuple[int, ...], sent: Sequence[Any]) -> PGresult:
        """The result of the statement, with the dumped values `sent`, in a transaction of its own
        inside the cell, behind what is to be asked with that (cells.asking); planned, if it was not
        before. All of it takes one round trip. Raises cells.Moves.
        """
        pgconn, name = self._pgconn, self._planned.get(types)
        question = cells.question()
        pgconn.enter_pipeline_mode()
        pgconn.send_query_params(ENTER, [f"{self._cell}, {cells.SHARED}".encode()])
        if question:
            pgconn.send_query_params(moving.refusing(question).encode(), None)
        planned = name or self._send_plan(types)
        pgconn.send_query_prepared(planned, sent, self._values.formats)
        pgconn.pipeline_sync()
        try:
            results: list[PGresult] = self._to_server.wait(answers(pgconn))
            pgconn.exit_pipeline_mode()
        except BaseException:
            pgconn.finish()  # what comes could be taken for the answer to something else
            raise
        *before, result = results
        for one in before:
            if one.status != ExecStatus.TUPLES_OK:
                self._check_may_go_on(one)
        self._planned[types] = planned
        return result

    def _check_may_go_on(self, result: PGresult) -> None:
        """Raise the error that this result of what goes before the statement tells, which is
        cells.Moves for a merchant whose books are being moved.
        """
        try:
            _checked(self._to_server, result)
        except errors.InvalidTextRepresentation as error:
            if moving.is_refusal(error):
                raise cells.Moves from error
            raise

    def send(self, values: Values) -> bool:
        """Send the statement with these values, within a pipeline, and wait for nothing. Returns
        whether a plan for values of their types had to be asked for before it: then the answer to
        that comes first.
        """
        sent, types = self._dumped(values)
        is_new = types not in self._planned
        if is_new:
            self._planned[types] = self._send_plan(types)
        self._pgconn.send_query_prepared(self._planned[types], sent, self._values.formats)
        return is_new

    def forget(self) -> None:
        """Forget its plans, of which those that were asked for ahead may not have been made."""
        self._planned.clear()

    def rows_in(self, result: PGresult) -> list[tuple[Any, ...]]:
        """The rows of this answer; none if the statement gives none. Raises psycopg's errors."""
        if result.status == ExecStatus.TUPLES_OK:
            self._values.set_pgresult(result)
            return self._values.load_rows(0, result.ntuples, tuple)
        _checked(self._to_server, result)
        return []

    def _dumped(self, values: Values) -> tuple[Sequence[Any], tuple[int, ...]]:
        """The values as they are sent, in the order of their places, and their types."""
        if isinstance(values, Mapping):
            values = [values[name] for name in self._names]
        values = [_as_text(one) if type(one) is list else one for one in values]
        sent = self._values.dump_sequence(values, self._formats)
        return sent, self._values.types or ()

    def _send_plan(self, types: tuple[int, ...]) -> bytes:
        """Ask for the statement to be planned for values of these types; returns its name."""
        name = f"{self._name}_{next(self._numbers)}".encode()
        self._pgconn.send_prepare(name, self._text.encode(), types)
        return name

    def _answer(self) -> PGresult:
        """The server's first answer to what was sent, also one that says an error: that raises
        nothing here (`_checked`). It is waited for until it comes; psycopg's error is raised if the
        connection is lost.
        """
        results: list[PGresult] = self._to_server.wait(execute(self._pgconn))
        return results[0]


def _as_text(elements: list[Any]) -> Any:
    """The list as the text of an array, if its elements but None are of one plain type
    (arrays.literal); otherwise the list itself. The statement has to say of which type it is, or
    compare it with something that has one.
    """
    text = arrays.literal(elements)
    return elements if text is None else text


@cache
def _numbered(statement: str) -> tuple[str, list[str], int]:
    """The statement with PostgreSQL's places ($1, $2 and so on) for psycopg's, and with "%"
    for "%%"; the names of its values in the order of the numbers; and how many numbers
    there are. A name that stands in several places has one number. If the places have no
    names (%s), the list of names is empty.
    """
    names: dict[str, int] = {}
    many = 0

    def place(found: re.Match[str]) -> str:
        """The numbered place for a place of psycopg's, or the percent sign that "%%" stands for."""
        nonlocal many
        if found[0] == "%%":
            return "%"
        if found[1] is None:
            many += 1
            return f"${many}"
        return f"${names.setdefault(found[1], len(names) + 1)}"

    text = PLACES.sub(place, statement)
    return text, list(names), len(names) or many
