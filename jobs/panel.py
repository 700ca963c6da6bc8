"""What the home page tells of the jobs."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q

from backoffice.queues import Queue
from jobs.models import Heartbeat, JobFailure
from jobs.queries import SCHEDULER, is_stale

PARKED = Queue(
    "parked",
    "Rows that a job could not deal with",
    JobFailure,
    lambda now: Q(resolved_at__isnull=True),
    since="first_failed_at",
    merchant="merchant_id",
)


@dataclass(frozen=True)
class Pulse:
    """When the scheduler last had something done."""

    at: datetime | None
    is_stale: bool


def pulse(now: datetime) -> Pulse:
    at = Heartbeat.objects.filter(process=SCHEDULER).values_list("at", flat=True).first()
    return Pulse(at, is_stale=is_stale(at, now))
