"""Keeps the rows that runs of the timetable could not do: a row that failed is parked, which is a
`JobFailure` with its error, until a later run, or an operator, gets it done.
"""

from collections.abc import Sequence
from datetime import datetime

from django.db import connection
from django.db.models import QuerySet

from jobs import in_cells
from jobs.chunks import Failures
from jobs.definitions import Job
from jobs.models import JobFailure
from lib.refusals import Refused
from lib.texts import shown

LONGEST_ERROR = 2000  # characters that are kept of it

PARK = """
INSERT INTO jobs_jobfailure (job, row_id, merchant_id, error, failures, first_failed_at,
                               last_failed_at)
SELECT %(job)s, failed.row_id, failed.merchant_id, failed.error, 1, %(now)s, %(now)s
FROM unnest(%(rows)s::bigint[], %(merchants)s::bigint[], %(errors)s::text[])
     AS failed(row_id, merchant_id, error)
ORDER BY failed.row_id
ON CONFLICT (job, row_id) WHERE resolved_at IS NULL DO UPDATE
SET error = excluded.error, last_failed_at = excluded.last_failed_at,
    failures = jobs_jobfailure.failures + 1
"""


def park(job: Job, failures: Failures, now: datetime) -> None:
    """Park the rows that failed; for a row that is parked already, note the new error and count one
    more failure.
    """
    if not failures:
        return
    merchants = job.merchants_of(list(failures))
    with connection.cursor() as cursor:
        cursor.execute(
            PARK,
            {
                "job": job.name,
                "rows": list(failures),
                "merchants": [merchants.get(key) for key in failures],
                "errors": [error_text(error) for error in failures.values()],
                "now": now,
            },
        )


def among(job: Job, keys: Sequence[int]) -> set[int]:
    """Look up which of these primary keys of the job's rows are parked, and not resolved yet."""
    return set(_parked(job, keys).values_list("row_id", flat=True))


def resolve(job: Job, keys: Sequence[int], now: datetime) -> None:
    """Mark as resolved at `now`, in the database, the failures of the rows with these primary keys,
    which are done now; those of them that are not parked are left alone.
    """
    _parked(job, keys).update(resolved_at=now)


def _parked(job: Job, keys: Sequence[int]) -> "QuerySet[JobFailure]":
    """The query for those failures of the job, not resolved yet, whose `row_id` is one of `keys`,
    the primary keys of rows that the job works on.
    """
    return JobFailure.objects.filter(job=job.name, row_id__in=keys, resolved_at__isnull=True)


def resolve_what_is_not_due(job: Job, due: Sequence[int], at: datetime, now: datetime) -> None:
    """Mark as resolved at `now` the job's failures whose rows are not among `due`, the keys of
    those that are due at `at`: another operation or a person has dealt with them. Rows that the job
    itself tries again only later (Job.tried_later), or that failed last after `at`, are left alone
    and, inside a cell, failures of other cells.
    """
    failures = JobFailure.objects.filter(job=job.name, resolved_at__isnull=True)
    cell = in_cells.here(job.where)
    rows = {
        one.row_id: one.pk
        for one in failures.filter(last_failed_at__lte=at).select_related("merchant")
        if cell in (in_cells.OUTSIDE, in_cells.of_failure(job.where, one))
    }
    done = rows.keys() - set(due)
    if done := done - job.tried_later(done, at):
        JobFailure.objects.filter(pk__in=[rows[row] for row in done]).update(resolved_at=now)


def error_text(error: Exception) -> str:
    """The error as text for operators: what `str` says of a refusal (not its `sentence`, which is
    for merchants), and of any other error its class and what `str` says. It is cut to LONGEST_ERROR
    characters, and has a replacement character for each control character.
    """
    text = str(error) if isinstance(error, Refused) else f"{type(error).__name__}: {error}"
    return shown(text.strip(), LONGEST_ERROR)
