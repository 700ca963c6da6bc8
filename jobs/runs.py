"""Keeps the record of the timetable's runs: what was due, which chunks are done, how a run ended.

A run is on record before its chunks are handed out. Each chunk that is done adds its rows to the
run, once, and the last one ends it. A chunk is lost when its task never comes to an end, as when
the broker loses it. Rows that failed are parked (jobs.parked).
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.models.functions import Greatest

from jobs import in_cells, parked, silent_cells
from jobs.chunks import Failures, Turn
from jobs.definitions import Job
from jobs.in_cells import Group
from jobs.models import JobRun
from jobs.queries import STUCK_AFTER
from jobs.silences import Silences
from lib import counters, locks
from lib.refusals import Refused

log = logging.getLogger(__name__)

# A chunk takes ten minutes at most, by Celery's time limit. A run that has done nothing for longer
# waits behind others or has lost a chunk, and keeps no other run from starting.
AT_WORK_FOR = timedelta(minutes=15)

COUNT = """
UPDATE jobs_jobrun
SET open_chunks = array_remove(open_chunks, %(number)s)
        || CASE WHEN %(has_rest)s THEN ARRAY[chunks + 1] ELSE ARRAY[]::integer[] END,
    chunks = chunks + %(has_rest)s::integer,
    rows_done = rows_done + %(done)s, rows_failed = rows_failed + %(failed)s,
    rows_left = rows_left + %(left)s,
    silent = ARRAY(SELECT DISTINCT unnest(silent || %(silent)s::varchar[]) ORDER BY 1),
    error = concat_ws(E'\\n', nullif(error, ''), %(error)s),
    progressed_at = %(now)s,
    is_lost = is_lost AND (%(has_rest)s OR NOT open_chunks <@ ARRAY[%(number)s]),
    ended_at = CASE WHEN open_chunks <@ ARRAY[%(number)s] AND NOT %(has_rest)s
               THEN %(now)s ELSE ended_at END
WHERE id = %(run)s AND %(number)s = ANY(open_chunks)
RETURNING chunks
"""
# A chunk takes minutes, so where none was done for an hour, one is lost. Two processes that close
# runs at once each skip those that the other has locked.
CLOSE_LOST = """
UPDATE jobs_jobrun lost SET is_lost = true, ended_at = %(now)s
WHERE lost.id IN (
    SELECT run.id FROM jobs_jobrun run
    WHERE run.ended_at IS NULL AND greatest(run.started_at, run.progressed_at) < %(stuck)s
    AND EXISTS (
        SELECT FROM jobs_jobrun later
        WHERE later.job = run.job AND later.cell = run.cell AND later.id > run.id
        AND later.due_at >= run.due_at
        AND later.ended_at IS NOT NULL AND later.actor = '' AND later.error = ''
        AND NOT later.is_lost
    )
    FOR UPDATE OF run SKIP LOCKED
)
"""


class TickTaken(Refused):
    """Another run has claimed this tick of the timetable: two schedulers asked for it."""

    code = "tick_taken"


class JobAtWork(Refused):
    """A run of the job is at work, and no second one may start beside it."""

    code = "job_at_work"


@dataclass(frozen=True)
class Started:
    """A run on record, and its chunks, which are yet to be handed out, each with its cell."""

    run: JobRun
    job: Job
    chunks: Sequence[Sequence[int]]
    cells: Sequence[int]  # jobs.in_cells.OUTSIDE for none


def start(
    job: Job,
    *,
    at: datetime,
    now: datetime,
    actor: str = "",
    tick: datetime | None = None,
    is_alone: bool = False,
    note: Callable[[JobRun], None] | None = None,
) -> Started:
    """Find what is due at `at` and put a run for it on record; nothing is sent to the workers here.
    A run that finds nothing ends at once. Failures of rows that are not due any more are resolved.
    Inside a cell, all of that is of this cell alone.

    `tick` is the instant of the timetable that the run claims; None for a run outside the
    timetable. `note` is called with the run, to write down in the same transaction what is kept
    together with it. With `is_alone`, raises JobAtWork while another run of the job is at work.
    Raises TickTaken when another run has claimed the tick. With either of them nothing is changed,
    and the tick is not claimed. Any other error, of `note` too, is put on record as a run that
    ended with it, and raised; if it is an error of the connection to the database, the tick stays
    unclaimed and owed. A transaction of the caller's would take that record with it, so callers
    have none.
    """
    try:
        with transaction.atomic():
            # Another process that claims this tick waits here for the end of our transaction.
            claimed = _claim(job, tick, at=at, now=now) if tick else None
            if is_alone:
                _check_alone(job, claimed, now)
            with silent_cells.finding(in_cells.here(job.where)):
                due = job.groups(at)
            parked.resolve_what_is_not_due(job, [key for one in due for key in one.keys], at, now)
            started = start_with(job, due, at=at, now=now, actor=actor, claimed=claimed)
            if note is not None:
                note(started.run)
            return started
    except (TickTaken, JobAtWork):
        raise
    except Exception as error:
        is_ours = not isinstance(error, (OperationalError, InterfaceError))
        _end_with(error, job, at=at, now=now, actor=actor, tick=tick if is_ours else None)
        raise


def _claim(job: Job, tick: datetime, *, at: datetime, now: datetime) -> JobRun:
    """Insert the run that claims the tick; what it has to do is filled in later. Another process
    that claims it waits until the transaction ends. Raises TickTaken if another run has claimed it.
    """
    claimed, is_new = JobRun.objects.get_or_create(
        job=job.name,
        tick=tick,
        cell=in_cells.here(job.where),
        defaults={"due_at": at, "started_at": now},
    )
    if not is_new:
        raise TickTaken(f"{job.name}: a run of {tick.isoformat()} is on record")
    return claimed


def _check_alone(job: Job, claimed: JobRun | None, now: datetime) -> None:
    """Raise JobAtWork while a run of the job other than `claimed` is at work.

    It takes an advisory lock for the job, at which a second caller waits until the first one's
    transaction ends.
    """
    cell = in_cells.here(job.where)
    name = f"runs of {job.name}"
    locks.wait_for_advisory_lock(name if cell == in_cells.OUTSIDE else f"{name} in cell {cell}")
    if is_at_work(job, now, but=claimed):
        raise JobAtWork(f"job: {job.name} is at work; wait until that run has ended")


def refuse(job: Job, *, error: Exception, at: datetime) -> None:
    """Put a run on record that ended with `error`, at the instant `at`, before it could look for
    what is due.
    """
    _end_with(error, job, at=at, now=at, actor="")


def _end_with(
    error: Exception,
    job: Job,
    *,
    at: datetime,
    now: datetime,
    actor: str,
    tick: datetime | None = None,
) -> None:
    """Put a run on record that ended with the error, and that claims the tick if one is given; if
    another run has claimed the tick already, nothing is written.
    """
    run = JobRun(
        job=job.name,
        cell=in_cells.here(job.where),
        tick=tick,
        due_at=at,
        started_at=now,
        ended_at=now,
        actor=actor,
    )
    run.error = parked.error_text(error)
    # Two schedulers' runs of one tick may both fail.
    JobRun.objects.bulk_create([run], ignore_conflicts=tick is not None)


def start_with(
    job: Job,
    due: Sequence[Group],
    *,
    at: datetime,
    now: datetime,
    actor: str,
    claimed: JobRun | None = None,
    cell: int | None = None,
) -> Started:
    """Put a run of the rows with the keys in `due` on record, as a new row or in the row `claimed`
    that has its tick already. It is of the cell with the number `cell`, unless given of the one
    that we are inside. A run without rows ends at once; inside a cell, one that has claimed a tick
    removes the run of the timetable before it, if that found nothing to do either.

    Its chunks are open until the caller hands them out and they are done.
    """
    found = [(one.cell, chunk) for one in due for chunk in job.chunks(one.keys)]
    chunks = [chunk for _, chunk in found]
    of = in_cells.here(job.where) if cell is None else cell
    run = claimed or JobRun(job=job.name, cell=of, due_at=at, started_at=now, actor=actor)
    run.ended_at = None if chunks else now
    run.rows_due = sum(map(len, chunks))
    run.open_chunks = list(range(1, len(chunks) + 1))
    run.chunks = len(chunks)
    run.save()
    if claimed and not chunks and run.cell != in_cells.OUTSIDE:
        _forget_one_before(run)
    return Started(run, job, chunks, [one for one, _ in found])


def _forget_one_before(run: JobRun) -> None:
    """Remove the run of this job before this one, in the same cell, if it is one of the timetable
    that found nothing to do and has no error; `run` has found nothing to do itself. There would be
    as many as jobs times cells, each minute.
    """
    of_cell = JobRun.objects.filter(job=run.job, cell=run.cell, pk__lt=run.pk)
    before = of_cell.order_by("-pk").first()
    if before is not None and before.tick and not before.rows_due and not before.error:
        before.delete()


def is_at_work(job: Job, now: datetime, *, but: JobRun | None = None) -> bool:
    """Whether a run of the job, other than `but`, is open and started or finished a chunk less than
    15 minutes ago; inside a cell, one of this cell or of several.

    A run that was silent for longer may have lost a chunk, and keeps no other run from starting.
    """
    at_work = JobRun.objects.filter(job=job.name, ended_at__isnull=True)
    if (cell := in_cells.here(job.where)) != in_cells.OUTSIDE:
        at_work = at_work.filter(cell__in=[cell, in_cells.OUTSIDE])
    if but is not None:
        at_work = at_work.exclude(pk=but.pk)
    since = Greatest("started_at", "progressed_at")
    return at_work.alias(since=since).filter(since__gt=now - AT_WORK_FOR).exists()


def work_off(job: Job, keys: Sequence[int], at: datetime, turn: Turn | None = None) -> Failures:
    """Do the rows with these primary keys, which are one chunk of a run up to the instant `at`;
    returns the keys of the rows that failed, each with its error.

    In a job that does a chunk in one go, rows that are parked come after the others, each by
    itself. For a job that asks providers, `turn` takes up the rows that were not tried.
    """
    failed_before = parked.among(job, keys) if job.is_set_based else set()
    failures: Failures = {}
    if sound := [key for key in keys if key not in failed_before]:
        failures |= job.work_off(sound, at, turn)
    for key in sorted(failed_before):
        failures |= job.work_off([key], at)
    return failures


@transaction.atomic
def finish(
    run_id: int,
    number: int,
    *,
    job: Job,
    keys: Sequence[int],
    failures: Failures,
    now: datetime,
    turn: Turn | None = None,
    passed: Sequence[int] = (),
) -> int | None:
    """Add the results of chunk `number`, of the rows with these primary keys, to its run, park the
    rows that failed, and resolve the failures of those that were done. Rows that were `passed`
    count as left, as do those that another process has in its hands. If the chunk is not open any
    more, nothing is changed.

    Returns the number of a new chunk under which `turn.rest` is to be handed out; None if there is
    no rest, or nothing was changed.
    """
    rest, put_off = (turn.rest, turn.put_off) if turn else ([], [])
    left = {*put_off, *(turn.in_other_hands if turn else ())}
    tried = set(keys) - set(rest) - left
    done = len(tried) - len(failures)
    counted = {"done": done, "failed": len(failures), "left": len(left) + len(passed)}
    silent = turn.silences.given_up if turn else []
    error = _kept_silent(number, put_off, turn.silences) if turn and put_off else ""
    last = _count_chunk(
        run_id, number, **counted, has_rest=bool(rest), silent=silent, error=error, now=now
    )
    if last is None:
        return None
    for outcome, rows in (("done", done), ("failed", len(failures))):
        transaction.on_commit(partial(counters.ROWS.labels(job.name, outcome).inc, rows))
    parked.park(job, failures, now)
    parked.resolve(job, [key for key in tried if key not in failures], now)
    return last if rest else None


def _kept_silent(number: int, put_off: Sequence[int], silences: Silences) -> str:
    """The text for the run's record that rows of chunk `number` were not done (`put_off`, by their
    keys), as a provider did not answer: those that the run has given up, or else any.
    """
    names = ", ".join(silences.given_up or silences.unanswered)
    return f"Chunk {number}: {names} kept silent; the next run tries the {len(put_off)} rows left"


def give_up(run_id: int, number: int, *, error: Exception, now: datetime) -> None:
    """Close chunk `number` of the run, which was not done because of `error`, which is no row's
    fault, and record the error; the next run finds its rows due again. A chunk that is not open is
    left alone.
    """
    _count_chunk(run_id, number, error=f"Chunk {number}: {parked.error_text(error)}", now=now)


def hand_back(run_id: int, numbers: Sequence[int], *, error: Exception, now: datetime) -> None:
    """Close the chunks of the run with these numbers, which could not be sent to the workers, with
    the error, and free the run's tick, if it has one, so that it is owed again. Chunks that were
    sent before are done all the same.
    """
    for number in numbers:
        give_up(run_id, number, error=error, now=now)
    JobRun.objects.filter(pk=run_id).update(tick=None)


def close_lost(now: datetime) -> int:
    """End, as lost, each run that is still open and has done no chunk for an hour, if a
    later run of the same job and cell is complete. Complete means that the timetable
    started that run, for the same instant or a later one, and that it ended without an
    error and was not lost itself: so it has found the rows of the lost run due again, which
    is not looked up here. Returns how many runs were ended. It skips runs that another
    transaction has locked.
    """
    with connection.cursor() as cursor:
        cursor.execute(CLOSE_LOST, {"now": now, "stuck": now - STUCK_AFTER})
        return int(cursor.rowcount)


def _count_chunk(
    run_id: int,
    number: int,
    *,
    now: datetime,
    done: int = 0,
    failed: int = 0,
    left: int = 0,
    has_rest: bool = False,
    silent: Sequence[str] = (),
    error: str = "",
) -> int | None:
    """Close chunk `number` and add its figures to the run: how many rows were done, failed and
    left; with `has_rest`, open a new chunk.

    Returns the highest chunk number of the run, which is the new chunk's; or None, with nothing
    changed, if the chunk was not open.
    """
    values: dict[str, Any] = {"run": run_id, "number": number, "now": now, "error": error or None}
    values |= {"done": done, "failed": failed, "left": left}
    values |= {"has_rest": has_rest, "silent": list(silent)}
    with connection.cursor() as cursor:
        cursor.execute(COUNT, values)
        counted = cursor.fetchone()
    return counted[0] if counted else None
