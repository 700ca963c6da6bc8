"""What jobs leave behind. Written as it stands: it is of runs that other processes made."""

from datetime import UTC, datetime

from factory.declarations import SelfAttribute, Sequence
from factory.django import DjangoModelFactory

from jobs.models import Heartbeat, JobFailure, JobRun

AT = datetime(2026, 11, 1, 1, tzinfo=UTC)


class JobRunFactory(DjangoModelFactory[JobRun]):
    """A run that began when it was due, and is still at work unless `ended_at` is named."""

    class Meta:
        model = JobRun

    job = "order-flags"
    due_at = AT
    started_at = SelfAttribute("due_at")


class JobFailureFactory(DjangoModelFactory[JobFailure]):
    """A row that a job could not deal with, and has not tried since."""

    class Meta:
        model = JobFailure

    job = "billing-day-ends"
    row_id = Sequence(int)
    error = "it broke"
    first_failed_at = AT
    last_failed_at = SelfAttribute("first_failed_at")


class HeartbeatFactory(DjangoModelFactory[Heartbeat]):
    """When the scheduler was seen last."""

    class Meta:
        model = Heartbeat

    process = "scheduler"
    at = AT
