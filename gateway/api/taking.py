"""How a request becomes an event: all that is told goes through `gateway.intake`."""

from datetime import datetime
from typing import Any

from gateway import intake
from gateway.api import bodies
from gateway.api.access import KeyedRequest
from gateway.api.problems import Problem
from lib import events
from lib.events import DUPLICATE, REJECTED, Outcome
from lib.refusals import Invalid

REPEATED = "Idempotency-Replayed"  # a header: the answer is that of the first time


def take(
    request: KeyedRequest, kind: str, *, merchant: str, data: dict[str, Any], at: datetime | None
) -> Outcome:
    """Apply what the request tells as an event of type `kind` about the merchant with this
    reference; the event's id is the request's, and it happened `at`, or now. It is recorded as
    received, also if it is refused.

    Returns the outcome, whose row is what was written, now or the first time. A refusal is an
    outcome, too (REJECTED, without a row), and raises nothing; `taken` raises it.
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
    """Apply what the request tells as an event of type `kind` about the merchant with this
    reference, which is recorded as received (`take`), and return the outcome. Raises Problem if it
    is refused.
    """
    outcome = take(request, kind, merchant=merchant, data=data, at=at)
    if outcome.status == REJECTED:
        raise Problem.of(outcome)
    return outcome


def taken_checked(
    request: KeyedRequest, kind: str, *, merchant: str, body: bodies.Order, read: Any
) -> Outcome:
    """Apply what the body, which was checked, tells as an event of type `kind` about the
    merchant with this reference, and return the outcome. It is recorded as received, also
    if it is refused. The body is not read again as an event, and `read` is what was looked
    up ahead for it (events.Spared). Raises Problem if the event is refused.
    """
    data = bodies.data_of(body)
    try:
        at = events.in_utc(body.at or request.now)
    except Invalid:  # which is recorded as it was said
        return taken(request, kind, merchant=merchant, data=data, at=body.at)
    outcome = intake.take_checked(
        events.Event(request.request_id, kind, at, merchant, data),
        body,
        read=read,
        key=request.auth,
        request_id=request.request_id,
        now=request.now,
    )
    if outcome.status == REJECTED:
        raise Problem.of(outcome)
    return outcome


def is_repeat(outcome: Outcome) -> bool:
    """Whether the event had been applied before."""
    return outcome.status == DUPLICATE.status
