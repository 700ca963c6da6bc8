"""The jobs of this installation, in the order in which a replay runs those of the same instant.

Each package declares its own. config.timetable lists them all and installs them here when the
programs start, so that this package finds them by name without importing the books.
"""

from collections.abc import Sequence

from jobs.definitions import Job

_jobs: tuple[Job, ...] = ()


def install(jobs: Sequence[Job]) -> None:
    """Make these the jobs that `all_jobs` and `job_named` find, in place of those before."""
    global _jobs
    _jobs = tuple(jobs)


def all_jobs() -> tuple[Job, ...]:
    """The installed jobs, in the order in which a replay runs those of the same instant."""
    return _jobs


def job_named(name: str) -> Job:
    """The installed job with this name. Raises LookupError if there is none."""
    for job in _jobs:
        if job.name == name:
            return job
    raise LookupError(f"there is no job {name}")
