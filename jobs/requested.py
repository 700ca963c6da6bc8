"""What operators can have the jobs do: a run for an instant, and another try of a parked row."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from jobs import in_cells, runs
from jobs.chunks import Turn
from jobs.definitions import Job
from jobs.in_cells import Group
from jobs.models import JobFailure, JobRun
from jobs.timetable import job_named
from jobs.trail import Action
from lib import wording
from lib.cells import moving
from lib.refusals import Invalid, Refused
from trail import operations as trail


class UnknownJob(Refused):
    """The timetable has no such job."""

    code = "unknown_job"


class UnknownFailure(Refused):
    """There is no such parked row."""

    code = "unknown_failure"


class AlreadyResolved(Refused):
    """The row has been done since it was parked."""

    code = "already_resolved"


class ProviderSilent(Refused):
    """A provider did not answer as a parked row was tried again, so that it is not done."""

    code = "provider_silent"


class InOtherHands(Refused):
    """Another process has the lease of a parked row, so that it was not tried."""

    code = "in_other_hands"


class TriedLater(Refused):
    """A parked row is not due now: its job has written down when it tries it again."""

    code = "tried_later"


def order(*, job_name: str, at: datetime, actor: str, reason: str, now: datetime) -> runs.Started:
    """Put on record a run of the job for all that is due at `at`, an instant that has come, and
    write it on the trail.

    The caller sends the chunks to the workers (tasks.spread). What was done already is not due
    again. Raises UnknownJob and JobAtWork; Invalid for an instant in the future, or without a
    reason. Any other error is put on record as a run that ended with it, in the operator's name but
    without a trail row, and raised.
    """
    job, reason = _job(job_name), wording.checked("reason", reason)
    if at > now:
        raise Invalid("at", "is still to come; a job does what has fallen due")

    def note(run: JobRun) -> None:
        """Write the run that the operator asks for on the trail."""
        trail.write(
            Action.JOB_RUN,
            actor=actor,
            subject=f"{job.name} at {at.isoformat()}",
            after={"run": run.pk, "rows_due": run.rows_due},
            reason=reason,
            now=now,
        )

    # Not in a transaction of ours, which would take the record of a run that fails with it.
    return runs.start(job, at=at, now=now, actor=actor, is_alone=True, note=note)


def retry(*, failure_id: int, actor: str, reason: str, now: datetime) -> JobFailure:
    """Try a parked row once more in this process, as a run of its own, and write that on the trail.
    The row is done inside its cell, whichever we are inside, or in none for a job that works once
    for all. Callers have no transaction.

    Returns the row's failure: with the new error if the row failed again, and otherwise resolved.
    Raises UnknownFailure, AlreadyResolved and UnknownJob; Invalid without a reason; TriedLater for
    a row that the job tries again only later (Job.tried_later), of which nothing is done. It raises
    ProviderSilent if a provider did not answer, and InOtherHands if another process has the row's
    lease: the run has the row as left, and the failure stays as it was. So it does after an error
    that is no row's fault, which is recorded with the run and raised, such as a lost connection, or
    a merchant whose books are being moved. The row is done inside its cell, whichever we are
    inside, or in none for a job that works once for all. Callers have no transaction.
    """
    reason = wording.checked("reason", reason)
    failure = JobFailure.objects.filter(pk=failure_id).first()
    if failure is None:
        raise UnknownFailure(f"failure: there is no parked row {failure_id}")
    if failure.resolved_at is not None:
        raise AlreadyResolved(f"failure: {failure} has been dealt with already")
    job = _job(failure.job)
    cell, keys = in_cells.of_failure(job.where, failure), [failure.row_id]
    with in_cells.elsewhere(cell):
        if job.tried_later(keys, now):
            raise TriedLater(f"failure: {job.name} tries it again by itself, but only later")
    with transaction.atomic():
        group = Group(cell, keys)
        run = runs.start_with(job, [group], at=now, now=now, actor=actor, cell=cell).run
        trail.write(
            Action.FAILURE_RETRIED,
            actor=actor,
            merchant_id=failure.merchant_id,
            subject=str(failure),
            after={"run": run.pk},
            reason=reason,
            now=now,
        )
    whose = None if failure.merchant_id is None else [failure.merchant_id]
    try:
        with in_cells.elsewhere(cell), moving.staying(whose):
            turn = _try(job, keys, run.pk, now)
    except Exception as error:  # also of a cell that is away, or a merchant that is being moved
        runs.give_up(run.pk, 1, error=error, now=now)
        raise
    if turn and turn.put_off:
        raise ProviderSilent(
            f"failure: {', '.join(turn.silences.unanswered)} did not answer. The row stays parked"
            " until a later run, or another try, gets it done."
        )
    if turn and turn.in_other_hands:
        raise InOtherHands(
            "failure: another process is at this row just now. It stays parked until a later run,"
            " or another try, finds it done or gets it done."
        )
    failure.refresh_from_db()
    return failure


def _try(job: Job, keys: Sequence[int], run_id: int, now: datetime) -> Turn | None:
    """Do the rows with these keys, which are all of the run, and add what came of it to the run.
    Returns the turn of a job that asks providers, which names the rows that were left to a later
    run, as a provider did not answer (`put_off`), or to another process; None for other jobs.
    """
    turn = Turn(now) if job.asks_providers else None
    failures = runs.work_off(job, keys, now, turn)
    if turn and turn.silences.unanswered and not failures:
        turn.put_off[:] = keys  # also where the job has noted that there was no answer
    runs.finish(run_id, 1, job=job, keys=keys, failures=failures, now=now, turn=turn)
    return turn


def _job(name: str) -> Job:
    """The installed job with this name. Raises UnknownJob if there is none."""
    try:
        return job_named(name)
    except LookupError as error:
        raise UnknownJob(f"job: {error}") from None
