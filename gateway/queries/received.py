"""What came in, for those who sent it."""

from django.db.models import Q, QuerySet

from gateway.models import ApiKey, ReceivedEvent
from lib import cells


def visible_to(key: ApiKey) -> "QuerySet[ReceivedEvent]":
    """The records of received events that a key may read: all of them or, for a merchant's key,
    those about its merchant.

    What another merchant's key said of that merchant was refused, and is left out.
    """
    found = ReceivedEvent.objects.all()
    if key.merchant is None:
        return found
    senders = Q(key__merchant=None) | Q(key__merchant=key.merchant)
    return found.filter(senders, merchant=key.merchant.reference)


def latest(key: ApiKey, event: str) -> ReceivedEvent | None:
    """The latest record of an event with this id that the key may read, of whatever cell; None if
    there is none.
    """
    rows = cells.in_each(lambda: visible_to(key).filter(event=event).order_by("-pk").first())
    found = [row for row in rows if row is not None]
    return max(found, key=lambda row: row.received_at, default=None)
