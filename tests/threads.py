"""Races: real threads, each with a connection of its own."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TypeVar

from django.db import connection

T = TypeVar("T")


def at_once(doing: Callable[[int], T], *, threads: int = 8) -> Counter[T]:
    """Do it in so many threads, all starting together; what they answered, and how often."""
    ready = Barrier(threads)

    def one(number: int) -> T:
        try:
            connection.ensure_connection()
            ready.wait()
            return doing(number)
        finally:
            connection.close()

    with ThreadPoolExecutor(threads) as pool:
        return Counter(pool.map(one, range(threads)))
