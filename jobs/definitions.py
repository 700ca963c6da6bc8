"""What a job of the timetable is: how often it is due, the function that finds its rows, and the
one that works them off.
"""

import logging
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial

from celery.schedules import crontab
from django.db.models import Model

from jobs import in_cells
from jobs.chunks import Failures, Turn
from jobs.in_cells import Group, InCells
from lib import cells
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
    # For a job that writes down when it tries a row again that has failed: those of these rows that
    # it tries again only after this instant. Their failures stay open until then.
    tried_after: Callable[[Collection[int], datetime], Collection[int]] | None = None
    where: InCells = InCells.ITS_OWN

    @property
    def queue(self) -> str | None:
        """The name of the queue that its chunks go to; None for the default queue."""
        return PROVIDERS if self.asks_providers else None

    def find(self, now: datetime) -> Sequence[int]:
        """The primary keys of the rows that are due at `now`; where the books are in cells, of all
        cells that the job works in, as its runs have them (`groups`).
        """
        if not cells.are_on():
            return self.due(now)
        return [key for group in self.groups(now) for key in group.keys]

    def groups(self, now: datetime) -> Sequence[Group]:
        """The primary keys of the rows that are due at `now`, by the cells that they are done in
        (jobs.in_cells): a group for each of these cells, also where nothing is due; one group in an
        installation without cells. The keys are as the job's runs have them, which may name the
        cell.
        """
        found = []
        for number in in_cells.of(self.where):
            with in_cells.at(number):
                found.append(Group(number, self._named(self.due(now))))
        return found

    def tried_later(self, keys: Collection[int], at: datetime) -> set[int]:
        """Those of the rows with these keys, which are as the job's runs have them, that are not
        due at the instant `at` but that the job tries again later, as it has written down; of all
        cells that it works in. Empty, without a query, for a job that writes down no such thing.
        """
        if self.tried_after is None or not keys:
            return set()
        found: set[int] = set()
        for number in in_cells.of(self.where):
            with in_cells.at(number):
                added = in_cells.added(self.where)
                found.update(self._named([*self.tried_after({key - added for key in keys}, at)]))
        return found

    def chunks(self, due: Sequence[int]) -> list[Sequence[int]]:
        """Split the primary keys of the rows that are due into chunks, each for one task, of at
        most the job's own chunk size, or CHUNK if it has none.
        """
        size = self.chunk or CHUNK
        return [due[start : start + size] for start in range(0, len(due), size)]

    def work_off(self, keys: Sequence[int], now: datetime, turn: Turn | None = None) -> Failures:
        """Do the rows with these primary keys, which are one chunk, and log each row that fails;
        returns the keys of these rows, each with its error. It is called inside the cell of the
        rows, and keys are as the job's runs have them.

        For a job that asks providers, `turn` takes up the rows that were not tried; without one,
        they cannot be told from those that were done. Other jobs ignore it. Raises
        TRANSIENT_ERRORS.
        """
        failures = self._work(keys, now, turn)
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

    def _work(self, keys: Sequence[int], now: datetime, turn: Turn | None) -> Failures:
        """Call `work` with these keys; returns the keys of the rows that failed, each with its
        error. Keys that name their cell (`_named`) are given to `work` without it, and are returned
        with it, also in `turn`.
        """
        added = in_cells.added(self.where)
        known = [key - added for key in keys] if added else keys
        failures = self.work(known, now, turn) if self.asks_providers else self.work(known, now)
        if turn is not None and added:
            for left in (turn.rest, turn.put_off, turn.in_other_hands):
                left[:] = self._named(left)
        return {key + added: error for key, error in failures.items()} if added else failures

    def _named(self, keys: Sequence[int]) -> Sequence[int]:
        """These primary keys as the job's runs have them. Where rows with the same keys are done in
        several cells, a number that stands for the present cell is added to each; otherwise they
        are unchanged.
        """
        added = in_cells.added(self.where)
        return [key + added for key in keys] if added else keys

    def merchants_of(self, keys: Sequence[int]) -> dict[int, int]:
        """Look up in the present cell whose the rows with these keys are. Returns the primary
        key of each row's merchant, None for a row of no merchant, by the key of the row, which
        is given and returned as the job's runs have it. Rows that are not there are left out.
        The result is empty for a job whose rows belong to no merchant.
        """
        if self.model is None or not self.merchant:
            return {}
        added = in_cells.added(self.where)
        rows = self.model._default_manager.filter(pk__in=[key - added for key in keys])
        return {key + added: of for key, of in rows.values_list("pk", self.merchant)}

    def first_due(self) -> datetime | None:
        """The first instant at which anything is due to this job, as its `due_from` says, the
        earliest of all cells; None if nothing ever is. Only for jobs that have `due_from`.
        """
        assert self.due_from is not None
        return self._earliest(self.due_from)

    def first_after(self, instant: datetime, timezones: Collection[str]) -> datetime | None:
        """The first instant after this one at which something falls due to this job by the passing
        of days in these time zones, as its `next_after` says, the earliest of all cells; None if
        nothing does. Only for jobs that have `next_after`.
        """
        assert self.next_after is not None
        return self._earliest(partial(self.next_after, instant, timezones))

    def _earliest(self, ask: Callable[[], datetime | None]) -> datetime | None:
        """The earliest instant that `ask` gives inside the cells that the job works in; None if it
        gives none in any of them.
        """
        instants = []
        for number in in_cells.of(self.where):
            with in_cells.at(number):
                instants.append(ask())
        return min((instant for instant in instants if instant is not None), default=None)

    def run_here(self, now: datetime, *, may_wait: bool = False, at_once: bool = False) -> None:
        """Do everything that is due at `now` in this process, as a replay does. With `may_wait`,
        rows that may wait are left if the job can tell them; with `at_once`, rows that need no
        provider are done in one go first, if the job can do so.

        A row that fails does not hold up the others. After all rows were tried, the first error
        that is not a refusal is raised; one of TRANSIENT_ERRORS is raised at once.
        """
        bugs: list[Exception] = []
        for number in in_cells.of(self.where):
            with in_cells.at(number):
                bugs += self._run_in_one(now, may_wait=may_wait, at_once=at_once)
        if bugs:
            raise bugs[0]

    def _run_in_one(self, now: datetime, *, may_wait: bool, at_once: bool) -> list[Exception]:
        """Do everything that is due at `now` in this process (`run_here`), inside one cell or
        without any; returns the errors that are no refusals.
        """
        due = self.cannot_wait(now) if may_wait and self.cannot_wait else self.due(now)
        if at_once and self.without_asking is not None:
            due = [key for chunk in self.chunks(due) for key in self.without_asking(chunk, now)]
        return [
            error
            for chunk in self.chunks(self._named(due))
            for error in self.work_off(chunk, now).values()
            if not isinstance(error, Refused)
        ]

    def tick_after(self, instant: datetime) -> datetime:
        """The first instant of the timetable after `instant` at which this job is due."""
        return self.tick_at(instant) + self.every

    def tick_at(self, instant: datetime) -> datetime:
        """The last instant of the timetable, up to and including `instant`, at which this job is
        due.
        """
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
