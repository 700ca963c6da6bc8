"""How long is kept what the jobs package keeps: runs, and failures that were dealt with (rule
21.21).
"""

from datetime import datetime

from django.db.models import QuerySet

from jobs import queries
from jobs.models import JobFailure
from jobs.retention import KEPT, Kept

SETTING = "TAEL_JOB_RUNS_KEPT_DAYS"


def register() -> None:
    """Register with the job of retention that it removes old runs and failures that were dealt
    with. Called once, when a program starts.
    """
    KEPT.register(
        Kept(1, "job runs", SETTING, queries.old_runs),
        Kept(2, "failed rows that were dealt with", SETTING, _failures),
    )


def _failures(before: datetime, now: datetime) -> "QuerySet[JobFailure]":
    """The query for the failed rows that the job of retention removes: those that were done before
    the instant `before`.
    """
    return JobFailure.objects.filter(resolved_at__lt=before)
