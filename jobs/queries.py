"""How the timetable is doing: questions for operators, `manage.py jobs` and /readyz."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Greatest

from jobs import facts
from jobs.definitions import Job
from jobs.models import Heartbeat, JobFailure, JobRun
from jobs.timetable import all_jobs

SCHEDULER = "scheduler"
STALE_AFTER = timedelta(minutes=3)  # beat asks for a heartbeat each minute
STUCK_AFTER = timedelta(hours=1)
OWED_AFTER = timedelta(minutes=1)  # a message may take so long from beat to a worker
LOST_TOLD = timedelta(days=1)  # for how long a lost run is told of
KEPT = timedelta(days=90)  # runs, and failures that were dealt with
KEPT_IDLE = timedelta(days=2)  # runs of the timetable that found nothing to do
MOST_FORGOTTEN = 10_000  # runs, each time
MOST_LISTED = 20

# Of each job: its last run, the instant up to which the timetable's own runs have come, and what is
# parked. Each is the end of an index, however many runs there were.
JOBS = """
SELECT job.name, last.id, done.due_at, parked.rows
FROM unnest(%s::text[]) WITH ORDINALITY AS job(name, place)
LEFT JOIN LATERAL (
    SELECT id FROM jobs_jobrun run WHERE run.job = job.name ORDER BY id DESC LIMIT 1
) last ON true
LEFT JOIN LATERAL (
    SELECT due_at FROM jobs_jobrun run
    WHERE run.job = job.name AND ended_at IS NOT NULL AND actor = '' AND error = ''
    AND NOT is_lost
    ORDER BY id DESC LIMIT 1
) done ON true
CROSS JOIN LATERAL (
    SELECT count(*) AS rows FROM jobs_jobfailure failure
    WHERE failure.job = job.name AND resolved_at IS NULL
) parked
ORDER BY job.place
"""
# The last tick of each job that a run has taken: the end of an index.
TICKS = """
SELECT job.name, (SELECT max(tick) FROM jobs_jobrun run WHERE run.job = job.name)
FROM unnest(%s::text[]) AS job(name)
"""


@dataclass(frozen=True)
class JobState:
    job: Job
    last: JobRun | None  # by hand or not
    done_up_to: datetime | None  # the timetable's last complete run worked up to there
    parked: int
    now: datetime

    @property
    def next_at(self) -> datetime:
        return self.job.tick_after(self.now)

    @property
    def lag(self) -> timedelta | None:
        """For how long the oldest run that is owed has been owed; None before the first one."""
        if self.done_up_to is None:
            return None
        return max(self.now - self.job.tick_after(self.done_up_to), timedelta(0))

    @property
    def lag_text(self) -> str:
        return str(timedelta(seconds=int(self.lag.total_seconds()))) if self.lag else "-"

    @property
    def is_late(self) -> bool:
        """Whether two of its instants have passed without a complete run, and an hour at least."""
        return self.lag is not None and self.lag > max(self.job.every, STUCK_AFTER)

    @property
    def is_stuck(self) -> bool:
        return self.last is not None and is_stuck(self.last, self.now)


@dataclass(frozen=True)
class State:
    now: datetime
    jobs: Sequence[JobState]
    heartbeat_at: datetime | None
    parked: Sequence[JobFailure]  # the latest of them
    facts: Sequence[str]  # of the books
    stuck: Sequence[JobRun]  # whichever run it is: a chunk of it must have been lost
    lost: Sequence[JobRun]  # closed as lost within the last day

    @property
    def parked_rows(self) -> int:
        return sum(job.parked for job in self.jobs)

    @property
    def is_stale(self) -> bool:
        return is_stale(self.heartbeat_at, self.now)

    @property
    def is_sound(self) -> bool:
        late = any(job.is_late or job.is_stuck for job in self.jobs)
        return not (self.is_stale or self.parked_rows or late or self.stuck or self.lost)


def state(now: datetime) -> State:
    """How all jobs stand; six queries, each bounded, and those of the books' facts."""
    return State(
        now=now,
        jobs=job_states(now),
        heartbeat_at=heartbeat_at(),
        parked=list(parked()[:MOST_LISTED]),
        facts=facts.told(),
        stuck=list(stuck(now)[:MOST_LISTED]),
        lost=list(lost_since(now - LOST_TOLD)[:MOST_LISTED]),
    )


def owed(now: datetime) -> list[tuple[str, datetime]]:
    """Jobs whose last instant nobody has taken, and that instant: beat's message came to nothing.

    A run works up to its own time, so that one makes up for however many were missed. A job that
    never had a turn is not owed one.
    """
    latest = {job.name: job.tick_at(now - OWED_AFTER) for job in all_jobs()}
    with connection.cursor() as cursor:
        cursor.execute(TICKS, [list(latest)])
        taken = cursor.fetchall()
    return [(name, latest[name]) for name, tick in taken if tick and tick < latest[name]]


def stuck(now: datetime) -> QuerySet[JobRun]:
    """Runs of any age that are still open, none of whose chunks was done for an hour."""
    at_work = JobRun.objects.filter(ended_at__isnull=True)
    since = Greatest("started_at", "progressed_at")
    return at_work.alias(since=since).filter(since__lt=now - STUCK_AFTER).order_by("-pk")


def lost_since(instant: datetime) -> QuerySet[JobRun]:
    """Runs that were closed as lost since then, the latest first."""
    return JobRun.objects.filter(is_lost=True, ended_at__gte=instant).order_by("-ended_at")


def job_states(now: datetime) -> Sequence[JobState]:
    with connection.cursor() as cursor:
        cursor.execute(JOBS, [[job.name for job in all_jobs()]])
        found = cursor.fetchall()
    runs = JobRun.objects.in_bulk([pk for _, pk, _, _ in found if pk])
    return [
        JobState(job, runs.get(pk), done_up_to, rows, now)
        for job, (_, pk, done_up_to, rows) in zip(all_jobs(), found, strict=True)
    ]


def parked() -> QuerySet[JobFailure]:
    """Rows that failed and wait for the next run, the latest first."""
    open_ones = JobFailure.objects.filter(resolved_at__isnull=True).select_related("merchant")
    return open_ones.order_by("-pk")


def heartbeat_at() -> datetime | None:
    return Heartbeat.objects.filter(pk=SCHEDULER).values_list("at", flat=True).first()


def is_stale(heartbeat: datetime | None, now: datetime) -> bool:
    return heartbeat is None or heartbeat < now - STALE_AFTER


def is_stuck(run: JobRun, now: datetime) -> bool:
    """Whether a chunk of it must have been lost: all that it does takes minutes."""
    since = max(run.started_at, run.progressed_at or run.started_at)
    return run.ended_at is None and since < now - STUCK_AFTER


def old_runs(now: datetime) -> Sequence[int]:
    """The oldest runs that need not be kept any more."""
    old = JobRun.objects.filter(is_old(now)).order_by("started_at")
    return list(old.values_list("pk", flat=True)[:MOST_FORGOTTEN])


def is_old(now: datetime) -> Q:
    """Which runs need not be kept: those of long ago, and sooner those that found nothing to do.

    A job's last run stays for as long, as does what tells up to where the timetable has come.
    """
    complete = JobRun.objects.filter(ended_at__isnull=False, actor="", error="", is_lost=False)
    later = complete.filter(job=OuterRef("job"), pk__gt=OuterRef("pk"))
    idle = Q(started_at__lt=now - KEPT_IDLE, ended_at__isnull=False, rows_due=0, actor="", error="")
    return Q(started_at__lt=now - KEPT) | (idle & Q(Exists(later)))
