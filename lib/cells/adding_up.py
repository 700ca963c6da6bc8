"""Asks all cells the same at once, for what is added up over them (rule 30.10).

A cell that is slow or away holds nobody up: what it would have said is left out, and it is named.
"""

import contextvars
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Any, Generic, TypeVar

from django.db import (
    DEFAULT_DB_ALIAS,
    InterfaceError,
    OperationalError,
    connections,
    transaction,
)
from django.db.backends.base.base import BaseDatabaseWrapper

from lib import cells

log = logging.getLogger(__name__)
T = TypeVar("T")

MOST_AT_ONCE = 8  # cells that are asked at once, by all threads of a process
MOST_SECONDS = 4.0

BOUND = "SET LOCAL statement_timeout = '{}ms'"  # no statement outlasts whoever waits for it

_turns = threading.BoundedSemaphore(MOST_AT_ONCE)


@dataclass(frozen=True)
class Answers(Generic[T]):
    """What cells said, by their numbers in their order, and the numbers of those that did not
    answer in time.
    """

    found: Mapping[int, T]
    silent: Sequence[int] = ()


def each(ask: Callable[[], T], *, most_seconds: float | None = None) -> Answers[T]:
    """What the function, which reads and does not write, returns inside each cell. It must not
    return what still has to be read, such as a query.

    Cells are asked at once, on connections of their own to where this thread's leads. One that has
    not answered after `most_seconds`, MOST_SECONDS unless given, or to which there is no
    connection, is silent, which is logged; what else the function raises is raised. Where there is
    only one cell to ask, and in a transaction, which alone sees what it wrote, they are asked here,
    one after the other, without a bound.
    """
    numbers = cells.within()
    asking = connections[DEFAULT_DB_ALIAS]
    if len(numbers) == 1 or asking.in_atomic_block:
        return Answers({number: _here(number, ask) for number in numbers})
    seconds = MOST_SECONDS if most_seconds is None else most_seconds
    asked = _Asked(ask, numbers, asking, time.monotonic() + seconds)
    found = asked.answers(min(MOST_AT_ONCE, len(numbers)))
    silent = [number for number in numbers if number not in found]
    if silent:
        log.warning("Cells have not answered within %s seconds: %s", seconds, silent)
    return Answers({number: found[number] for number in numbers if number in found}, silent)


def _here(number: int, ask: Callable[[], T]) -> T:
    """What the function returns inside the cell with this number, on this thread's connection."""
    with cells.at(number):
        return ask()


class _Asked(Generic[T]):
    """Several cells that are asked the same by threads, until an instant of the monotonic clock."""

    def __init__(
        self,
        ask: Callable[[], T],
        numbers: Sequence[int],
        asking: BaseDatabaseWrapper,
        until: float,
    ) -> None:
        self._ask, self._asking, self._until = ask, asking, until
        self._left = deque(numbers)
        self._said: SimpleQueue[tuple[int, T | Exception]] = SimpleQueue()

    def answers(self, threads: int) -> dict[int, T]:
        """What the cells said in time, by their numbers, asked by so many threads. A cell with an
        OperationalError or InterfaceError is left out, as one that said nothing; whatever else the
        function raised is raised.
        """
        waited_for = len(self._left)
        for _ in range(threads):
            # They see the language and the time zone of the request, too.
            run = contextvars.copy_context().run
            threading.Thread(target=run, args=(self._work,), daemon=True).start()
        found: dict[int, T] = {}
        for _ in range(waited_for):
            try:
                number, said = self._said.get(timeout=max(self._until - time.monotonic(), 0))
            except Empty:
                break
            if not isinstance(said, Exception):
                found[number] = said
            elif not _is_of_the_way(said):
                raise said
        return found

    def _work(self) -> None:
        """Ask the cells that are left, one after the other, on a connection of this thread's
        own, until none is left or the time is up. What each says, or the error that it raises,
        is put into the queue that `answers` reads. Only MOST_AT_ONCE threads of a process ask
        at the same time; a thread waits for its turn, and asks nothing if the time is up
        before.
        """
        if not _turns.acquire(timeout=max(self._until - time.monotonic(), 0)):
            return
        connections[DEFAULT_DB_ALIAS] = own = _like(self._asking)
        try:
            while (seconds := self._until - time.monotonic()) > 0 and self._left:
                try:
                    number = self._left.popleft()
                except IndexError:
                    return
                self._said.put((number, self._answer(number, seconds)))
                own.close_if_unusable_or_obsolete()
        finally:
            own.close()
            _turns.release()

    def _answer(self, number: int, seconds: float) -> T | Exception:
        """Call the function, and return what it returns or raises inside the cell with this number,
        in a transaction of which no statement takes longer.
        """
        try:
            with cells.at(number), transaction.atomic():
                with connections[DEFAULT_DB_ALIAS].cursor() as cursor:
                    cursor.execute(BOUND.format(max(int(seconds * 1000), 1)))
                return self._ask()
        except Exception as error:
            return error


def _like(asking: BaseDatabaseWrapper) -> BaseDatabaseWrapper:
    """A new connection to where this one leads; it is in no pool, which whoever asks may have
    emptied.
    """
    own: Any = asking.copy()
    own.settings_dict["OPTIONS"].pop("pool", None)
    return own  # type: ignore[no-any-return]


def _is_of_the_way(error: Exception) -> bool:
    """Whether the error says that no answer came: its connection broke, or its time was up."""
    return isinstance(error, (OperationalError, InterfaceError))
