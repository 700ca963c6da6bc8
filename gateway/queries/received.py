"""What came in, for those who sent it and for the job that forgets it."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db.models import QuerySet

from gateway.models import ApiKey, ReceivedEvent

KEPT = timedelta(days=30)
MOST_FORGOTTEN = 50_000


def visible_to(key: ApiKey) -> "QuerySet[ReceivedEvent]":
    """All that a key may read of: that of its merchant, or of all merchants."""
    found = ReceivedEvent.objects.all()
    return found.filter(merchant=key.merchant.reference) if key.merchant else found


def old(now: datetime) -> Sequence[int]:
    """The oldest records, as far as they need not be kept any more."""
    found = ReceivedEvent.objects.filter(received_at__lt=now - KEPT).order_by("received_at")
    return list(found.values_list("pk", flat=True)[:MOST_FORGOTTEN])
