"""Reads how the timetable is doing, for operators, `manage.py jobs` and /readyz."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Greatest

from jobs import facts, in_cells
from jobs.definitions import Job
from jobs.in_cells import OUTSIDE
from jobs.models import Heartbeat, JobFailure, JobRun
from jobs.timetable import all_jobs
from lib import cells

SCHEDULER = "scheduler"
STALE_AFTER = timedelta(minutes=3)  # beat asks for a heartbeat each minute
STUCK_AFTER = timedelta(hours=1)
OWED_AFTER = timedelta(minutes=1)  # a message may take so long from beat to a worker
LOST_SHOWN_FOR = timedelta(days=1)  # after it was closed
KEPT_IDLE = timedelta(days=2)  # runs of the timetable that found nothing to do
MOST_LISTED = 20

# For each job: its last run, the instant up to which the timetable's own runs have come, and the
# number of parked rows. Each is read from the end of an index, however many runs there were. Where
# the books are in cells, it has come as far as in the cell that is the furthest behind.
JOBS = """
SELECT job.name, last.id, done.due_at, parked.rows, done.cell
FROM unnest(%(jobs)s::text[]) WITH ORDINALITY AS job(name, place)
LEFT JOIN LATERAL (
    SELECT id FROM jobs_jobrun run WHERE run.job = job.name ORDER BY id DESC LIMIT 1
) last ON true
LEFT JOIN LATERAL (
    SELECT of_cell.due_at, part.cell
    FROM unnest(%(of)s::text[], %(cells)s::integer[]) AS part(job, cell)
    CROSS JOIN LATERAL (
        SELECT due_at FROM jobs_jobrun run
        WHERE run.job = part.job AND run.cell = part.cell
        AND ended_at IS NOT NULL AND actor = '' AND error = '' AND NOT is_lost
        ORDER BY id DESC LIMIT 1
    ) of_cell
    WHERE part.job = job.name
    ORDER BY of_cell.due_at, part.cell LIMIT 1
) done ON true
CROSS JOIN LATERAL (
    SELECT count(*) AS rows FROM jobs_jobfailure failure
    WHERE failure.job = job.name AND resolved_at IS NULL
) parked
ORDER BY job.place
"""
# The last tick of each job that a run has claimed, in each cell, read from the end of an index.
TICKS = """
SELECT part.job, part.cell, (
    SELECT max(tick) FROM jobs_jobrun run WHERE run.job = part.job AND run.cell = part.cell)
FROM unnest(%(of)s::text[], %(cells)s::integer[]) AS part(job, cell)
"""


@dataclass(frozen=True)
class JobState:
    """How one job of the timetable stands at `now`."""

    job: Job
    last: JobRun | None  # by hand or not
    done_up_to: datetime | None  # `due_at` of the timetable's last complete run
    parked: int
    now: datetime
    cell: int = OUTSIDE  # the one that is the furthest behind

    @property
    def next_at(self) -> datetime:
        """The job's next tick after `now`."""
        return self.job.tick_after(self.now)

    @property
    def lag(self) -> timedelta | None:
        """How long ago the first tick was that comes after the instant up to which the job's last
        complete run worked: one of the timetable that ended without an error or a loss. 0 if that
        tick is still to come, and None before the first such run.
        """
        if self.done_up_to is None:
            return None
        return max(self.now - self.job.tick_after(self.done_up_to), timedelta(0))

    @property
    def lag_text(self) -> str:
        """The lag as hours, minutes and seconds, with the cell that it is of, if it is of one; "-"
        if it is 0 or not known.
        """
        if not self.lag:
            return "-"
        of = f" (cell {self.cell})" if self.cell != OUTSIDE else ""
        return f"{timedelta(seconds=int(self.lag.total_seconds()))}{of}"

    @property
    def is_late(self) -> bool:
        """Whether its lag is longer than its interval, and longer than an hour; False before its
        first complete run (see `lag`).
        """
        return self.lag is not None and self.lag > max(self.job.every, STUCK_AFTER)

    @property
    def is_stuck(self) -> bool:
        """Whether its last run is open and has done nothing for an hour."""
        return self.last is not None and is_stuck(self.last, self.now)


@dataclass(frozen=True)
class State:
    """How the timetable stands at `now`: each job, the scheduler, and the latest rows and runs that
    went wrong (MOST_LISTED of each).
    """

    now: datetime
    jobs: Sequence[JobState]
    heartbeat_at: datetime | None
    parked: Sequence[JobFailure]  # the latest of them
    facts: Sequence[str]  # sentences about the books
    stuck: Sequence[JobRun]  # open, with a chunk that must have been lost
    lost: Sequence[JobRun]  # closed as lost within the last day

    @property
    def parked_rows(self) -> int:
        """How many rows are parked, listed here or not."""
        return sum(job.parked for job in self.jobs)

    @property
    def is_stale(self) -> bool:
        """Whether the scheduler's last heartbeat is older than STALE_AFTER, or there never was
        one.
        """
        return is_stale(self.heartbeat_at, self.now)

    @property
    def is_sound(self) -> bool:
        """Whether nothing needs an operator: the scheduler is alive, no job is late, no row is
        parked, and no run is stuck or was lost within the last day.
        """
        late = any(job.is_late or job.is_stuck for job in self.jobs)
        return not (self.is_stale or self.parked_rows or late or self.stuck or self.lost)


def state(now: datetime, numbers: Sequence[int] | None = None) -> State:
    """How the timetable stands at `now`, read by six bounded queries and those of the registered
    facts. Where the books are in cells, the facts are of the cells with these `numbers`, or else of
    all.
    """
    return State(
        now=now,
        jobs=job_states(now),
        heartbeat_at=heartbeat_at(),
        parked=list(parked()[:MOST_LISTED]),
        facts=_facts(numbers),
        stuck=list(stuck(now)[:MOST_LISTED]),
        lost=list(lost_since(now - LOST_SHOWN_FOR)[:MOST_LISTED]),
    )


def _facts(numbers: Sequence[int] | None) -> Sequence[str]:
    """The sentences of the registered facts about the books; in cells, those of the cells with
    these numbers, or else of all, and each says its cell if there are several.
    """
    told, chosen = [], cells.within() if numbers is None else numbers
    for number in chosen:
        with cells.at(number):
            of = f"Cell {number}: " if len(chosen) > 1 else ""
            told += [f"{of}{sentence}" for sentence in facts.sentences()]
    return told


def owed(now: datetime) -> list[tuple[str, int, datetime]]:
    """The jobs whose latest tick no run has claimed, because the scheduler's message was lost or a
    cell did not answer: a job's name, the number of the cell, OUTSIDE for none, and that tick.

    Only the latest tick is owed, since a run works up to its own time and so makes up for all ticks
    before it. A tick is owed a minute after its time, and a job that never ran is not owed a run.
    """
    latest = {job.name: job.tick_at(now - OWED_AFTER) for job in all_jobs()}
    with connection.cursor() as cursor:
        cursor.execute(TICKS, _parts())
        taken = cursor.fetchall()
    return [
        (name, cell, latest[name]) for name, cell, tick in taken if tick and tick < latest[name]
    ]


def _parts() -> dict[str, list[Any]]:
    """Return the values "of" and "cells" that the statements JOBS and TICKS take: two lists
    of the same length, with the name of a job of the timetable and the number of a cell
    that it works in at each place. A job that works in several cells is there once for
    each. The number is OUTSIDE for a job that works in none, and for every job in an
    installation without cells. With cells it is one query.
    """
    numbers = cells.numbers() if cells.are_on() else ()
    parts = [(job.name, cell) for job in all_jobs() for cell in in_cells.among(numbers, job.where)]
    return {"of": [name for name, _ in parts], "cells": [cell for _, cell in parts]}


def stuck(now: datetime) -> QuerySet[JobRun]:
    """Runs that are open, however old, and did no chunk for an hour; the latest first."""
    at_work = JobRun.objects.filter(ended_at__isnull=True)
    since = Greatest("started_at", "progressed_at")
    return at_work.alias(since=since).filter(since__lt=now - STUCK_AFTER).order_by("-pk")


def lost_since(instant: datetime) -> QuerySet[JobRun]:
    """Runs that were closed as lost at the instant or later, the latest first."""
    return JobRun.objects.filter(is_lost=True, ended_at__gte=instant).order_by("-ended_at")


def job_states(now: datetime) -> Sequence[JobState]:
    """How each job of the timetable stands, in its order; two queries."""
    with connection.cursor() as cursor:
        cursor.execute(JOBS, {"jobs": [job.name for job in all_jobs()], **_parts()})
        found = cursor.fetchall()
    runs = JobRun.objects.in_bulk([pk for _, pk, *_ in found if pk])
    return [
        JobState(job, runs.get(pk), done_up_to, rows, now, cell or OUTSIDE)
        for job, (_, pk, done_up_to, rows, cell) in zip(all_jobs(), found, strict=True)
    ]


def parked() -> QuerySet[JobFailure]:
    """The failures of rows that no run has done since, the latest first, each with its merchant."""
    open_ones = JobFailure.objects.filter(resolved_at__isnull=True).select_related("merchant")
    return open_ones.order_by("-pk")


def heartbeat_at() -> datetime | None:
    """The instant of the scheduler's last heartbeat; None if there never was one."""
    return Heartbeat.objects.filter(pk=SCHEDULER).values_list("at", flat=True).first()


def is_stale(heartbeat: datetime | None, now: datetime) -> bool:
    """Whether the heartbeat is older than STALE_AFTER, or there never was one."""
    return heartbeat is None or heartbeat < now - STALE_AFTER


def is_stuck(run: JobRun, now: datetime) -> bool:
    """Whether the run is open and did no chunk for an hour: as chunks take minutes, one must have
    been lost.
    """
    since = max(run.started_at, run.progressed_at or run.started_at)
    return run.ended_at is None and since < now - STUCK_AFTER


def old_runs(before: datetime, now: datetime) -> "QuerySet[JobRun]":
    """The runs that the job of retention removes: those that started before the instant `before`,
    and those of the timetable that started more than 2 days before `now`, ended without an error
    and found nothing to do.

    Of the latter, the last complete run of a job in a cell is left, as it tells up to when the
    timetable has come: it goes once it has started before `before`.
    """
    complete = JobRun.objects.filter(ended_at__isnull=False, actor="", error="", is_lost=False)
    later = complete.filter(job=OuterRef("job"), cell=OuterRef("cell"), pk__gt=OuterRef("pk"))
    idle = Q(started_at__lt=now - KEPT_IDLE, ended_at__isnull=False, rows_due=0, actor="", error="")
    return JobRun.objects.filter(Q(started_at__lt=before) | (idle & Q(Exists(later))))
