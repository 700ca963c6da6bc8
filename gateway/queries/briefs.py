"""Reads what operators are shown of keys, and of what came in, before they decide. Nothing here
writes.
"""

from django.db.models import QuerySet

from backoffice.briefs import FEW, Brief, Change, Fact, History, Past
from gateway.models import ApiKey, ReceivedEvent
from merchants.models import Merchant
from trail import histories

LONGEST_DATA = 1000  # characters of what was sent, as a page shows it


def of_key(key: ApiKey, name: str) -> Brief:
    """What an operator reads before the decision called `name` about a key: what it opens and
    reaches, when it was made, ends and was used last, what "revoke" changes, what was decided about
    it, and what came in with it lately.
    """
    replaced = str(key.replaced_by) if key.replaced_by else None
    return Brief(
        facts=(
            Fact("Opens", key.scopes),
            Fact("Reaches", str(key.merchant or "all merchants")),
            Fact("From", key.networks or "anywhere"),
            Fact("Requests a minute", key.requests_per_minute),
            Fact("Made", key.made_at, key.made_by),
            Fact("Expires", key.expires_at),
            Fact("Replaced by", replaced),
            Fact("Used last", key.last_used_at),
        ),
        changes=[Change("Lets somebody in", True, False)] if name == "revoke" else [],
        histories=(histories.of_subject(str(key)), _came_with(key)),
    )


def of_received(received: ReceivedEvent) -> Brief:
    """What an operator reads before a refused event is sent again: why it was refused, whether the
    key that sent it was revoked since, or expires, how its data begins, and the latest FEW of what
    else came in under its id, and of what came in for the same merchant.
    """
    merchant = Merchant.objects.filter(reference=received.merchant).first()
    key = str(received.key) if received.key else "an operator"
    return Brief(
        facts=(
            Fact("Refused as", received.code, received.reason),
            Fact("Type", received.type),
            Fact("Merchant", received.merchant, "" if merchant else "unknown to us"),
            Fact("Came in", received.received_at, key),
            *_ended(received.key),
            Fact("Says it happened", received.said_at),
            Fact("Request", received.request),
            Fact("It says", received.data[:LONGEST_DATA]),
        ),
        histories=(
            History(
                "Came under the same id",
                _rows(ReceivedEvent.objects.filter(event=received.event).exclude(pk=received.pk)),
            ),
            History(
                "Came in for the merchant lately",
                _rows(ReceivedEvent.objects.filter(merchant=received.merchant)),
            ),
        ),
    )


def _ended(key: ApiKey | None) -> list[Fact]:
    """The fact that the key that sent an event was revoked since, or when it expires or has
    expired; none for a key without an end, and where there is no key.
    """
    if key is None:
        return []
    if key.revoked_at is not None:
        note = "What it sent is not sent again: have a system with a valid key send it."
        return [Fact("Its key was revoked", key.revoked_at, note)]
    if key.expires_at is not None:
        note = "What it sent before may be sent again."
        return [Fact("Its key expires", key.expires_at, note)]
    return []


def _came_with(key: ApiKey) -> History:
    """The latest FEW records that came in with this key, the latest first, of those among the last
    thousand of all keys.
    """
    latest = ReceivedEvent.objects.order_by("-pk").values("pk")[:1_000]
    return History(
        "Came in with it, of the last thousand",
        _rows(ReceivedEvent.objects.filter(pk__in=latest, key=key)),
    )


def _rows(received: QuerySet[ReceivedEvent]) -> list[Past]:
    """The latest FEW of these records, the latest first, each with what became of it."""
    return [
        Past(one.received_at, f"{one}: {one.get_outcome_display()}", one.code, one.reason)
        for one in received.order_by("-pk")[:FEW]
    ]
