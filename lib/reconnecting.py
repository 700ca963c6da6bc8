"""Writing down what cannot be asked for again, though the connection broke meanwhile."""

import time
from collections.abc import Callable
from typing import TypeVar

from django.db import InterfaceError, OperationalError, connection

T = TypeVar("T")

# Before each further try: a server that was restarted is back within seconds.
WAITS_SECONDS = (0.0, 1.0, 2.0)


def again(do: Callable[[], T]) -> T:
    """Do it, and again on a new connection where the old one broke or two deadlocked.

    `do` is one transaction, or safe to run twice. Raises what the database raised at last, when it
    is gone for longer; within a transaction, which is lost with its connection, at once.
    """
    for wait in WAITS_SECONDS:
        try:
            return do()
        except (OperationalError, InterfaceError):
            if connection.in_atomic_block:
                raise
            connection.close()
            time.sleep(wait)
    return do()
