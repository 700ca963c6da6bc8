"""What came in, for those who sent it and for the job that forgets it."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db.models import Q, QuerySet

from gateway.models import ApiKey, ReceivedEvent

KEPT = timedelta(days=30)
MOST_FORGOTTEN = 50_000


def visible_to(key: ApiKey) -> "QuerySet[ReceivedEvent]":
    """All that a key may read of: that of its merchant, or of all merchants.

    What another merchant's key said of the merchant was refused, and is not the merchant's.
    """
    found = ReceivedEvent.objects.all()
    if key.merchant is None:
        return found
    senders = Q(key__merchant=None) | Q(key__merchant=key.merchant)
    return found.filter(senders, merchant=key.merchant.reference)


def old(now: datetime) -> Sequence[int]:
    """The oldest records, as far as they need not be kept any more."""
    found = ReceivedEvent.objects.filter(received_at__lt=now - KEPT).order_by("received_at")
    return list(found.values_list("pk", flat=True)[:MOST_FORGOTTEN])
