"""Replaying a file of events at their own times, with the timetable in between.

Events are applied in the order of `at`, ties in the order of the file. What a window of events did
and how far the file has come are one transaction, so that a replay that was killed goes on where it
was, and ends like one that was not. See chapter 23 of docs/rules.md.

With TAEL_SANDBOX it is a demonstration or a test. Without, it moves a marketplace in before it
opens: no provider is asked, nobody is mailed, and the bills it draws up were settled outside
(`billing.moving_in`). Books at which a scheduler has been at work are live, and take no replay.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import partial

from django.conf import settings
from django.db import connection, transaction
from django.db.models import F, Value
from django.db.models.functions import Greatest

from billing import moving_in
from gateway.events import new_run
from gateway.models import Replay
from gateway.replay_records import note
from gateway.replayed_files import Line, Source
from jobs import leases
from jobs.definitions import EPOCH, Job
from jobs.queries import heartbeat_at
from jobs.timetable import all_jobs
from lib import cells, events, locks, pooled
from lib.events import Event, Outcome
from lib.refusals import Refused
from lib.texts import shown
from merchants.queries import time_zones_in_use
from notices.operations import notices

MOST_EVENTS_AT_ONCE = 1000
COLLECTING = "collect-payments"  # the one of them that asks providers


def jobs_of_a_replay() -> Sequence[Job]:
    """The jobs of the timetable that a replay runs: those that concern the books."""
    return [job for job in all_jobs() if job.in_replay]


class LiveBooks(Refused):
    """A scheduler has been at work at these books, and this is not a demonstration."""


class ReplayedByAnother(Refused):
    """Another process is replaying the same file."""


class NoDemonstration(Refused):
    """Only a demonstration may be replayed beyond the clock, and this is not one."""


class Replaying:
    """One run of a replay: it applies the events of `source` before `until`, and runs the jobs that
    fall due in between.

    `progress` is called with the number of events that each step has done. With `beyond_now`,
    `until` may be later than the clock, and the database keeps how far it was. Unless TAEL_SANDBOX
    is set, the run moves a marketplace in: no payments are collected and nobody is mailed. Where
    the books are in cells, merchants join `cell`, or without it the one with the fewest.
    """

    # For runs that do more than the jobs at instants of the timetable: no events before such an
    # instant are applied together with events after it, even if no job is due.
    stops_at_each_tick = False

    def __init__(
        self,
        source: Source,
        until: datetime,
        progress: Callable[[int], None],
        *,
        beyond_now: bool = False,
        cell: int | None = None,
    ) -> None:
        self.cell = cell
        self.source = source
        self.until = until
        self.progress = progress
        self.beyond_now = beyond_now
        self._zones: Collection[str] | None = None
        # What `_due_from` said of each job, until something is written.
        self._due: dict[str, datetime | None] = {}
        self.is_moving_in = not settings.TAEL_SANDBOX
        self.jobs = [
            job for job in jobs_of_a_replay() if not (self.is_moving_in and job.name == COLLECTING)
        ]

    def run(self) -> Replay:
        """Apply the events before `until` that are not applied yet, and run the jobs at each
        instant of the timetable up to and including it, and all of them once as of `until`. Returns
        the record of the replay.

        Raises LiveBooks, NoDemonstration and ReplayedByAnother before anything is changed;
        LiveBooks also later, if a scheduler starts meanwhile. It holds an advisory lock of the file
        meanwhile.
        """
        if self.is_moving_in and self.beyond_now:
            raise NoDemonstration("--beyond-now is for demonstrations, which have TAEL_SANDBOX=1.")
        self._check_not_live()
        name = f"replay {self.source.digest}"
        with locks.try_advisory_lock(name) as is_held:
            if not is_held:
                raise ReplayedByAnother(f"{self.source.path} is being replayed by another process.")
            # A replay that was killed left its leases under this name: they are freed first.
            with _quick_commits(), moving_in.books(self.is_moving_in), leases.owned_by(name):
                self._load()
                self._go_on()
        return self.replay

    def _load(self) -> None:
        """Load the record of how far this file has been applied, or create it. A replay that may go
        beyond the clock also stores in it up to which instant.
        """
        self.replay, _ = Replay.objects.get_or_create(
            digest=self.source.digest, defaults={"name": shown(self.source.path.name, 255)}
        )
        if self.beyond_now:
            farthest = Greatest(F("beyond_now_until"), Value(self.until))
            Replay.objects.filter(pk=self.replay.pk).update(beyond_now_until=farthest)
            self.replay.refresh_from_db()

    def _go_on(self) -> None:
        """Apply what is left of the file, window by window, follow the timetable up to `until`, and
        then run all jobs once as of `until`. Raises LiveBooks if a scheduler has been at work
        meanwhile.
        """
        self.progress(self.replay.events_done)
        for window in self._windows():
            self._take(window)
        self._follow_timetable(self.until)
        self._run(self.jobs, self.until)

    def _take(self, window: Sequence[Line]) -> None:
        """Apply a group of lines. If by what they did a job is due between two of them, those
        before that instant are applied first, then the timetable is followed, then the others.
        Raises LiveBooks if a scheduler has been at work meanwhile.
        """
        while window:
            self._check_not_live()
            due = self._apply(window)
            if due is None:
                self.progress(len(window))
                return
            before = [line for line in window if line.at < due]
            self._take(before)
            window = window[len(before) :]
            self._follow_timetable(window[0].at)

    def _check_not_live(self) -> None:
        """Raise LiveBooks if a scheduler has been at work, unless this is a demonstration."""
        if self.is_moving_in and heartbeat_at() is not None:
            raise LiveBooks(
                "These books are live: a scheduler has been at work, and TAEL_SANDBOX is not set."
                " They take no replay."
            )

    def _windows(self) -> Iterator[Sequence[Line]]:
        """Yield the lines before `until` that are not applied yet, in groups of at most
        MOST_EVENTS_AT_ONCE within which no job is due by what the books say before them. Between
        two groups it runs the jobs that are.
        """
        window: list[Line] = []
        ends = EPOCH
        for place, line in enumerate(self.source.read()):
            if line.at >= self.until:
                break
            if place < self.replay.events_done:
                continue
            if len(window) >= MOST_EVENTS_AT_ONCE or line.at >= ends:
                if window:
                    yield window
                    window = []
                self._follow_timetable(line.at)
                ends = self._next_due()
            window.append(line)
            if _founds(line):  # its first bill is to be collected
                ends = min(ends, *(job.tick_after(line.at) for job in self.jobs))
        if window:
            yield window

    def _next_tick(self) -> datetime:
        """The next instant of the timetable after the replay's clock at which one of its jobs is
        due, whether or not it will have anything to do; EPOCH before the clock is set.
        """
        clock = self.replay.clock
        return min(job.tick_after(clock) for job in self.jobs) if clock else EPOCH

    def _next_due(self) -> datetime:
        """The next instant of the timetable at which a job may have something to do that cannot
        wait, as the books are now: `until` if none has, and EPOCH before the clock is set. A replay
        that stops at each tick takes each job for one that has.
        """
        clock = self.replay.clock
        if clock is None or self.stops_at_each_tick:
            return self._next_tick()
        ticks = []
        for job in self.jobs:
            since = self._due_from(job, clock)
            if since is not None:
                ticks.append(
                    max(job.tick_after(clock), -(-(since - EPOCH) // job.every) * job.every + EPOCH)
                )
        return min(ticks, default=self.until)

    def _due_from(self, job: Job, clock: datetime) -> datetime | None:
        """The instant from which the job may have something to do that cannot wait, if it was done
        up to `clock` and nothing else is written; None: never. It is asked for once for all later
        ticks, until something is written.
        """
        if job.name not in self._due:
            if job.next_after is not None and not self.stops_at_each_tick:
                self._due[job.name] = job.first_after(clock, self._time_zones())
            else:
                self._due[job.name] = clock if job.due_from is None else job.first_due()
        return self._due[job.name]

    def _time_zones(self) -> Collection[str]:
        """The time zones of merchants. They are asked for once for all ticks, until events are
        applied, by which others may come.
        """
        if self._zones is None:
            self._zones = time_zones_in_use()
        return self._zones

    def _follow_timetable(self, instant: datetime) -> None:
        """At each instant of the timetable after the replay's clock, up to and including `instant`,
        run those of its jobs that may have something to do, and set the clock to it. The first call
        of a replay runs none, and sets the clock to `instant`.
        """
        if self.replay.clock is None:
            if instant > EPOCH:  # where lines stand that come before any event
                self.replay.clock = instant
            return
        while (tick := self._next_tick()) <= instant:
            before, self.replay.clock = self.replay.clock, tick
            for job in self.jobs:
                if (tick - EPOCH) % job.every:
                    continue
                since = self._due_from(job, before)
                if since is not None and since <= tick:
                    self._run([job], tick, may_wait=not self.stops_at_each_tick)
            self.after_tick(tick)
            if self.stops_at_each_tick:
                self._due.clear()  # it may write

    def _run(self, jobs: Sequence[Job], now: datetime, *, may_wait: bool = False) -> None:
        """Run these jobs as of `now`, in this process; with `may_wait`, only what of their work
        cannot wait. When a marketplace moves in, notices up to then are kept from being mailed.
        """
        for job in jobs:
            job.run_here(now, may_wait=may_wait, at_once=True)
            self._due.clear()  # by what it wrote, others may be due
        if self.is_moving_in:
            cells.in_each(partial(notices.keep_unmailed, up_to=now))

    def after_tick(self, tick: datetime) -> None:
        """Called at each instant of the timetable after its jobs are done. It does nothing;
        subclasses may override it.
        """

    @transaction.atomic
    def _apply(self, window: Sequence[Line]) -> datetime | None:
        """Apply a group of events and record their outcomes, in one transaction; returns None.

        If by what they did a job is due at an instant that is not after the last of them, nothing
        is kept, and that instant is returned.
        """
        self._zones = None
        self._due.clear()
        run = new_run(self.cell, is_live=False)
        run.hold(
            (line.parsed for line in window if isinstance(line.parsed, Event)),
            days_to=window[0].at,
        )
        for line in window:
            if isinstance(line.parsed, Event):
                run.apply(line.parsed, now=line.at)
        applied = iter(run.finish())
        outcomes = [
            next(applied) if isinstance(line.parsed, Event) else Outcome.rejected(line.parsed)
            for line in window
        ]
        # Without a clock there was no event yet, and nothing is due.
        is_clear = self.replay.clock is None or self._next_tick() > window[-1].at
        if not is_clear and (due := self._next_due()) <= window[-1].at:
            transaction.set_rollback(True)
            self._due.clear()
            return due
        if self.is_moving_in:
            cells.in_each(partial(notices.keep_unmailed, up_to=window[-1].at))
        note(self.replay, window, outcomes)
        return None


def _founds(line: Line) -> bool:
    """Whether a merchant joins by the event on this line."""
    return isinstance(line.parsed, Event) and isinstance(
        events.type_named(line.parsed.type), events.FoundingType
    )


@contextmanager
def _quick_commits() -> Iterator[None]:
    """Do not wait for the disk at commits while the block runs. After a crash the replay goes on
    from the last commit that is on disk. Does nothing where connections are pooled by transaction.
    """
    if pooled.by_transaction():  # it would be met by others, whose commits have to be on disk
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute("SET synchronous_commit = off")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("RESET synchronous_commit")
