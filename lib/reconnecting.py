"""Retrying a write that must not be lost when its connection breaks."""

import time
from collections.abc import Callable
from typing import TypeVar

from django.db import InterfaceError, OperationalError, connection

T = TypeVar("T")

# The pause before each further try: a server that was restarted is back within seconds.
WAITS_SECONDS = (0.0, 1.0, 2.0)


def again(do: Callable[[], T]) -> T:
    """Call `do` and return its result; if the database's connection breaks, transactions deadlock,
    or it raises another OperationalError or InterfaceError, call it up to three more times, each on
    a new connection, at once and then after 1 and 2 seconds. `do` is one transaction, or safe to
    run twice. Raises the last error if none of these works. Within a transaction, which is lost
    with its connection, the first error is raised at once.
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
