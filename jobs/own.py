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
    """Register what the job removes. Called once, when a program starts."""
    KEPT.register(
        Kept(1, "job runs", SETTING, queries.old_runs),
        Kept(2, "failed rows that were dealt with", SETTING, _failures),
    )


def _failures(before: datetime, now: datetime) -> "QuerySet[JobFailure]":
    return JobFailure.objects.filter(resolved_at__lt=before)
