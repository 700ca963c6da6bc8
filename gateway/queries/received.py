"""What came in, for those who sent it."""

from django.db.models import Q, QuerySet

from gateway.models import ApiKey, ReceivedEvent


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
