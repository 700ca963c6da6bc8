"""Closes a credit line, when its merchant's billing account is closed, and opens it with it again.

Billing may import credit and not the other way round, so billing calls this as it closes or opens
the account.
"""

from datetime import datetime

from django.db import transaction

from credit.models import CreditLine, FormerClosing
from credit.operations import lines, requests, reviews


@transaction.atomic
def close(*, merchant_id: int, actor: str, now: datetime) -> CreditLine:
    """Close the line: it takes no new orders, open ones go on, and proceeds can be withdrawn.

    A raise that waits after a review becomes VOID, one that the merchant asked for is rejected with
    a trail row, of both of which the merchant is notified, and no more reviews are held. Of the
    closing itself no trail row is written here. Does nothing if the line is closed already. The
    caller holds the account's lock; it locks the line, whose ended days are worked off first
    (lines.lock). Rule 19.4, rule 19.5.
    """
    line = lines.lock(merchant_id, now=now)
    if line.is_closed:
        return line
    line.closed_at = line.now
    line.save(update_fields=["closed_at"])
    reviews.overtake(line, actor=actor, now=line.now)
    requests.reject_as_closed(line, actor=actor, now=line.now)
    return line


@transaction.atomic
def reopen(*, merchant_id: int, now: datetime) -> CreditLine:
    """Open a closed line again, with the limit that it has: it takes new orders, and is reviewed.
    What was void or rejected as it closed stays so. No trail row is written here.

    Does nothing if the line is open. The caller holds the account's lock; it locks the line, whose
    ended days are worked off first (lines.lock). Rule 19.9.
    """
    line = lines.lock(merchant_id, now=now)
    if line.closed_at is None:
        return line
    FormerClosing.objects.create(line=line, closed_at=line.closed_at, reopened_at=line.now)
    line.closed_at = None
    line.save(update_fields=["closed_at"])
    return line
