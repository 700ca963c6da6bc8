"""What came in, for those who sent it and for the job that forgets it."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db.models import Q, QuerySet

from gateway.models import ApiKey, ReceivedEvent

KEPT = timedelta(days=30)
MOST_FORGOTTEN = 50_000


def visible_to(key: ApiKey) -> "QuerySet[ReceivedEvent]":
    """The records that a key may read: all of them or, for a merchant's key, those about its
    merchant.

    What another merchant's key said of that merchant was refused, and is left out.
    """
    found = ReceivedEvent.objects.all()
    if key.merchant is None:
        return found
    senders = Q(key__merchant=None) | Q(key__merchant=key.merchant)
    return found.filter(senders, merchant=key.merchant.reference)


def old(now: datetime) -> Sequence[int]:
    """The ids of the oldest records among those that need not be kept any more, at most
    MOST_FORGOTTEN of them.
    """
    found = ReceivedEvent.objects.filter(received_at__lt=now - KEPT).order_by("received_at")
    return list(found.values_list("pk", flat=True)[:MOST_FORGOTTEN])
