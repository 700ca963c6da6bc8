"""The gateway's own job, which forgets what came in long ago."""

from datetime import timedelta

from gateway.models import ReceivedEvent
from gateway.operations import received
from gateway.queries.received import old
from jobs.definitions import Job

OLD_EVENTS = Job(
    "old-events",
    due=old,
    work=received.forget,
    every=timedelta(hours=6),
    model=ReceivedEvent,
    is_set_based=True,
    in_replay=False,
)
