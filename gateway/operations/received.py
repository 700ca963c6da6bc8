"""Keeping a record of the events that came in, for TAEL_RECEIVED_KEPT_DAYS."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from django.db import connection, transaction

from gateway.models import ReceivedEvent
from gateway.trail import Action
from lib import copied, prepared, wording
from lib.events import Event, Outcome, from_object, in_utc_or_none
from lib.parts import InParts, Part
from lib.refusals import Refused
from lib.texts import LONGEST_NAME, shown
from merchants.models import Merchant
from trail import operations as trail

COLUMNS = """
received_at, key_id, request, event, type, merchant, said_at, data, outcome, code, reason
"""
COPY = f"COPY gateway_receivedevent ({COLUMNS}) FROM STDIN"
# The record is for people to look into: a request does not wait until it is on disk, as it waits
# for the books.
PATIENT = "SET LOCAL synchronous_commit = off"
_INSERT = f"INSERT INTO gateway_receivedevent ({COLUMNS})"
NAMES = [name.strip() for name in COLUMNS.split(",")]
_ROW = ", ".join(f"%({name})s" for name in NAMES)
INSERT_ONE = InParts(
    f"""
WITH patient AS MATERIALIZED (SELECT set_config('synchronous_commit', 'off', true))
{_INSERT} SELECT {_ROW} FROM patient
""",
    [Part(PATIENT), Part(f"{_INSERT} VALUES ({_ROW})")],
)
# The record of one that is applied, for the operation that applies it; the names are its own.
BESIDE = f"""
INSERT INTO gateway_receivedevent ({COLUMNS})
SELECT %(received_at)s, %(received_key)s, %(received_request)s, %(received_event)s,
       %(received_type)s, %(received_merchant)s, %(received_said_at)s, %(received_data)s,
       'applied', '', ''
"""
LONGEST_REASON = 1000


class NotRefused(Refused):
    """Only an event that was refused can be sent again, and only once."""

    code = "not_refused"


class KeyIsRevoked(Refused):
    """The key that sent the event was revoked since: nobody knows who had it."""

    code = "key_is_revoked"


class Arrival(NamedTuple):
    """What was sent, in whatever form, the outcome of it, and the event, if it was one."""

    raw: Any
    outcome: Outcome
    event: Event | None = None


def beside(event: Event, *, key_id: int | None, request_id: str, now: datetime) -> prepared.Beside:
    """The statement that records this event of one request as received and applied, to be run
    together with the one that applies it.
    """
    return prepared.Beside(
        BESIDE,
        {
            "received_at": now,
            "received_key": key_id,
            "received_request": request_id,
            "received_event": event.id,
            "received_type": event.type,
            "received_merchant": event.merchant,
            "received_said_at": event.at,
            "received_data": json.dumps(event.data),
        },
    )


def record(
    arrivals: Sequence[Arrival], *, key_id: int | None, request_id: str, now: datetime
) -> None:
    """Store these arrivals, the events of one request and what became of each, as rows of
    ReceivedEvent. `key_id` is the primary key of the API key they came by, None if by none.
    """
    if len(arrivals) == 1:
        row = (now, key_id, request_id, *_columns(arrivals[0]))
        prepared.run(INSERT_ONE, dict(zip(NAMES, row, strict=True)))
        return
    to_whom = (now, copied.NULL if key_id is None else key_id, copied.text(request_id))
    first = "\t".join(map(str, to_whom))
    lines = [f"{first}\t{_line(_columns(arrival))}\n" for arrival in arrivals]
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(PATIENT)
        with cursor.copy(COPY) as copy:
            copy.write("".join(lines))


def _line(columns: tuple[Any, ...]) -> str:
    """The columns of an arrival from the event's id on, as text for COPY, with tabs between
    them: a missing instant is NULL, and backslashes and line ends are escaped. The columns
    must have no tabs. The caller adds the columns before these, and the line end behind
    them. COPY by psycopg's own way, value by value, takes several times as long.
    """
    event, kind, merchant, said_at, *others = columns
    at = said_at.isoformat() if said_at else copied.NULL
    line = "\t".join((event, kind, merchant, at, *others))
    if "\\" not in line and "\n" not in line:
        return line
    texts = map(copied.text, (event, kind, merchant))
    return "\t".join((*texts, at, *map(copied.text, others)))


def _columns(arrival: Arrival) -> tuple[Any, ...]:
    """The columns that are stored of an arrival: what was sent, and what became of it."""
    event = arrival.event
    if event is None:
        return (*_said(arrival.raw), *_became(arrival.outcome))
    said = (event.id, event.type, event.merchant, event.at, json.dumps(event.data))
    return (*said, *_became(arrival.outcome))


def _said(sent: Any) -> tuple[Any, ...]:
    """Return the columns of what was sent, if it was no event: id, type, merchant,
    instant, and data as JSON. The first three are "" if they are missing or no text,
    and are cut to LONGEST_NAME characters. The instant is None if it is missing or
    malformed. The data are whatever JSON was sent, such as a list or a text, and {}
    only if they are missing, empty, null, false or 0.
    """
    raw = sent if isinstance(sent, dict) else {}
    return (
        *(_text(raw.get(name)) for name in ("id", "type", "merchant")),
        in_utc_or_none(raw.get("at")),
        json.dumps(raw["data"] if raw.get("data") else {}),
    )


def _became(outcome: Outcome) -> tuple[str, str, str]:
    """The status, code and reason of an outcome, as they are stored: the reason cut to
    LONGEST_REASON characters, and "" without one.
    """
    if not outcome.reason:
        return outcome.status, outcome.code, ""
    return outcome.status, outcome.code, shown(outcome.reason, LONGEST_REASON)


def _text(value: object) -> str:
    """The value as one line that can be stored, cut to LONGEST_NAME characters, or "" if it is not
    text.
    """
    return shown(value, LONGEST_NAME).replace("\n", " ") if isinstance(value, str) else ""


def take_again(*, received_id: int, reason: str, actor: str, now: datetime) -> ReceivedEvent:
    """Mark the refused event as sent again, with a trail row, and return it. The caller applies the
    event in the same transaction (gateway.intake). Raises NotRefused, also for one that was sent
    again already, or has no id or no instant; KeyIsRevoked; Invalid without a reason;
    ReceivedEvent.DoesNotExist. It locks the event's row.
    """
    received = ReceivedEvent.objects.select_for_update().get(pk=received_id)
    if not received.can_be_sent_again:
        raise NotRefused(f"event: {received} was not refused, or was sent again already")
    if received.key is not None and received.key.revoked_at is not None:
        raise KeyIsRevoked(
            f"key: {received.key} was revoked on {received.key.revoked_at:%Y-%m-%d}, and what it"
            " sent is not sent again: have a system with a valid key send it"
        )
    received.sent_again_at = now
    received.save(update_fields=["sent_again_at"])
    merchant = Merchant.objects.filter(reference=received.merchant).first()
    trail.write(
        Action.EVENT_SENT_AGAIN,
        merchant_id=merchant.pk if merchant else None,
        subject=str(received),
        before={"code": received.code},
        after={"sent again": now.isoformat()},
        reason=wording.checked("reason", reason),
        actor=actor,
        now=now,
    )
    return received


def event_of(received: ReceivedEvent) -> Event:
    """The event that the record keeps, whose id and type may be cut. Raises Invalid if it is none:
    its data may be whatever JSON was sent, and merchant or type may have been missing. The record
    must have an instant.
    """
    assert received.said_at is not None
    return from_object(
        {
            "id": received.event,
            "type": received.type,
            "at": received.said_at.isoformat(),
            "merchant": received.merchant,
            "data": json.loads(received.data),
        }
    )


def again(
    received: ReceivedEvent, outcome: Outcome, *, now: datetime, names: bool = True
) -> ReceivedEvent:
    """Store the outcome of an event that an operator sent again, its reason cut to LONGEST_REASON
    characters, as a new record, and return that. It names the first one, unless `names` is false:
    a record in another cell cannot.
    """
    return ReceivedEvent.objects.create(
        received_at=now,
        key_id=received.key_id,
        request=received.request,
        event=received.event,
        type=received.type,
        merchant=received.merchant,
        said_at=received.said_at,
        data=received.data,
        outcome=outcome.status,
        code=outcome.code,
        reason=shown(outcome.reason, LONGEST_REASON),
        again=received if names else None,
    )
