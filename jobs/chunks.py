"""Calls an operation for many rows so that one row that fails does not hold up the others."""

import time
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol

from celery.exceptions import SoftTimeLimitExceeded
from django.db import InterfaceError, OperationalError

from jobs.silences import KeepsSilent, Silences
from lib.cells import citus
from lib.clock import ClockAhead
from lib.refusals import Refused

Failures = dict[int, Exception]  # by the row's primary key

# Errors that are no row's fault: the database is away, a deadlock, the time is up, or the clock of
# this machine is wrong.
TRANSIENT_ERRORS = (OperationalError, InterfaceError, SoftTimeLimitExceeded, ClockAhead)


class MachineAway(Refused):
    """What all cells of a cluster share cannot be written while one of its machines is away."""

    code = "machine_away"

    def __init__(self, error: Exception) -> None:
        self.error = error
        super().__init__(
            "what all cells share is written on each machine, and one that has not this cell does"
            f" not answer: {error}"
        )


def of_row(error: Exception) -> Exception:
    """The error that a row which failed is left with until the next run, while others go on:
    `error` itself, unless it is one of TRANSIENT_ERRORS. Such a one is raised. If it says that
    another machine of a cluster is away than that of the rows' cell, though, which only the few
    rows need that write what all cells share, a MachineAway is returned instead (rule 30.27).
    """
    if not isinstance(error, TRANSIENT_ERRORS):
        return error
    if isinstance(error, OperationalError) and citus.is_of_another(error):
        return MachineAway(error)
    raise error


def one_by_one(do: Callable[[int], object], keys: Sequence[int]) -> Failures:
    """Call `do` with each of these primary keys in turn; returns the keys of the rows that failed,
    each with its error.

    One of TRANSIENT_ERRORS is raised at once, and the rows after it are not tried.
    """
    failures: Failures = {}
    for key in keys:
        try:
            do(key)
        except Exception as error:
            failures[key] = of_row(error)
    return failures


class Asks(Protocol):
    """An operation that asks a provider about the row with this key."""

    def __call__(self, key: int, /, *, now: datetime, silences: Silences) -> object: ...


class Turn:
    """The time that a worker has for a chunk whose rows each ask a provider, and the keys of the
    rows that it did not get to.

    It is over before Celery's time limit, which would strike in the middle of a request. `at` is
    the instant that the run works up to. With a `clock`, each row is done at the clock's time, but
    not before `at`, since a provider's answer is waited for from then on; without one, all rows are
    done at `at`. `seconds` is how long the turn lasts; None means without end.
    """

    def __init__(
        self,
        at: datetime,
        *,
        clock: Callable[[], datetime] | None = None,
        seconds: float | None = None,
        silences: Silences | None = None,
    ) -> None:
        self._at, self._clock = at, clock
        self._ends_at = None if seconds is None else time.monotonic() + seconds
        self.silences = silences or Silences()
        self.put_off: list[int] = []  # keys whose provider keeps silent: the next run tries them
        self.in_other_hands: list[int] = []  # keys that were left to the process with their lease
        self.rest: list[int] = []  # keys for another turn, since the time was up

    @property
    def now(self) -> datetime:
        """The instant at which the next row is done: the clock's time, but not before the instant
        that the run works up to; without a clock, that instant.
        """
        return max(self._at, self._clock()) if self._clock else self._at

    @property
    def is_over(self) -> bool:
        """Whether its seconds are up; never, if it has no end."""
        return self._ends_at is not None and time.monotonic() >= self._ends_at


def ask_one_by_one(ask: Asks, keys: Sequence[int], turn: Turn) -> Failures:
    """Call `ask` with each of these primary keys until the turn is over, and with the first one in
    any case; returns the keys of the rows that failed, each with its error.

    Keys whose provider keeps silent are added to `turn.put_off`, those whose lease another process
    has to `turn.in_other_hands`, and those that were not reached to `turn.rest`; none of them count
    as failed. One of TRANSIENT_ERRORS is raised at once.
    """
    failures: Failures = {}
    for place, key in enumerate(keys):
        if place and turn.is_over:
            turn.rest += keys[place:]
            break
        left_before = turn.silences.left
        try:
            ask(key, now=turn.now, silences=turn.silences)
            if turn.silences.left > left_before:
                turn.in_other_hands.append(key)
        except KeepsSilent:
            turn.put_off.append(key)
        except Exception as error:
            failures[key] = of_row(error)
    return failures


def run_bisecting(do: Callable[[Sequence[int]], object], keys: Sequence[int]) -> Failures:
    """Call `do` with all these primary keys together; if that fails, call it with each half of
    them, and so on down to the single rows at fault. Without any key it is not called.

    Returns the keys of the rows that failed, each with its error. `do` has to undo what it did
    before it failed, or be safe to run again. One of TRANSIENT_ERRORS is raised at once.
    """
    if not keys:
        return {}
    try:
        do(keys)
    except Exception as error:
        found = of_row(error)
        if len(keys) == 1:
            return {keys[0]: found}
        middle = len(keys) // 2
        return run_bisecting(do, keys[:middle]) | run_bisecting(do, keys[middle:])
    return {}
