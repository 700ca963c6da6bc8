"""The jobs package's own job, which deletes old runs."""

from datetime import timedelta

from jobs import queries, runs
from jobs.definitions import Job
from jobs.models import JobRun

OLD_RUNS = Job(
    "old-runs",
    due=queries.old_runs,
    work=runs.forget,
    every=timedelta(hours=6),
    model=JobRun,
    is_set_based=True,
    in_replay=False,
)
