"""The doors that Celery beat and the workers come through."""

from collections.abc import Sequence
from datetime import datetime

from celery import shared_task
from django.db import InterfaceError, OperationalError

from config import jobs, runs
from config.celery import job_named
from config.models import Heartbeat
from merchants import clock


@shared_task
def beat() -> None:
    """Somebody asks, and somebody does: that is all that a timetable needs.

    What was asked for and not begun, since the broker or the database was away, is asked for again.
    """
    now = clock.now()
    Heartbeat.objects.update_or_create(pk=jobs.SCHEDULER, defaults={"at": now})
    for name, tick in jobs.owed(now):
        run_job.delay(name, tick=tick.isoformat())


@shared_task
def run_job(name: str, tick: str = "") -> None:
    """Begin the run of this instant of the timetable, unless it was; without one, a run besides."""
    job, turn = job_named(name), datetime.fromisoformat(tick) if tick else None
    try:
        now = clock.now()
    except clock.ClockAhead as wrong:
        runs.refuse(job, error=wrong, at=wrong.database_time)
        raise
    runs.close_lost(now)
    try:
        started = runs.start(job, at=now, now=now, tick=turn)
    except runs.TickTaken:
        return
    spread(started)


def spread(started: runs.Started) -> None:
    """Hand a run's chunks to the workers. Those that the broker does not take are given up."""
    at = started.run.due_at.isoformat()
    for number, chunk in enumerate(started.chunks, start=1):
        try:
            do_chunk.delay(started.run.pk, number, started.job.name, list(chunk), at)
        except Exception as error:
            rest = range(number, len(started.chunks) + 1)
            runs.hand_back(started.run.pk, rest, error=error, now=_now_on_record())
            raise


# The database may be back in a minute, and one of two that deadlocked has only to try again.
@shared_task(
    autoretry_for=(OperationalError, InterfaceError),
    retry_backoff=5,
    retry_jitter=True,
    max_retries=5,
)
def do_chunk(run_id: int, number: int, name: str, keys: Sequence[int], at: str) -> None:
    """Do one chunk of a run, and add it up. May be asked twice for the same one."""
    job, instant = job_named(name), datetime.fromisoformat(at)
    try:
        failures = runs.work_off(job, keys, instant)
    except (OperationalError, InterfaceError):
        raise
    except Exception as error:  # the time is up, or the job itself is broken
        runs.give_up(run_id, number, error=error, now=_now_on_record())
        raise
    now = _now_on_record()
    runs.finish(run_id, number, job=job, keys=keys, failures=failures, now=now)


def _now_on_record() -> datetime:
    """When a chunk ended, for its run's record alone: by the database's clock if ours is wrong.

    What the chunk did counts at the instant that its run was given.
    """
    try:
        return clock.now()
    except clock.ClockAhead as wrong:
        return wrong.database_time
