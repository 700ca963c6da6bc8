"""What the gateway keeps of buyers: what came in about their orders, and what webhooks tell (rule
21.19). It is kept for a while only (docs/operations.md), and erased at once with the buyer.
"""

import json
from collections.abc import Iterator
from typing import Any

from django.db.models import QuerySet, TextField, Value
from django.db.models.fields.json import JSONField
from django.db.models.functions import Cast, Replace

from gateway.imports.models import ImportedRow
from gateway.models import ReceivedEvent
from gateway.webhooks.models import WebhookEvent
from merchants.personal import HOLDINGS, Holding, Kind, Row, Subject
from merchants.personal_rows import fields

MEMBER = "buyer"  # of an event's data


def register() -> None:
    """Register what the gateway keeps of buyers, with how it is exported and erased: events that
    came in by the API, rows of imported files, and events that webhooks tell. Called once, when a
    program starts.
    """
    HOLDINGS.register(
        Holding(50, "received by the API", kind=Kind.BUYER, rows=_received, erase=_erase_received),
        Holding(51, "imported", kind=Kind.BUYER, rows=_imported, erase=_erase_imported),
        Holding(52, "told by webhooks", kind=Kind.BUYER, rows=_told, erase=_erase_told),
    )


def _said(buyer: str, *, as_ascii: bool) -> str:
    """The buyer as a member of JSON, as it stands in the text of data: `as_ascii` in text that we
    wrote, else in that of PostgreSQL.
    """
    return f'"{MEMBER}": {json.dumps(buyer, ensure_ascii=as_ascii)}'


def _received_of(subject: Subject) -> "QuerySet[ReceivedEvent]":
    """The query for the records of events that came in by the API and name the buyer,
    oldest first.
    """
    found = ReceivedEvent.objects.filter(data__contains=_said(subject.names[0], as_ascii=True))
    return found.order_by("pk")


def _received(subject: Subject) -> Iterator[Row]:
    """Yield what came in by the API about the buyer, by column."""
    for one in _received_of(subject):
        yield fields(one, "received_at event type merchant data outcome code reason")


def _erase_received(subject: Subject, pseudonym: str) -> int:
    """Replace the person's name by the pseudonym in the data of events that came in. Returns how
    many events had it.
    """
    old, new = (_said(name, as_ascii=True) for name in (subject.names[0], pseudonym))
    return _received_of(subject).update(data=Replace("data", Value(old), Value(new)))


def _imported_of(subject: Subject) -> "QuerySet[ImportedRow]":
    """The query for the rows of imported files that name the buyer, oldest first."""
    found = ImportedRow.objects.filter(**{f"data__{MEMBER}": subject.names[0]})
    return found.order_by("pk")


def _imported(subject: Subject) -> Iterator[Row]:
    """Yield what imported files say of the buyer, by column."""
    for one in _imported_of(subject):
        yield fields(one, "merchant reference said_at data outcome code")


def _erase_imported(subject: Subject, pseudonym: str) -> int:
    """Replace the buyer's name by the pseudonym in the data of imported rows. Returns how many rows
    had it.
    """
    return _replaced(_imported_of(subject), subject, pseudonym)


def _told_of(subject: Subject) -> "QuerySet[WebhookEvent]":
    """The query for the webhook events that name the buyer, oldest first."""
    found = WebhookEvent.objects.filter(**{f"data__{MEMBER}": subject.names[0]})
    return found.order_by("pk")


def _told(subject: Subject) -> Iterator[Row]:
    """Yield what webhooks told of the buyer, by column, each with its merchant."""
    for one in _told_of(subject).select_related("merchant"):
        yield {"merchant": one.merchant.reference} | fields(one, "type at data")


def _erase_told(subject: Subject, pseudonym: str) -> int:
    """Replace the buyer's name by the pseudonym in the data of webhook events. Returns how many
    events had it.
    """
    return _replaced(_told_of(subject), subject, pseudonym)


def _replaced(found: "QuerySet[Any]", subject: Subject, pseudonym: str) -> int:
    """Put the pseudonym in the place of the first of the person's names in the JSON of these rows;
    returns how many rows that were.
    """
    old, new = (_said(name, as_ascii=False) for name in (subject.names[0], pseudonym))
    text = Replace(Cast("data", TextField()), Value(old), Value(new))
    return found.update(data=Cast(text, JSONField()))
