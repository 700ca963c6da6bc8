"""Replaying a file of events at their own times, with the timetable in between.

Events are applied in the order of `at`, ties in the order of the file. What a window of events did
and how far the file has come are one transaction, so that a replay that was killed goes on where it
was, and ends like one that was not. Domain: events and API.
"""

import gzip
import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO

from django.conf import settings
from django.db import connection, transaction

from config.celery import EPOCH, TIMETABLE, Job
from config.events import EventRun
from config.models import Replay, ReplayRejection
from merchants import events
from merchants.events import Event, Outcome
from merchants.refusals import Invalid

MOST_EVENTS_AT_ONCE = 1000
NO_EVENT = "(no event)"  # what the table calls lines that say none
JOBS = [job for job in TIMETABLE if job.in_replay]


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the file: the event it says, or why it says none."""

    number: int
    at: datetime
    said: Event | Invalid


@dataclass(frozen=True)
class Source:
    """A file of events, looked through once before it is replayed."""

    path: Path
    digest: str
    lines: int
    last_at: datetime | None
    is_in_order: bool

    def read(self) -> Iterator[Line]:
        """Its lines in the order in which they happened; streamed if the file has that order."""
        lines = _lines(self.path)
        if self.is_in_order:
            return lines
        return iter(sorted(lines, key=lambda line: line.at))


def look_through(path: Path) -> Source:
    """Raises OSError when the file can't be read, also for a .gz file that is cut short."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    count, last_at, is_in_order = 0, None, True
    for line in _lines(path):
        count += 1
        if last_at is not None and line.at < last_at:
            is_in_order = False
        last_at = max(last_at or line.at, line.at)
    return Source(path, digest.hexdigest(), count, last_at, is_in_order)


def _open(path: Path) -> IO[bytes]:
    return gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb")  # type: ignore[return-value]


def _lines(path: Path) -> Iterator[Line]:
    """A line that is no event takes the instant of the line before it."""
    at = EPOCH
    with _open(path) as file:
        for number, text in enumerate(file, start=1):
            if not text.strip():
                continue
            try:
                event = events.parse(text)
            except Invalid as refusal:
                yield Line(number, at, refusal)
            else:
                at = event.at
                yield Line(number, at, event)


class Replaying:
    """One run of a replay. `progress` is told how many events each step has dealt with."""

    def __init__(self, source: Source, until: datetime, progress: Callable[[int], None]) -> None:
        self.source = source
        self.until = until
        self.progress = progress
        self.replay, _ = Replay.objects.get_or_create(
            digest=source.digest, defaults={"name": source.path.name}
        )

    def run(self) -> Replay:
        """Apply what the file has before `until`; follow the timetable up to and including it."""
        with _as_a_demonstration():
            self.progress(self.replay.events_done)
            for window in self._windows():
                self._apply(window)
                self.progress(len(window))
            self._follow_timetable(self.until)
            _run(JOBS, self.until)
        return self.replay

    def _windows(self) -> Iterator[Sequence[Line]]:
        """The lines not done yet, in runs between which the timetable has nothing to do."""
        window: list[Line] = []
        for place, line in enumerate(self.source.read()):
            if line.at >= self.until:
                break
            if place < self.replay.events_done:
                continue
            if len(window) >= MOST_EVENTS_AT_ONCE or line.at >= self._next_tick():
                if window:
                    yield window
                    window = []
                self._follow_timetable(line.at)
            window.append(line)
        if window:
            yield window

    def _next_tick(self) -> datetime:
        clock = self.replay.clock
        return min(job.tick_after(clock) for job in JOBS) if clock else EPOCH

    def _follow_timetable(self, instant: datetime) -> None:
        """Run the jobs at each of their instants after the clock, up to and including `instant`."""
        if self.replay.clock is None:
            self.replay.clock = instant
            return
        while (tick := self._next_tick()) <= instant:
            self.replay.clock = tick
            _run([job for job in JOBS if not (tick - EPOCH) % job.every], tick)
            self.after_tick(tick)

    def after_tick(self, tick: datetime) -> None:
        """For who has more to do at an instant of the timetable, once its jobs are done."""

    @transaction.atomic
    def _apply(self, window: Sequence[Line]) -> None:
        run = EventRun()
        for line in window:
            if isinstance(line.said, Event):
                run.apply(line.said, now=line.at)
        applied = iter(run.finish())
        outcomes = [
            next(applied) if isinstance(line.said, Event) else Outcome.rejected(line.said)
            for line in window
        ]
        self._note(window, outcomes)

    def _note(self, window: Sequence[Line], outcomes: Sequence[Outcome]) -> None:
        counts = defaultdict(dict, self.replay.outcomes)
        rejections = []
        for line, outcome in zip(window, outcomes, strict=True):
            name = line.said.type if isinstance(line.said, Event) else NO_EVENT
            counts[name][outcome.status] = counts[name].get(outcome.status, 0) + 1
            if outcome.status == "rejected":
                rejections.append(self._rejection(line, outcome))
        ReplayRejection.objects.bulk_create(rejections)
        self.replay.outcomes = dict(counts)
        self.replay.events_done += len(window)
        self.replay.save()

    def _rejection(self, line: Line, outcome: Outcome) -> ReplayRejection:
        event = line.said if isinstance(line.said, Event) else None
        return ReplayRejection(
            replay=self.replay,
            line=line.number,
            event=event.id if event else "",
            type=event.type if event else "",
            code=outcome.code,
            reason=outcome.reason[:1000],
        )


def _run(jobs: Sequence[Job], now: datetime) -> None:
    for job in jobs:
        job.run_here(now)


@contextmanager
def _as_a_demonstration() -> Iterator[None]:
    """Sandbox payments are allowed, and a commit need not wait for the disk: a replay can go on."""
    before = settings.TAEL_SANDBOX
    settings.TAEL_SANDBOX = True
    with connection.cursor() as cursor:
        cursor.execute("SET synchronous_commit = off")
    try:
        yield
    finally:
        settings.TAEL_SANDBOX = before
        with connection.cursor() as cursor:
            cursor.execute("RESET synchronous_commit")
