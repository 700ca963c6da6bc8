"""psycopg's connection, on which a cell holds for one transaction at a time.

It leans on how psycopg begins a transaction: `Connection._exec_command` is given the statement.
tests/machines/test_cells.py fails if a version of it does so otherwise.
"""

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from django.db.backends.postgresql import base
from psycopg import errors
from psycopg.generators import execute
from psycopg.pq import ExecStatus, Format, TransactionStatus

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
        inside, and ask what is to be asked with it (cells.asking). Raises the database's error if
        it cannot begin, and cells.Moves if that selects something.
        """
        self._check_connection_ok()
        begin = command + f"; SET LOCAL search_path TO {cells.entered()}, {cells.SHARED}".encode()
        question = cells.question().encode()
        # Citus tells other machines the whole message that a setting comes in.
        if question and (yield from self._is_distributed()):
            yield from self._tell(begin)
            moves = yield from self._tell(question)
        else:
            moves = yield from self._tell(begin + b"; " + question if question else begin)
        if moves:
            yield from self._tell(b"ROLLBACK")
            raise cells.Moves

    def _is_distributed(self) -> Generator[Any, Any, bool]:
        """Whether the database is one of Citus; asked once for the connection."""
        known: bool | None = getattr(self, "_distributed", None)
        if known is None:
            known = yield from self._tell(b"SELECT FROM pg_extension WHERE extname = 'citus'")
            self._distributed = known
        return known

    def _tell(self, message: bytes) -> Generator[Any, Any, bool]:
        """Send the message; returns whether something in it selected anything. Raises the
        database's error.
        """
        self.pgconn.send_query(message)
        found = False
        for result in (yield from execute(self.pgconn)):
            if result.status == ExecStatus.TUPLES_OK:
                found = result.ntuples > 0
            elif result.status != ExecStatus.COMMAND_OK:
                raise errors.error_from_result(result, self.info.encoding)
        return found

    @contextmanager
    def of_its_own(self) -> Iterator[None]:
        """A transaction around what would have none: a single statement, inside a cell."""
        is_idle = self.pgconn.transaction_status == TransactionStatus.IDLE
        if cells.entered() and self.autocommit and is_idle:
            with self.transaction():
                yield
        else:
            yield


class Cursor(base.CursorMixin, psycopg.ClientCursor[Any]):
    """Django's cursor. Each of its statements is in a transaction, inside a cell."""

    _conn: Connection

    def execute(self, *arguments: Any, **more: Any) -> Any:
        """Carry out a statement as psycopg does; one that would have no transaction gets its own
        inside a cell.
        """
        with self._conn.of_its_own():
            return super().execute(*arguments, **more)

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
