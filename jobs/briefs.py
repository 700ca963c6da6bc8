"""What operators read before they retry what a job has parked."""

from backoffice.briefs import FEW, Brief, Fact, History, Past
from jobs.models import JobFailure, JobRun
from jobs.timetable import job_named


def of_failure(failure: JobFailure) -> Brief:
    """What operators read of a failed row, from the database: what failed, how often, since when
    and with which error, how many rows of the job are parked, and how its latest FEW runs went.
    """
    runs = JobRun.objects.filter(job=failure.job).order_by("-pk")[:FEW]
    others = JobFailure.objects.filter(job=failure.job, resolved_at__isnull=True)
    return Brief(
        facts=(
            Fact("Job", failure.job, _about(failure.job)),
            Fact("Row", failure.row_id, str(failure.merchant or "")),
            Fact("Failures", failure.failures),
            Fact("First failed", failure.first_failed_at),
            Fact("Failed last", failure.last_failed_at),
            Fact("Rows of the job that wait", others.count()),
            Fact("Error", failure.error),
        ),
        histories=(History("Runs of the job lately", [_past(run) for run in runs]),),
    )


def _about(name: str) -> str:
    """What the rows are called that the job with this name is about; "" if the timetable has no
    such job any more, or it has no model.
    """
    try:
        model = job_named(name).model
    except LookupError:
        return ""
    return str(model._meta.verbose_name_plural) if model else ""


def _past(run: JobRun) -> Past:
    """The run as a line of a history: when it started, how many rows it did, who asked for it, and
    its error.
    """
    came = f"{run.rows_done} of {run.rows_due} rows done, {run.rows_failed} failed"
    return Past(run.started_at, came, run.actor or "timetable", run.error)
