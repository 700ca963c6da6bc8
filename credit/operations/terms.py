"""Changes to a line's terms: in how many days buyers pay, and cash matures (rule 19.8)."""

from datetime import datetime, timedelta

from django.db import transaction

from credit.models import CreditLine, FormerDays
from credit.notices.line import DAYS_CHANGED
from credit.operations import lines
from credit.rules import MOST_PAYMENT_DAYS, SETTLEMENT_DAYS
from credit.trail import Action
from lib import wording
from lib.refusals import Invalid
from notices.operations import notices
from trail import operations as trail

ONE_TICK = timedelta(microseconds=1)  # of the database's clock


def change_days(
    *,
    merchant_id: int,
    payment_days: int,
    settlement_days: int,
    actor: str,
    reason: str,
    now: datetime,
    told: str = "",
) -> CreditLine:
    """Change in how many days after a delivery buyers pay, and after a payment its proceeds mature.
    Deliveries and payments from now on are counted by these days; dates that were computed before
    stay. A closed line's days can be changed, too. A trail row is written. The merchant is
    notified, and reads `told`, or a standard sentence without; `reason` is for colleagues.

    The change counts at an instant after everything else written on the line, one tick later if
    need be, so that it is clear by which days each delivery and payment was counted. Raises Invalid
    for days that no line can have or that it has already, and without a reason. It locks the line,
    whose ended days are worked off first (lines.lock). Rule 19.8.
    """
    reason, told = wording.checked("reason", reason), wording.optional("told", told)
    if not 0 <= payment_days <= MOST_PAYMENT_DAYS:
        raise Invalid("payment_days", f"must be between 0 and {MOST_PAYMENT_DAYS}")
    if settlement_days not in SETTLEMENT_DAYS:
        raise Invalid("settlement_days", f"must be one of {SETTLEMENT_DAYS}")
    with transaction.atomic():
        line = lines.lock(merchant_id, now=now, notes_instant=False)
        if line.last_wrote_at == line.now:
            line = lines.lock(merchant_id, now=line.now + ONE_TICK, notes_instant=False)
        if (line.payment_days, line.settlement_days) == (payment_days, settlement_days):
            raise Invalid("payment_days", "and settlement_days are these already")
        before = {"payment_days": line.payment_days, "settlement_days": line.settlement_days}
        former = FormerDays.objects.create(line=line, **before, until_at=line.now)
        line.payment_days, line.settlement_days = payment_days, settlement_days
        line.last_wrote_at = line.now
        line.save(update_fields=["payment_days", "settlement_days", "last_wrote_at"])
        trail.write(
            Action.DAYS_CHANGED,
            merchant_id=merchant_id,
            subject="credit line",
            before=before,
            after={"payment_days": payment_days, "settlement_days": settlement_days},
            actor=actor,
            reason=reason,
            now=line.now,
        )
        notices.write(
            merchant_id=merchant_id,
            kind=DAYS_CHANGED,
            cause=str(former.pk),
            at=line.now,
            payment_days=str(payment_days),
            settlement_days=str(settlement_days),
            told=told,
        )
    return line
