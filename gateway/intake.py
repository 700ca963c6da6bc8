"""Takes in what a key sends: events that it may not send are refused, the others are applied, and
all are recorded.

Events commit as they are applied, and are recorded after that, or with it where somebody waits. A
sender that got no answer sends them again: what was applied is a duplicate then, and the record
says so.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from gateway import events as doors
from gateway.models import ApiKey, ReceivedEvent
from gateway.operations import received
from lib import cells, counters, events
from lib.events import Event, Outcome, Spared
from lib.refusals import Invalid, Refused
from merchants import directory
from merchants.operations.merchants import UnknownMerchant


class OutOfScope(Refused):
    """The key is not for events of this type."""

    code = "forbidden"


def take(raw: Sequence[Any], *, key: ApiKey, request_id: str, now: datetime) -> list[Outcome]:
    """Apply the events in these decoded JSON objects, which arrive together, and record them as
    received with the key and the request's id. Each is applied under the locks that its type takes.

    Returns their outcomes in the same order; what is no event, and events that the key may not
    send, are rejected. Failures of our own are raised: some events may be applied then and stay so,
    and none is recorded as received; all may be sent again.
    """
    outcomes: list[Outcome | None] = [None] * len(raw)
    sent: list[Event | None] = [None] * len(raw)
    allowed: list[tuple[int, Event]] = []
    for place, event in enumerate(events.from_objects(raw)):
        try:
            if isinstance(event, Invalid):
                raise event
            sent[place] = event
            _check(event, key)
        except Refused as refusal:
            outcomes[place] = refused = Outcome.rejected(refusal)
            counters.EVENTS.labels(_name(raw[place]), refused.status).inc()
        else:
            allowed.append((place, event))
    applied = doors.apply_all((event for _, event in allowed), now=now)
    for (place, _), outcome in zip(allowed, applied, strict=True):
        outcomes[place] = outcome
    known = [outcome for outcome in outcomes if outcome is not None]
    arrivals = [received.Arrival(*said) for said in zip(raw, known, sent, strict=True)]
    _record(arrivals, key=key, request_id=request_id, now=now)
    return known


def take_checked(
    event: Event, data: Any, *, read: Any, key: ApiKey, request_id: str, now: datetime
) -> Outcome:
    """Apply one event that somebody waits for, record it as received with the key and the request's
    id, and return its outcome; one that the key may not send is rejected. Its envelope was checked,
    and `data` is what its type makes of its data; `read` was read ahead (events.Spared). What is
    applied at once is recorded by the same statement.
    """
    try:
        _check(event, key)
    except Refused as refusal:
        outcome = Outcome.rejected(refusal)
        counters.EVENTS.labels(event.type, outcome.status).inc()
    else:
        record = received.beside(event, key_id=key.pk, request_id=request_id, now=now)
        spared = Spared(data, read, record)
        outcome = doors.apply_waited_for(event, now=now, spared=spared)
    if not outcome.is_recorded:
        arrival = received.Arrival(None, outcome, event)
        _record([arrival], key=key, request_id=request_id, now=now)
    return outcome


def _record(
    arrivals: Sequence[received.Arrival], *, key: ApiKey, request_id: str, now: datetime
) -> None:
    """Record what arrived by this key in one request: where the books are in cells, each with its
    merchant's; what is of no merchant that there is, in the cell that we are inside, or else in the
    first.
    """
    if not cells.are_on():
        received.record(arrivals, key_id=key.pk, request_id=request_id, now=now)
        return
    named = [arrival.event.merchant if arrival.event else "" for arrival in arrivals]
    places = directory.places_of(named)
    where = {merchant: place.cell for merchant, place in places.items()}
    placed = [where.get(merchant, cells.number()) for merchant in named]
    question = directory.question_of(places.values())
    for number in sorted(set(placed)):
        group = [one for one, at in zip(arrivals, placed, strict=True) if at == number]
        with cells.asking(question), cells.at(number):
            received.record(group, key_id=key.pk, request_id=request_id, now=now)


def _check(event: Event, key: ApiKey) -> None:
    """Raise Invalid if there is no such event type, OutOfScope if the key has not its scope,
    UnknownMerchant if a merchant's key sends an event of another merchant, and OutOfScope if it is
    one merchant's and the type is the platform's.
    """
    found = events.type_named(event.type)
    if found is None:
        raise Invalid("type", f"there is no event type {event.type!r}")
    if found.scope not in key.scopes:
        raise OutOfScope(f"type: this key has not the scope {found.scope}")
    if key.merchant_id is None:
        return
    assert key.merchant is not None
    if key.merchant.reference != event.merchant:
        raise UnknownMerchant(f"merchant: there is no merchant {event.merchant}")
    if found.of_platform:
        raise OutOfScope("type: only keys of the platform are for such events")


def _name(raw: Any) -> str:
    """The type of the event that was sent as `raw`, for the metrics; "unknown" if it is not a
    registered one.
    """
    said = raw.get("type") if isinstance(raw, dict) else None
    found = events.type_named(said) if isinstance(said, str) else None
    return found.name if found else "unknown"


@transaction.atomic
def send_again(*, received_id: int, reason: str, actor: str, now: datetime) -> ReceivedEvent:
    """Apply a refused event anew, after an operator has mended what stood in its way, with a trail
    row. Returns the new record, which may say that it was refused again.

    The event may do no more than its key may send; what is no event any more, such as one whose
    data are no object, is refused again. Where the books are in cells, we are inside that of the
    refused event's record; the event is applied and recorded in its merchant's, which may have
    joined another one since. Raises ReceivedEvent.DoesNotExist, received.NotRefused,
    received.KeyIsRevoked, Invalid without a reason, and cells.Moves. It locks the refused event's
    row.
    """
    refused = received.take_again(received_id=received_id, reason=reason, actor=actor, now=now)
    try:
        event = received.event_of(refused)
        if refused.key is not None:  # what it may not send is not sent for it either
            _check(event, refused.key)
    except Refused as refusal:
        return received.again(refused, Outcome.rejected(refusal), now=now)
    here = cells.number()
    with cells.outside():
        (outcome,) = doors.apply_all([event], now=now)
        with cells.at(_cell_of(event.merchant, here)):
            return received.again(refused, outcome, now=now, names=cells.number() == here)


def _cell_of(reference: str, here: int) -> int:
    """The number of the cell that has the books of the merchant with this reference; `here` if
    there is no such merchant, and in an installation without cells.
    """
    return directory.cells_of([reference]).get(reference, here) if cells.are_on() else here
