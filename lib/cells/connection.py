"""psycopg's connection, on which a cell holds for one transaction at a time.

It leans on how psycopg begins a transaction (`Connection._exec_command` is given the statement) and
on how a cursor of its client's sides sends one and takes its results (`_execute_send`,
`_set_results`). tests/machines/test_cells.py fails if a version of it does so otherwise.
"""

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import psycopg
from django.db.backends.postgresql import base
from psycopg import errors
from psycopg.generators import execute
from psycopg.pq import ExecStatus, Format, TransactionStatus
from psycopg.pq.abc import PGresult

from lib import cells
from lib.cells import moving

BEGIN = b"BEGIN"


class Connection(psycopg.Connection[Any]):
    """A connection whose transactions begin in the cell that their thread is inside."""

    _is_distributed: bool | None = None  # known once it was asked

    def _exec_command(self, command: Any, result_format: Format = Format.TEXT) -> Any:
        """Send a statement of psycopg's own; the cell is chosen in the message that begins a
        transaction, and so costs no round trip.
        """
        if cells.entered() and isinstance(command, bytes) and command.startswith(BEGIN):
            return self.begin_inside(command)
        return super()._exec_command(command, result_format)

    def begin_inside(self, command: bytes = BEGIN) -> Generator[Any, Any, None]:
        """Begin a transaction by psycopg's statement `command`, in the cell that the thread is
        inside, and ask what is to be asked with it (cells.asking). Raises the database's error if
        it cannot begin, and cells.Moves if that selects something; there is no transaction then.
        """
        self._check_connection_ok()
        question = cells.question().encode()
        if (yield from self.asks_whether_distributed()):
            yield from self._tell(command)
            for choice in choices(cells.entered(), cells.most_seconds()):
                yield from self._tell(choice)
            moves = bool(question) and (yield from self._tell(question))
        else:
            moves = yield from self._tell(command + b"; " + entering() + b" " + question)
        if moves:
            yield from self._tell(b"ROLLBACK")
            raise cells.Moves

    def begin_if_due(self) -> None:
        """Begin the transaction inside a cell that psycopg would begin with the next statement."""
        is_idle = self.pgconn.transaction_status == TransactionStatus.IDLE
        if cells.entered() and not self.autocommit and is_idle:
            with self.lock:
                self.wait(self.begin_inside(self._get_tx_start_command()))

    def asks_whether_distributed(self) -> Generator[Any, Any, bool]:
        """Whether the database is one of Citus, which hands other machines the whole message that a
        setting comes in: there nothing else may be in it. It is asked once for the connection, and
        outside of a transaction at first.
        """
        if self._is_distributed is None:
            self._is_distributed = yield from self._tell(moving.IS_DISTRIBUTED)
        return self._is_distributed

    def is_distributed(self) -> bool:
        """Whether the database is one of Citus, for whoever does not hold the connection's lock."""
        if self._is_distributed is None:
            with self.lock:
                self.wait(self.asks_whether_distributed())
        return bool(self._is_distributed)

    def _tell(self, message: bytes) -> Generator[Any, Any, bool]:
        """Send the message; returns whether something in it selected anything. Raises the
        database's error.
        """
        self.pgconn.send_query(message)
        found = False
        for result in (yield from execute(self.pgconn)):
            if result.status == ExecStatus.TUPLES_OK:
                found = found or result.ntuples > 0
            elif result.status != ExecStatus.COMMAND_OK:
                raise errors.error_from_result(result, self.info.encoding)
        return found

    def is_alone(self) -> bool:
        """Whether what is asked now would have no transaction, inside a cell."""
        is_idle = self.pgconn.transaction_status == TransactionStatus.IDLE
        return bool(cells.entered()) and self.autocommit and is_idle

    @contextmanager
    def of_its_own(self) -> Iterator[None]:
        """A context with a transaction around a statement that would have none, inside a cell."""
        if self.is_alone():
            with self.transaction():
                yield
        else:
            yield


LOCK_SECONDS = 60  # for which a lock is waited for inside a cell, so that it holds up no others


@cache
def choices(cell: str, most_seconds: float | None = None) -> tuple[bytes, ...]:
    """The statements by which the rest of a transaction is in this cell and waits for a lock no
    longer than LOCK_SECONDS; and if `most_seconds` are given, none of its statements takes longer.
    """
    path = f"SET LOCAL search_path TO {cell}, {cells.SHARED}"
    chosen = path.encode(), f"SET LOCAL lock_timeout = '{LOCK_SECONDS}s'".encode()
    if most_seconds is None:
        return chosen
    return *chosen, f"SET LOCAL statement_timeout = '{max(int(most_seconds * 1000), 1)}ms'".encode()


def entering() -> bytes:
    """The statements that choose the cell that the thread is inside for the rest of a transaction,
    in one message, each with a semicolon.
    """
    return _in_one_message(cells.entered(), cells.most_seconds())


@cache
def _in_one_message(cell: str, most_seconds: float | None) -> bytes:
    """The statements of `choices` for this cell and this bound, in one message, each with a
    semicolon.
    """
    return b" ".join(choice + b";" for choice in choices(cell, most_seconds))


class Cursor(base.CursorMixin, psycopg.ClientCursor[Any]):
    """Django's cursor. Each of its statements is in a transaction, inside a cell.

    One that would have none is sent behind the choice of its cell, and what is to be asked with
    that (cells.asking), in one message, for which the database makes a transaction: so it takes one
    round trip, as it does without cells.
    """

    _conn: Connection
    _before = 0  # statements that are sent before one that is alone

    def execute(self, *arguments: Any, **more: Any) -> Any:
        """Carry out a statement as psycopg does; one that would have no transaction gets its own
        inside a cell. Raises cells.Moves, too, and nothing was carried out then.
        """
        if not self._conn.is_alone():
            return super().execute(*arguments, **more)
        if self._conn.is_distributed():
            with self._conn.of_its_own():
                return super().execute(*arguments, **more)
        chosen = choices(cells.entered(), cells.most_seconds())
        self._before = len(chosen) + bool(cells.question())
        try:
            return super().execute(*arguments, **more)
        except errors.InvalidTextRepresentation as error:
            if moving.is_refusal(error):
                raise cells.Moves from error
            raise
        finally:
            self._before = 0

    def _execute_send(self, query: Any, **more: Any) -> None:
        """Send a statement as psycopg does. If it is alone (`execute` has set `_before`),
        the choice of its cell and what is to be asked with it (cells.asking) are put in
        front of it, into `query` itself. What is asked fails if it selects anything, and
        then nothing is carried out: `execute` makes cells.Moves of that error. There have
        to be `_before` statements in front, as `_set_results` leaves out so many results.
        """
        if self._before:
            before = entering() + b" "
            if question := cells.question():
                before += moving.refusing(question).encode() + b"; "
            query.query = before + query.query
        super()._execute_send(query, **more)

    def _set_results(self, results: list[PGresult]) -> None:
        """Take the results of what was sent; those of what was sent before it nobody asked for. An
        empty statement, by which a pool checks its connections, has none of its own.
        """
        super()._set_results(results[self._before :] or results)

    def executemany(self, *arguments: Any, **more: Any) -> Any:
        """Carry out a statement for each set of values, as psycopg does; they share a transaction
        of their own if they would have none inside a cell.
        """
        with self._conn.of_its_own():
            self._conn.begin_if_due()  # psycopg sends them by a pipeline, in which none can begin
            return super().executemany(*arguments, **more)

    @contextmanager
    def copy(self, *arguments: Any, **more: Any) -> Iterator[Any]:
        """The context of a COPY, as psycopg has it; one that would have no transaction gets its own
        inside a cell.
        """
        with self._conn.of_its_own(), super().copy(*arguments, **more) as copy:
            yield copy
