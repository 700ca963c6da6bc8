"""Payments and refunds that were refused although money may have moved.

Each waits until its reference is sent again and taken, or until an operator closes it with a reason
(rule 3.6).
"""

from datetime import datetime

from django.db import transaction
from django.db.models import F
from moneyed import Money

from credit.models import CreditLine, RefusedCash
from credit.operations import lines
from credit.trail import Action
from lib import texts, wording
from lib.refusals import Refused
from trail import operations as trail

LONGEST_SENTENCE = 500
OPEN = RefusedCash.Status.OPEN


class AlreadyEnded(Refused):
    """The refused cash does not wait any more: it was sent again and recorded, or was closed."""

    code = "already_ended"


def keep(
    line: CreditLine,
    refusal: Refused,
    *,
    kind: RefusedCash.Kind,
    reference: str,
    order: str,
    amount: Money,
    said_at: datetime,
) -> RefusedCash:
    """Store for operators a payment or refund that `refusal` refused, within the caller's
    transaction.

    If the same reference is refused again while it waits, its row is updated and `times` goes up.
    Rule 3.6.
    """
    said = {
        "order_reference": order,
        "currency": amount.currency.code,
        "amount": amount.amount,
        "said_at": said_at,
        "code": refusal.code,
        "sentence": texts.shown(str(refusal), LONGEST_SENTENCE),
        "last_arrived_at": line.now,
    }
    waiting = RefusedCash.objects.filter(line=line, kind=kind, reference=reference, status=OPEN)
    if waiting.update(**said, times=F("times") + 1):
        return waiting.get()
    return RefusedCash.objects.create(
        line=line, kind=kind, reference=reference, arrived_at=line.now, **said
    )


def take_off(line: CreditLine, kind: RefusedCash.Kind, reference: str) -> None:
    """Mark the refused cash with this reference as TAKEN, since it was sent again and recorded.
    Does nothing if none waits.
    """
    RefusedCash.objects.filter(line=line, kind=kind, reference=reference, status=OPEN).update(
        status=RefusedCash.Status.TAKEN, ended_at=line.now
    )


def close(*, refused_id: int, actor: str, reason: str, now: datetime) -> RefusedCash:
    """Close refused cash by an operator's decision, with a trail row; its reference can still be
    sent again.

    Raises AlreadyEnded, Invalid without a reason, RefusedCash.DoesNotExist. It locks the line,
    whose ended days are worked off first (lines.lock). Rule 3.6.
    """
    reason = wording.checked("reason", reason, wording.LONGEST_REASON)
    line_id = RefusedCash.objects.values_list("line_id", flat=True).get(pk=refused_id)
    with transaction.atomic():
        line = lines.lock(line_id, now=now)
        refused = RefusedCash.objects.get(pk=refused_id)
        if refused.status != OPEN:
            raise AlreadyEnded(f"{refused} does not wait any more.")
        trail.write(
            Action.REFUSED_CASH_CLOSED,
            merchant_id=line.pk,
            subject=str(refused),
            before={"status": refused.status},
            after={"status": str(RefusedCash.Status.CLOSED)},
            actor=actor,
            reason=reason,
            now=line.now,
        )
        refused.status = RefusedCash.Status.CLOSED
        refused.ended_at = line.now
        refused.ended_by = actor
        refused.reason = reason
        refused.save(update_fields=["status", "ended_at", "ended_by", "reason"])
        return refused
