"""The tasks of Celery: those that beat sends, and the one that does a chunk of a run."""

import logging
from collections.abc import Sequence
from datetime import datetime

from celery import shared_task
from django.db import InterfaceError, OperationalError

from jobs import in_cells, queries, runs, silent_cells
from jobs.chunks import Turn
from jobs.definitions import Job
from jobs.models import Heartbeat, JobRun
from jobs.silences import Silences
from jobs.timetable import job_named
from lib import clock

log = logging.getLogger(__name__)

TURN_SECONDS = 4 * 60  # well before Celery's time limit, which strikes in the middle of a request


@shared_task
def beat() -> None:
    """Record a heartbeat, which proves that beat sends and a worker works; beat sends it each
    minute.

    It also starts the runs that are owed, because their tick was missed while the broker or the
    database was away.
    """
    now = clock.now()
    Heartbeat.objects.update_or_create(pk=queries.SCHEDULER, defaults={"at": now})
    for name, cell, tick in queries.owed(now):
        of_cell = {} if cell == in_cells.OUTSIDE else {"cell": cell}
        run_job.delay(name, tick=tick.isoformat(), **of_cell)


@shared_task
def run_job(name: str, tick: str = "", cell: int = in_cells.OUTSIDE) -> None:
    """Start the run of the job with this name for `tick`, an instant in ISO format, and send its
    chunks to the workers; runs that were lost are closed first. Where the books are in cells, that
    is done by a task for each cell, which this one sends unless it is given a cell.

    Does nothing if the tick is claimed, while a run of the job is at work, or for a cell that has
    not answered lately. Without a tick, it is a run outside the timetable. If this machine's clock
    is wrong, a failed run is put on record, and ClockAhead is raised. Raises LookupError for an
    unknown name.
    """
    numbers = in_cells.of(job_named(name).where) if cell == in_cells.OUTSIDE else [cell]
    if numbers == [cell]:
        with in_cells.at(cell):
            _run_here(name, tick, cell)
        return
    for number in numbers:
        run_job.delay(name, tick=tick, cell=number)


def _run_here(name: str, tick: str, cell: int) -> None:
    """Start the run of `run_job` inside the cell with this number, or outside of any, and hand out
    its chunks, once lost runs are closed. Another run that has the tick, or is at work, and a cell
    that is silent, leave it undone without an error; a clock that is ahead is put on record as a
    refused run, and raised. Raises LookupError for an unknown name.
    """
    job, instant = job_named(name), datetime.fromisoformat(tick) if tick else None
    try:
        now = clock.now()
    except clock.ClockAhead as wrong:
        runs.refuse(job, error=wrong, at=wrong.database_time)
        raise
    runs.close_lost(now)
    try:
        silent_cells.check(cell)
        started = runs.start(job, at=now, now=now, tick=instant, is_alone=True)
    except runs.TickTaken:
        return
    except (runs.JobAtWork, silent_cells.CellIsSilent) as refusal:
        log.info("%s", refusal)  # the tick is still owed, and asked for again
        return
    spread(started)


def spread(started: runs.Started) -> None:
    """Send the chunks of a run to the workers. If the broker does not take one, it and those after
    it are handed back, and the broker's error is raised.
    """
    at = started.run.due_at.isoformat()
    handed_out = zip(started.chunks, started.cells, strict=True)
    for number, (chunk, cell) in enumerate(handed_out, start=1):
        try:
            _hand_out(started.job, started.run.pk, number, chunk, at, cell)
        except Exception as error:
            rest = range(number, len(started.chunks) + 1)
            runs.hand_back(started.run.pk, rest, error=error, now=_recorded_now())
            raise


def _hand_out(job: Job, run_id: int, number: int, keys: Sequence[int], at: str, cell: int) -> None:
    """Send chunk `number` of the run, the rows with these primary keys, to the queue of its job;
    `at` is the instant, in ISO format, that the run works up to. The number of the cell that they
    are done in goes along, if they are.
    """
    inside = () if cell == in_cells.OUTSIDE else (cell,)
    do_chunk.apply_async((run_id, number, job.name, list(keys), at, *inside), queue=job.queue)


# After a deadlock the chunk has only to be tried again. A database that is away may take its time,
# and rows of a chunk that is given up before it is back wait for the job's next run. So it is tried
# soon, and then each minute for half an hour.
@shared_task(
    autoretry_for=(OperationalError, InterfaceError),
    retry_backoff=5,
    retry_backoff_max=60,
    retry_jitter=False,
    max_retries=30,
)
def do_chunk(
    run_id: int,
    number: int,
    name: str,
    keys: Sequence[int],
    at: str,
    cell: int = in_cells.OUTSIDE,
) -> None:
    """Do chunk `number` of a run, the rows with these primary keys of the job with this name, and
    add the result to the run; safe to be called twice for a chunk. They are done inside the cell
    with this number, if there is one; those of a merchant whose books are being moved are left to
    the next run.

    `at` is the instant, in ISO format, that the run works up to. The rows that a turn did not get
    to are sent as a new chunk. Lost connections, deadlocks, and a cell that does not answer are
    retried for half an hour, after which the chunk stays open; any other error closes the chunk and
    is raised.
    """
    job, instant = job_named(name), datetime.fromisoformat(at)
    try:
        silent_cells.check(cell)
    except silent_cells.CellIsSilent as refusal:
        raise OperationalError(str(refusal)) from refusal
    with in_cells.at(cell), in_cells.past_moves(job, keys, cell) as (keys, passed):
        turn = _turn(run_id, instant) if job.asks_providers else None
        try:
            failures = runs.work_off(job, keys, instant, turn)
        except (OperationalError, InterfaceError):
            raise
        except Exception as error:  # the time is up, or the job itself is broken
            runs.give_up(run_id, number, error=error, now=_recorded_now())
            raise
        now = _recorded_now()
        rest = runs.finish(
            run_id,
            number,
            job=job,
            keys=keys,
            failures=failures,
            turn=turn,
            passed=passed,
            now=now,
        )
    if turn and rest:
        try:
            _hand_out(job, run_id, rest, turn.rest, at, cell)
        except Exception as error:
            runs.hand_back(run_id, [rest], error=error, now=_recorded_now())
            raise


def _turn(run_id: int, at: datetime) -> Turn:
    """A new turn of TURN_SECONDS for a chunk of the run, which works up to `at`; it asks no
    provider that the run has given up.
    """
    silent = JobRun.objects.filter(pk=run_id).values_list("silent", flat=True).first()
    return Turn(at, clock=clock.now, seconds=TURN_SECONDS, silences=Silences(silent or ()))


def _recorded_now() -> datetime:
    """The time to record for the end of a chunk: this machine's, or the database server's if this
    machine's clock is wrong.

    It is for the run's record only: what a chunk does counts at the instant that its run works up
    to.
    """
    try:
        return clock.now()
    except clock.ClockAhead as wrong:
        return wrong.database_time
