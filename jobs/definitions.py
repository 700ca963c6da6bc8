"""What a job of the timetable is: how often it is due, the function that finds its rows, and the
one that works them off.
"""

import logging
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from celery.schedules import crontab
from django.db.models import Model

from jobs.chunks import Failures, Turn
from lib.refusals import Refused

log = logging.getLogger(__name__)

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
PROVIDERS = "providers"  # the queue of jobs that ask providers: one that hangs delays no others
QUEUES = ("celery", "timetable", PROVIDERS)
CHUNK = 250  # due rows a task takes: seconds of work, so that a lost worker costs little


@dataclass(frozen=True)
class Job:
    """A job that is due at every multiple of `every` since the epoch, in UTC.

    `due` takes an instant and returns the primary keys of the rows to do by then; `work` does one
    chunk of them and returns the keys that failed, each with its error. Both are safe to run again,
    at the same time, or late.
    """

    name: str
    due: Callable[[datetime], Sequence[int]]
    work: Callable[..., Failures]
    every: timedelta
    model: type[Model] | None = None  # whose primary keys these are
    merchant: str = ""  # the path from the row to its merchant's key
    # `work` does a chunk in one go: rows that failed before are then tried one by one.
    is_set_based: bool = False
    in_replay: bool = True  # False: it is about people who sign in, whom a replay does not have
    # Each row asks a provider, which may not answer: `work` also takes a Turn, and the chunks go to
    # workers of their own.
    asks_providers: bool = False
    chunk: int | None = None  # how many rows a task takes, where that is not CHUNK
    # The instant from which `due` finds something, if nothing else is written; None: never. A
    # replay asks it once for all ticks until something is written.
    due_from: Callable[[], datetime | None] | None = None
    # For a job that asks providers: does in one go those of the rows that need no asking, and
    # returns the others. A replay, which has thousands of them, calls it before `work`.
    without_asking: Callable[[Sequence[int], datetime], Sequence[int]] | None = None
    # For day-ends: those of the rows that are due which cannot wait. A replay leaves the rest until
    # somebody comes to them, or to its end.
    cannot_wait: Callable[[datetime], Sequence[int]] | None = None
    # The instant from which a run after the given one may have something to do that cannot wait, if
    # nothing else is written, for merchants in these time zones; None: never.
    next_after: Callable[[datetime, Collection[str]], datetime | None] | None = None

    @property
    def queue(self) -> str | None:
        """The name of the queue that its chunks go to; None for the default queue."""
        return PROVIDERS if self.asks_providers else None

    def find(self, now: datetime) -> Sequence[int]:
        """The primary keys of the rows that are due at `now`."""
        return self.due(now)

    def chunks(self, due: Sequence[int]) -> list[Sequence[int]]:
        """Split the primary keys of the rows that are due into chunks, each for one task, of at
        most the job's own chunk size, or CHUNK if it has none.
        """
        size = self.chunk or CHUNK
        return [due[start : start + size] for start in range(0, len(due), size)]

    def work_off(self, keys: Sequence[int], now: datetime, turn: Turn | None = None) -> Failures:
        """Do the rows with these primary keys, which are one chunk, and log each row that fails;
        returns the keys of these rows, each with its error.

        For a job that asks providers, `turn` takes up the rows that were not tried; other jobs
        ignore it. Raises TRANSIENT_ERRORS.
        """
        failures = self.work(keys, now, turn) if self.asks_providers else self.work(keys, now)
        for key, error in failures.items():
            expected = isinstance(error, Refused)
            log.error(
                "%s: row %s was left as it is: %s",
                self.name,
                key,
                error,
                exc_info=None if expected else error,
            )
        return failures

    def run_here(self, now: datetime, *, may_wait: bool = False, at_once: bool = False) -> None:
        """Do everything that is due at `now` in this process, as a replay does. With `may_wait`,
        rows that may wait are left if the job can tell them; with `at_once`, rows that need no
        provider are done in one go first, if the job can do so.

        A row that fails does not hold up the others. After all rows were tried, the first error
        that is not a refusal is raised; one of TRANSIENT_ERRORS is raised at once.
        """
        due = self.cannot_wait(now) if may_wait and self.cannot_wait else self.find(now)
        if at_once and self.without_asking is not None:
            due = [key for chunk in self.chunks(due) for key in self.without_asking(chunk, now)]
        bugs = [
            error
            for chunk in self.chunks(due)
            for error in self.work_off(chunk, now).values()
            if not isinstance(error, Refused)
        ]
        if bugs:
            raise bugs[0]

    def tick_after(self, instant: datetime) -> datetime:
        """The first instant of the timetable that is after `instant`."""
        return self.tick_at(instant) + self.every

    def tick_at(self, instant: datetime) -> datetime:
        """The last instant of the timetable that is not after `instant`."""
        return EPOCH + (instant - EPOCH) // self.every * self.every

    def crontab(self) -> crontab:
        """The job's interval as a crontab for beat. Raises ValueError if `every` divides neither an
        hour nor a day into whole parts.
        """
        minutes, rest = divmod(self.every, timedelta(minutes=1))
        if not rest and minutes and 60 % minutes == 0:
            return crontab(minute=f"*/{minutes}" if minutes < 60 else 0)
        hours, rest = divmod(self.every, timedelta(hours=1))
        if not rest and hours and 24 % hours == 0:
            return crontab(minute=0, hour=f"*/{hours}" if hours < 24 else 0)
        raise ValueError(f"{self.name}: {self.every} divides neither an hour nor a day")
