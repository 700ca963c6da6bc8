"""Blocks a destination by an operator's decision, as when an account turned out to be a thief's
(rule 10.18).
"""

from datetime import datetime

from django.db import transaction

from credit.models import PayoutDestination, Withdrawal
from credit.notices.proceeds import DESTINATION_BLOCKED
from credit.operations import destinations, lines
from credit.operations import withdrawal_transitions as steps
from credit.trail import Action
from lib import wording
from lib.refusals import AlreadyDecided
from notices.operations import notices


@transaction.atomic
def block(
    *, destination_id: int, reason: str, told: str, actor: str, now: datetime
) -> PayoutDestination:
    """Block a destination: it is removed, nothing is sent to it from now on, withdrawals to it that
    were not sent are REJECTED, automatic ones end, and the merchant cannot add its number again.
    What was sent goes on. The merchant is notified of each withdrawal that is rejected, its owners
    of the blocking, and reads `told`; `reason` is for colleagues, on the trail.

    Raises AlreadyDecided for one that is blocked, Invalid without both texts, and
    PayoutDestination.DoesNotExist. It locks the line, whose ended days are worked off first
    (lines.lock). Rule 10.18.
    """
    reason, told = wording.checked("reason", reason), wording.checked("told", told)
    line_id = PayoutDestination.objects.values_list("line_id", flat=True).get(pk=destination_id)
    line = lines.lock(line_id, now=now)
    destination = destinations.load(line, destination_id)
    destination.line = line  # the locked one, which counts
    if destination.is_blocked:
        raise AlreadyDecided(f"{destination} was blocked by {destination.blocked_by} already.")
    if not destination.is_removed:
        destinations.take_away(destination, actor=actor, now=line.now)
    destination.blocked_at, destination.blocked_by = line.now, actor
    destination.blocked_reason = told
    destination.save(update_fields=["blocked_at", "blocked_by", "blocked_reason"])
    destinations.note(Action.DESTINATION_BLOCKED, destination, actor, line.now, reason)
    _reject_unsent(destination, reason, told, actor)
    notices.write(
        merchant_id=line.pk,
        kind=DESTINATION_BLOCKED,
        cause=str(destination.pk),
        at=line.now,
        destination=destination.kind,
        **destination.shown_by,
        reason=told,
    )
    return destination


def _reject_unsent(destination: PayoutDestination, reason: str, told: str, actor: str) -> None:
    """Reject the withdrawals to the destination of a locked line that were not sent yet: amount and
    fee come back to the proceeds. The merchant is notified of each, and reads `told`; `reason` goes
    to the trail.
    """
    line = destination.line
    unsent = (Withdrawal.Status.REQUESTED, Withdrawal.Status.APPROVED)
    for withdrawal in line.withdrawals.filter(destination=destination, status__in=unsent):
        withdrawal.line, withdrawal.destination = line, destination
        before = steps.standing(withdrawal)
        steps.end(withdrawal, Withdrawal.Status.REJECTED, actor=actor, now=line.now, reason=told)
        steps.note(
            Action.WITHDRAWAL_REJECTED, withdrawal, before=before, actor=actor, now=line.now,
            reason=reason,
        )  # fmt: skip
