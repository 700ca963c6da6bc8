"""Bounds how long a statement may run in the database, and how long its answer is waited for.

On a web server's connections the database stops a statement after ten seconds (config/wsgi.py):
whoever waits for a page has given up by then, and others want the connection. Jobs and commands
have no such bound.

A database that hangs, or that the network cuts off, stops nothing. Then the wait ends on our side
two seconds later, and the connection is closed.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from django.db import connection, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg.pq import TransactionStatus

from lib import pooled

STATEMENT_SECONDS = 10
# A file is sent as it is made, so that its one statement lasts as long as its reader takes.
DOWNLOAD_SECONDS = 15 * 60
GRACE_SECONDS = 2  # for the database's own word that it stopped a statement


class _Wait:
    """Takes the place of the `wait` method of a psycopg connection, through which all its answers
    come, and adds a time-out.
    """

    def __init__(self, to_server: psycopg.Connection[Any]) -> None:
        self.pgconn = to_server.pgconn
        self.wait: Callable[..., Any] = to_server.wait
        self.seconds: float = STATEMENT_SECONDS

    def __call__(self, gen: Any, *arguments: Any, **more: Any) -> Any:
        """Return what psycopg waits for. Raises OperationalError, and closes the connection, if it
        does not come in time.
        """
        more.setdefault("timeout", self.seconds + GRACE_SECONDS)
        try:
            return self.wait(gen, *arguments, **more)
        except psycopg.OperationalError as error:
            if self.pgconn.transaction_status != TransactionStatus.ACTIVE:
                raise
            # Otherwise its answer could still come, and be taken for that of another statement.
            self.pgconn.finish()
            raise psycopg.OperationalError(
                f"there was no answer within {more['timeout']} seconds"
            ) from error


def bound(sender: Any, connection: BaseDatabaseWrapper, **_: Any) -> None:
    """Receiver of Django's `connection_created`: the database stops statements of the new
    connection after ten seconds, and we stop waiting for their answers soon after.

    Where a pooler lends connections by the transaction, it has to set the first of these itself
    (docs/operations.md).
    """
    to_server = connection.connection
    if isinstance(to_server.wait, _Wait):  # it comes from a pool, and was bounded before
        return
    to_server.wait = _Wait(to_server)
    if not pooled.by_transaction():
        with connection.cursor() as cursor:
            cursor.execute(f"SET statement_timeout = '{STATEMENT_SECONDS}s'")


@contextmanager
def waiting(seconds: float) -> Iterator[None]:
    """A context in which answers of the default database's connection are waited for no longer than
    `seconds` and GRACE_SECONDS: then the connection is closed, and OperationalError raised. It is
    for what the database, or a machine behind it, does not stop by itself. A web server's
    connection keeps the time-out that it has, whatever `seconds` says.
    """
    connection.ensure_connection()
    to_server: Any = connection.connection
    if isinstance(to_server.wait, _Wait):  # a web server's, which waits no longer than that
        yield
        return
    to_server.wait = wait = _Wait(to_server)
    wait.seconds = seconds
    try:
        yield
    finally:
        del to_server.wait


@contextmanager
def download() -> Iterator[None]:
    """Let the statements of the block, which this makes one transaction, run for up to 15 minutes,
    as a download may take. Does nothing, and makes no transaction, on a connection whose statements
    are not bounded.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('statement_timeout')")
        (usual,) = cursor.fetchone()
    if usual == "0" and not isinstance(connection.connection.wait, _Wait):
        yield
        return
    try:
        with transaction.atomic():
            _set(f"{DOWNLOAD_SECONDS}s")
            _wait_for(DOWNLOAD_SECONDS)
            yield
            _set(usual)  # for what follows in a transaction around this one
    finally:
        _wait_for(STATEMENT_SECONDS)


def _set(value: str) -> None:
    """Set the statement_timeout of the present transaction in the database."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('statement_timeout', %s, true)", [value])


def _wait_for(seconds: int) -> None:
    """Set after how many seconds, and GRACE_SECONDS, we stop waiting for an answer on the
    connection; nothing if it is not bounded, or broke.
    """
    wait = getattr(connection.connection, "wait", None)  # none: it broke
    if isinstance(wait, _Wait):
        wait.seconds = seconds
