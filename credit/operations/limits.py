"""Changes a limit by an operator's decision (rule 8.17)."""

from datetime import datetime

from django.db import transaction
from moneyed import Money

from credit.models import CreditLine, LimitEntry
from credit.operations import lines, reviews, usage
from credit.trail import Action
from lib import money, wording
from lib.refusals import Invalid
from trail import operations as trail


def set_limit(
    *, merchant_id: int, limit: Money, actor: str, reason: str, now: datetime
) -> LimitEntry:
    """Set the line's limit, even below what is used: then nothing is available until payments come.

    Raises CurrencyMismatch, Invalid for a negative or unchanged limit, or without a reason. Rule
    8.17.
    """
    reason = wording.checked("reason", reason)
    with transaction.atomic():
        line = lines.lock(merchant_id, now=now)
        now = line.now
        limit = money.accepted(limit, line.currency, field="limit")
        if limit.amount < 0:
            raise Invalid("limit", "must not be negative")
        if limit == line.limit:
            raise Invalid("limit", f"is {money.text(limit)} already")
        return change(
            line, limit, kind=LimitEntry.Kind.LIMIT_SET, actor=actor, reason=reason, now=now
        )


def change(
    line: CreditLine,
    limit: Money,
    *,
    kind: LimitEntry.Kind,
    actor: str,
    reason: str,
    now: datetime,
) -> LimitEntry:
    """Change the locked line's limit by a person's decision; write its entry and a trail row.

    A raise that waits after a review becomes VOID; a large cut is notified. Rule 4.3, rule 8.10.
    """
    before, line.limit = line.limit, limit
    line.save(update_fields=["limit"])
    trail.write(
        Action.LIMIT_CHANGED,
        merchant_id=line.pk,
        subject="credit line",
        before={"limit": money.full(before)},
        after={"limit": money.full(limit)},
        actor=actor,
        reason=reason,
        now=now,
    )
    entry = LimitEntry.objects.create(
        line=line,
        kind=kind,
        currency=line.currency,
        limit_change=limit - before,
        limit_after=limit,
        used_after=line.used,
        actor=actor,
        reason=reason,
        at=now,
    )
    reviews.overtake(line, actor=actor, now=now)
    usage.notify_of_cut(line, limit_before=before, limit=limit, cause=f"entry {entry.pk}", at=now)
    return entry
