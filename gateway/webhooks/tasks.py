"""Functions of the jobs: each works off one chunk of the rows that `due` found."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial

from gateway.webhooks.operations import deliveries
from jobs.chunks import Failures, Turn, ask_one_by_one


def deliver(endpoint_ids: Sequence[int], now: datetime, turn: Turn | None = None) -> Failures:
    """Send these endpoints what is due until the turn is over, or all of it without a turn; each
    attempt is recorded, and an endpoint is left to the process that has its lease. Returns the
    errors of the endpoints that failed, by the endpoint's primary key; those that keep silent, or
    that the turn did not get to, are left for later, and have not failed. One of TRANSIENT_ERRORS
    is raised at once.
    """
    turn = turn or Turn(now)
    visit = partial(deliveries.visit, clock=lambda: turn.now)
    return ask_one_by_one(visit, endpoint_ids, turn)
