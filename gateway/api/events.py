"""The route that takes many events at once, and the one that tells what became of them."""

import json
from typing import Any, Literal

from django.conf import settings
from django.http import HttpResponse
from ninja import Router
from pydantic import BaseModel, Field
from pydantic_core import to_json

from gateway import intake
from gateway.api import answers, cloud_events
from gateway.api.access import Key, KeyedRequest
from gateway.api.instants import Moment
from gateway.api.json_bodies import JSON, body_of
from gateway.api.problems import Problem, pointer
from gateway.models import ReceivedEvent, Scope
from gateway.queries import received
from lib.events import Outcome

router = Router(tags=["Events"])
MOST_EVENTS = 1000
WRITING = (Scope.ORDERS, Scope.CHARGES, Scope.MERCHANTS, Scope.METRICS)
Became = Literal["applied", "duplicate", "declined", "rejected"]


class Result(BaseModel):
    """What became of one event."""

    id: str | None = Field(description="As it was sent; null where it was none.")
    outcome: Became
    code: str | None = Field(description="Of a refusal; null otherwise.")
    detail: str | None = Field(description="Why it was refused, in a sentence for people.")
    errors: list[str] = Field(description="JSON pointers to the members of `data` at fault.")


class Results(BaseModel):
    """What became of each event, in the order in which they were sent."""

    results: list[Result]


class Received(BaseModel):
    """An event that came in, and what became of it."""

    id: str
    type: str
    merchant: str
    at: Moment | None
    data: dict[str, Any]
    received_at: Moment
    outcome: Became
    code: str | None
    detail: str | None
    request_id: str


@router.post("/events", auth=Key(*WRITING), response=Results, operation_id="sendEvents")
def send(request: KeyedRequest) -> HttpResponse:
    """Tell of up to 1,000 things that happened, of whatever types and merchants.

    They are applied in the order of `at`, equal ones as listed; one that is refused does not hold
    up the others. Each has its own outcome, with 200. All of them may be sent again at any time:
    what was applied is then a `duplicate`.
    """
    content_type, said = body_of(request, JSON, cloud_events.BATCH)
    if content_type == cloud_events.BATCH:
        sent = [cloud_events.event_in(one) for one in _listed(said, "")]
    else:
        if not isinstance(said, dict) or said.keys() != {"events"}:
            raise Problem(422, "invalid", 'The body must be {"events": […]} and nothing else.')
        sent = _listed(said["events"], "/events")
    outcomes = intake.take(sent, key=request.auth, request_id=request.request_id, now=request.now)
    pairs = zip(sent, outcomes, strict=True)
    results = {"results": [_result(raw, outcome) for raw, outcome in pairs]}
    return answers.written(to_json(results), 200)


def _listed(said: Any, where: str) -> list[Any]:
    """The events in the list `said`, which stands at the JSON pointer `where` in the body. Raises
    Problem (422) if it is no list of 1 to MOST_EVENTS.
    """
    if not isinstance(said, list) or not 1 <= len(said) <= MOST_EVENTS:
        says = f"must be a list of 1 to {MOST_EVENTS} events"
        raise Problem(422, "invalid", f"The batch {says}.", [(where, says)])
    return said


def _result(raw: Any, outcome: Outcome) -> dict[str, Any]:
    """The members of a Result, as a dict, for the event that was sent as `raw`. It is no instance
    of Result, since that takes too long for a thousand events.
    """
    named = raw.get("id") if isinstance(raw, dict) else None
    return {
        "id": named if isinstance(named, str) else None,
        "outcome": outcome.status,
        "code": outcome.code or None,
        "detail": outcome.reason or None,
        "errors": [pointer(name.split(".")) for name in outcome.fields],
    }


@router.get(
    "/events/{reference:event}",
    auth=Key(Scope.READ),
    response=Received,
    operation_id="getEvent",
)
def show(request: KeyedRequest, event: str) -> Received:
    """What became of the event with this id, if it came in within the last 30 days.

    Of several that had this id, the latest. What came by another route, such as `POST /orders`, is
    an event, too: its id is that of the request (the answer's X-Request-ID). Answers 404 if there
    is none.
    """
    found = received.latest(request.auth, event)
    if found is None:
        days = settings.TAEL_RECEIVED_KEPT_DAYS
        raise Problem(404, "not_found", f"No event with this id came in within {days} days.")
    return _told(found)


def _told(row: ReceivedEvent) -> Received:
    """The event as the API shows it: what was said, and what became of it."""
    return Received(
        id=row.event,
        type=row.type,
        merchant=row.merchant,
        at=row.said_at,
        data=_as_object(row.data),
        received_at=row.received_at,
        outcome=row.outcome,  # type: ignore[arg-type]
        code=row.code or None,
        detail=row.reason or None,
        request_id=row.request,
    )


def _as_object(text: str) -> dict[str, Any]:
    """The object in this JSON; empty if it is another value."""
    found = json.loads(text)
    return found if isinstance(found, dict) else {}
