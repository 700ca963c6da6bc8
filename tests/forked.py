"""A process of its own for work that is killed, forked from the tests': it has all that they have
imported, and their monkeypatches, so that it begins within milliseconds.

    process = forked.start(lambda: payouts.send(withdrawal.pk, now=now))
    process.join()
    assert process.exitcode == -signal.SIGKILL

Its database is that of the test, on a connection of its own. So the test has to have committed.
"""

import multiprocessing
import os
import signal
from collections.abc import Callable
from multiprocessing.context import ForkProcess
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connection, connections

PATIENCE_SECONDS = 120

_parents: list[Any] = []  # a connection that was forked along must not be closed: it is the test's


def start(work: Callable[[], object]) -> ForkProcess:
    """A process that does the work, and ends. To be ended by the caller."""
    process = multiprocessing.get_context("fork").Process(target=_begin, args=(work,), daemon=True)
    process.start()
    return process


def run(work: Callable[[], object]) -> int | None:
    """Do the work in another process, and return its exit code: what a signal killed has its number
    below 0. It is killed after PATIENCE_SECONDS.
    """
    process = start(work)
    process.join(PATIENCE_SECONDS)
    process.kill()  # nothing, unless it took too long
    return process.exitcode


def killed_before(statements: int, work: Callable[[], object]) -> int | None:
    """Do the work in another process, which kills itself before the SQL statement that follows on
    so many. Returns its exit code.
    """
    left = statements

    def count(execute: Any, *statement: Any) -> Any:
        """Carry the statement out; kill this process instead once there were enough."""
        nonlocal left
        left -= 1
        if left < 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return execute(*statement)

    def counted() -> None:
        """Do the work, with its statements counted."""
        with connection.execute_wrapper(count):
            work()

    return run(counted)


def _begin(work: Callable[[], object]) -> None:
    """Do the work in the new process, which has a connection to the database of its own."""
    _parents.append(connections[DEFAULT_DB_ALIAS])
    connections[DEFAULT_DB_ALIAS] = connections.create_connection(DEFAULT_DB_ALIAS)
    work()
