"""Closes a credit line, when its merchant's billing account is closed.

Billing may import credit and not the other way round, so billing calls this as it closes the
account.
"""

from datetime import datetime

from django.db import transaction

from credit.models import CreditLine
from credit.operations import lines, requests, reviews


@transaction.atomic
def close(*, merchant_id: int, actor: str, now: datetime) -> CreditLine:
    """Close the line: it takes no new orders, open ones go on, and proceeds can be withdrawn.

    A raise that waits after a review becomes VOID, one that the merchant asked for is rejected, and
    no more reviews are held. Does nothing if the line is closed already. The caller holds the
    account's lock. Rule 19.4, rule 19.5.
    """
    line = lines.lock(merchant_id, now=now)
    if line.is_closed:
        return line
    line.closed_at = line.now
    line.save(update_fields=["closed_at"])
    reviews.overtake(line, actor=actor, now=line.now)
    requests.reject_as_closed(line, actor=actor, now=line.now)
    return line
