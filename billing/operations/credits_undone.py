"""Takes back credits that were given by mistake (rule 14.4)."""

from datetime import datetime

from django.db import transaction

from billing.models import BillingAccount, BillingCredit, Fee
from billing.notices.answers import CREDIT_UNDONE
from billing.operations import accounts, charges, closing
from billing.operations.credits import UnknownCredit
from billing.trail import Action
from lib import money, wording
from lib.refusals import AlreadyDecided
from notices.operations import notices
from trail import operations as trail


@transaction.atomic
def undo(*, credit_id: int, reason: str, told: str, actor: str, now: datetime) -> BillingCredit:
    """Take back a credit that was approved: a charge of the same amount, which is in no statement,
    posts at once, and the credit is UNDONE. As after any posting, a threshold bill may be written;
    on a closed account a FINAL bill takes the charge.

    What the credit corrected can be credited again. The merchant is notified and reads `told`;
    `reason` is for colleagues, on the trail. Nothing leaves us, so one person decides it. Raises
    UnknownCredit, AlreadyDecided for one that is not APPROVED, and Invalid without both texts. It
    locks account and credit line, whose ended days are worked off first (accounts.lock_both). Rule
    14.4.
    """
    reason = wording.checked("reason", reason)
    told = wording.checked("told", told)
    account, credit = _hold_given(credit_id, now)
    corrected = credit.charge
    credit.taken_back = charges.record_own(
        account,
        fee=Fee.objects.get(pk=Fee.CREDIT_UNDONE),
        reference=f"{Fee.CREDIT_UNDONE}:{credit.pk}",
        amount=credit.amount,
        request=corrected.request if corrected else "",
        description=corrected.reference if corrected else "",
        now=account.now,
    )
    credit.status = BillingCredit.Status.UNDONE
    credit.undone_at, credit.undone_by, credit.undone_reason = account.now, actor, told
    credit.save(update_fields=["status", "undone_at", "undone_by", "undone_reason", "taken_back"])
    _write_trail(credit, reason, actor, account.now)
    notices.write(
        merchant_id=account.pk,
        kind=CREDIT_UNDONE,
        cause=str(credit.pk),
        at=account.now,
        answer=told,
        amount=money.text(credit.amount),
        currency=credit.currency,
    )
    closing.invoice_again(account, actor=actor)
    return credit


def _hold_given(credit_id: int, now: datetime) -> tuple[BillingAccount, BillingCredit]:
    """Lock the account and credit line of a credit that is approved and not taken back; returns the
    account and the credit. Of two decisions at once, the second waits here. Raises UnknownCredit,
    AlreadyDecided.
    """
    found = BillingCredit.objects.filter(pk=credit_id)
    account_id = found.values_list("account", flat=True).first()
    if account_id is None:
        raise UnknownCredit(f"credit: there is no credit {credit_id}")
    account, _ = accounts.lock_both(account_id, now=now)
    credit = BillingCredit.objects.select_related("charge", "fee").get(pk=credit_id)
    if not credit.is_given:
        raise AlreadyDecided(f"credit: {credit_id} is {credit.status} already")
    return account, credit


def _write_trail(credit: BillingCredit, reason: str, actor: str, now: datetime) -> None:
    """Write on the trail that nothing of the credit is left, and by which charge."""
    trail.write(
        Action.CREDIT_UNDONE,
        merchant_id=credit.account_id,
        subject=f"credit {credit.pk}",
        before={"status": BillingCredit.Status.APPROVED, "credited": money.full(credit.amount)},
        after={
            "status": BillingCredit.Status.UNDONE,
            "credited": money.full(money.zero(credit.currency)),
            "fee": credit.fee_id,
            "charge": credit.charge.reference if credit.charge else "",
        },
        actor=actor,
        reason=reason,
        now=now,
    )
