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


class Connection(psycopg.Connection[Any]):
    """A connection whose transactions begin in the cell that their thread is inside."""

    def _exec_command(self, command: Any, result_format: Format = Format.TEXT) -> Any:
        """Send a statement of psycopg's own; the cell is chosen in the message that begins a
        transaction, and so costs no round trip.
        """
        if cells.entered() and isinstance(command, bytes) and command.startswith(b"BEGIN"):
            return self._begin(command)
        return super()._exec_command(command, result_format)

    def _begin(self, command: bytes) -> Generator[Any, Any, None]:
        """Begin a transaction by psycopg's statement `command`, in the cell that the thread is
        inside; raises the database's error if it cannot begin.
        """
        self._check_connection_ok()
        self.pgconn.send_query(command + b"; " + entering(cells.entered()))
        for result in (yield from execute(self.pgconn)):
            if result.status != ExecStatus.COMMAND_OK:
                raise errors.error_from_result(result, self.info.encoding)

    def is_alone(self) -> bool:
        """Whether what is asked now would have no transaction, inside a cell."""
        is_idle = self.pgconn.transaction_status == TransactionStatus.IDLE
        return bool(cells.entered()) and self.autocommit and is_idle

    @contextmanager
    def of_its_own(self) -> Iterator[None]:
        """A transaction around what would have none, inside a cell."""
        if self.is_alone():
            with self.transaction():
                yield
        else:
            yield


LOCK_SECONDS = 60  # for which a lock is waited for inside a cell, so that it holds up no others
CHOICES = 2  # statements of `entering`


@cache
def entering(cell: str) -> bytes:
    """The two statements by which the rest of a transaction is in this cell and waits for a lock no
    longer than LOCK_SECONDS, each with a semicolon.
    """
    path = f"SET LOCAL search_path TO {cell}, {cells.SHARED};"
    return f"{path} SET LOCAL lock_timeout = '{LOCK_SECONDS}s';".encode()


class Cursor(base.CursorMixin, psycopg.ClientCursor[Any]):
    """Django's cursor. Each of its statements is in a transaction, inside a cell.

    One that would have none is sent behind the choice of its cell in one message, for which the
    database makes a transaction: so it takes one round trip, as it does without cells.
    """

    _conn: Connection
    _is_alone = False

    def execute(self, *arguments: Any, **more: Any) -> Any:
        """Carry out a statement as psycopg does; one that would have no transaction gets its own
        inside a cell.
        """
        self._is_alone = self._conn.is_alone()
        try:
            return super().execute(*arguments, **more)
        finally:
            self._is_alone = False

    def _execute_send(self, query: Any, **more: Any) -> None:
        """Send a statement as psycopg does, behind the choice of its cell if it is alone."""
        if self._is_alone:
            query.query = entering(cells.entered()) + b" " + query.query
        super()._execute_send(query, **more)

    def _set_results(self, results: list[PGresult]) -> None:
        """Take the results of what was sent; those of the choice of the cell nobody asked for. An
        empty statement, by which a pool checks its connections, has none of its own.
        """
        super()._set_results((results[CHOICES:] or results) if self._is_alone else results)

    def executemany(self, *arguments: Any, **more: Any) -> Any:
        """Carry out a statement for each set of values, as psycopg does; they share a transaction
        of their own if they would have none inside a cell.
        """
        with self._conn.of_its_own():
            return super().executemany(*arguments, **more)

    @contextmanager
    def copy(self, *arguments: Any, **more: Any) -> Iterator[Any]:
        """The context of a COPY, as psycopg has it; one that would have no transaction gets its own
        inside a cell.
        """
        with self._conn.of_its_own(), super().copy(*arguments, **more) as copy:
            yield copy
