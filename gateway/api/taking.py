"""How a request becomes an event: all that is told goes through `gateway.intake`."""

from datetime import datetime
from typing import Any

from gateway import intake
from gateway.api.access import KeyedRequest
from gateway.api.problems import Problem
from lib.events import DUPLICATE, REJECTED, Outcome

REPEATED = "Idempotency-Replayed"  # a header: the answer is that of the first time


def take(
    request: KeyedRequest, kind: str, *, merchant: str, data: dict[str, Any], at: datetime | None
) -> Outcome:
    """Apply what the request tells as an event of this type, named by the request's id.

    Returns the outcome, whose row is what was written, now or the first time.
    """
    event = {
        "id": request.request_id,
        "type": kind,
        "at": (at or request.now).isoformat(),
        "merchant": merchant,
        "data": data,
    }
    (outcome,) = intake.take(
        [event], key=request.auth, request_id=request.request_id, now=request.now
    )
    return outcome


def taken(
    request: KeyedRequest, kind: str, *, merchant: str, data: dict[str, Any], at: datetime | None
) -> Outcome:
    """Apply what the request tells as `take` does, and return the outcome. Raises Problem if it is
    refused.
    """
    outcome = take(request, kind, merchant=merchant, data=data, at=at)
    if outcome.status == REJECTED:
        raise Problem.of(outcome)
    return outcome


def is_repeat(outcome: Outcome) -> bool:
    return outcome.status == DUPLICATE.status
