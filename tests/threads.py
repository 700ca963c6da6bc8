"""Races: real threads, each with a connection of its own.

What a race's test says has to hold whoever comes first, also in the order that the threads hardly
ever take. `every_order` runs a test as a race, and among the `full` ones in each of three orders in
which one thread after the other has its turn.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from threading import Barrier
from typing import TypeVar

import pytest
from django.db import connection

T = TypeVar("T")
Order = Callable[[int], Sequence[int]]  # whose turn it is, of so many threads

ORDERS: dict[str, Order] = {
    "first to last": lambda threads: range(threads),
    "last to first": lambda threads: range(threads)[::-1],
    "odd before even": lambda threads: [*range(1, threads, 2), *range(0, threads, 2)],
}
_in_turn: list[Order] = []  # while a test runs in an order; threads begun in a turn race again


def every_order(test: Callable[..., None]) -> Callable[..., None]:
    """Mark a test of a race to be run in each order, too."""
    full = [pytest.param(name, marks=pytest.mark.full) for name in ORDERS]
    orders = pytest.mark.parametrize("in_order", [None, *full], indirect=True)
    ordered: Callable[..., None] = pytest.mark.usefixtures("in_order")(orders(test))
    return ordered


@contextmanager
def in_turn(name: str | None) -> Iterator[None]:
    """A context in which `at_once` gives the threads their turns in one of ORDERS; without a name,
    all race.
    """
    _in_turn[:] = [ORDERS[name]] if name else []
    try:
        yield
    finally:
        _in_turn.clear()


def at_once(doing: Callable[[int], T], *, threads: int = 8) -> Counter[T]:
    """Do it in so many threads that all start together, each given its number. Returns how often
    each answer came.
    """
    if _in_turn:
        return Counter(_one(doing, number) for number in _in_turn[0](threads))
    ready = Barrier(threads)
    with ThreadPoolExecutor(threads) as pool:
        return Counter(pool.map(partial(_one, doing, ready=ready), range(threads)))


def _one(doing: Callable[[int], T], number: int, ready: Barrier | None = None) -> T:
    """What the doing answers to its number, once all threads are ready; the thread's connection is
    closed then.
    """
    if ready is None:
        return doing(number)
    try:
        connection.ensure_connection()
        ready.wait()
        return doing(number)
    finally:
        connection.close()


def is_waited_for() -> bool:
    """Whether somebody waits for a lock that this connection holds."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_locks"
            " WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid))"
        )
        return bool(cursor.fetchone()[0])
