"""Works off many rows so that one that fails does not hold up the others."""

import time
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol

from celery.exceptions import SoftTimeLimitExceeded
from django.db import InterfaceError, OperationalError

from jobs.silences import KeepsSilent, Silences

Failures = dict[int, Exception]  # by the row's primary key

# What is no row's fault: the database went away, two deadlocked, or the time is up.
TRANSIENT_ERRORS = (OperationalError, InterfaceError, SoftTimeLimitExceeded)


def one_by_one(do: Callable[[int], object], keys: Sequence[int]) -> Failures:
    """Call `do` for each row by itself; returns the rows that failed, each with its error.

    Raises TRANSIENT_ERRORS at once.
    """
    failures: Failures = {}
    for key in keys:
        try:
            do(key)
        except TRANSIENT_ERRORS:
            raise
        except Exception as error:
            failures[key] = error
    return failures


class Asks(Protocol):
    """An operation that asks a provider about one row."""

    def __call__(self, key: int, /, *, now: datetime, silences: Silences) -> object: ...


class Turn:
    """A worker's turn at rows that each ask a provider: when it ends, and which rows were not
    tried.

    Between two rows it looks at its own clock: it ends before Celery's time limit, which would
    strike in the middle of a request. Each row is done at the time that it is then, since an answer
    is waited for from there on; without `clock`, all of them at the instant of the run.
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
        self.put_off: list[int] = []  # their provider keeps silent: the next run tries them
        self.rest: list[int] = []  # the time was up: another turn does them

    @property
    def now(self) -> datetime:
        return max(self._at, self._clock()) if self._clock else self._at

    @property
    def is_over(self) -> bool:
        return self._ends_at is not None and time.monotonic() >= self._ends_at


def ask_one_by_one(ask: Asks, keys: Sequence[int], turn: Turn) -> Failures:
    """Call `ask` for each row by itself while the turn lasts, at least once; returns the rows that
    failed, each with its error.

    What was not tried is in `turn.put_off` and `turn.rest` afterwards. Raises TRANSIENT_ERRORS at
    once.
    """
    failures: Failures = {}
    for place, key in enumerate(keys):
        if place and turn.is_over:
            turn.rest += keys[place:]
            break
        try:
            ask(key, now=turn.now, silences=turn.silences)
        except TRANSIENT_ERRORS:
            raise
        except KeepsSilent:
            turn.put_off.append(key)
        except Exception as error:
            failures[key] = error
    return failures


def run_bisecting(do: Callable[[Sequence[int]], object], keys: Sequence[int]) -> Failures:
    """Call `do` for all rows together; where that fails, for each half of them, down to the rows at
    fault.

    Returns the rows that failed, each with its error. `do` has to undo what it did before it
    failed, or be safe to run again. Raises TRANSIENT_ERRORS at once.
    """
    try:
        do(keys)
    except TRANSIENT_ERRORS:
        raise
    except Exception as error:
        if len(keys) == 1:
            return {keys[0]: error}
        middle = len(keys) // 2
        return run_bisecting(do, keys[:middle]) | run_bisecting(do, keys[middle:])
    return {}
