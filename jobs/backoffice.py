"""The queue of parked rows and the note about the scheduler on the operators' home page."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q

from backoffice.home import NOTES, Note
from backoffice.panels import Panel
from backoffice.queues import QUEUES, STUCK, Queue
from jobs.models import Heartbeat, JobFailure
from jobs.queries import SCHEDULER, is_stale

PARKED = Queue(
    name="parked",
    title="Rows that a job could not deal with",
    model=JobFailure,
    which=lambda now: Q(resolved_at__isnull=True),
    since="first_failed_at",
    merchant="merchant_id",
    group=STUCK,
    place=10,
)


def register() -> None:
    """Register the queue of parked rows and the note about the scheduler with the operators' home
    page. Called once, when a program starts.
    """
    QUEUES.register(PARKED)
    NOTES.register(Note(10, _scheduler))


@dataclass(frozen=True)
class SchedulerHealth:
    """When the scheduler last sent a heartbeat (None if it never did), and whether that is too long
    ago.
    """

    at: datetime | None
    is_stale: bool


def _scheduler(now: datetime) -> Panel:
    """The panel that shows when the scheduler last sent a heartbeat, and whether that is too long
    before `now`.
    """
    at = Heartbeat.objects.filter(process=SCHEDULER).values_list("at", flat=True).first()
    health = SchedulerHealth(at, is_stale=is_stale(at, now))
    return Panel("admin/backoffice/scheduler.html", {"scheduler": health})
