"""The steps of a withdrawal, shared by the operations that take them (rule 10.9).

Each step is taken under the lock of the withdrawal's line, so that one person or job at a time
decides about it, and money comes back once.
"""

from datetime import datetime

from django.utils.translation import gettext_lazy as _
from moneyed import Money

from credit.models import CreditLine, Freeze, ProceedsEntry, Withdrawal
from credit.models.withdrawals import TRANSITIONS
from credit.notices.proceeds import WITHDRAWAL_DONE, WITHDRAWAL_FAILED
from credit.operations import lines
from credit.trail import Action
from lib import money
from lib.refusals import AlreadyDecided, Refused
from notices.kinds import Kind
from notices.operations import notices
from trail import operations as trail


class UnknownWithdrawal(Refused):
    """There is no such withdrawal, or it is another merchant's."""

    code = "unknown_withdrawal"


class WithdrawalsStopped(Refused):
    """Fraud is suspected: no withdrawal is requested, approved or sent until the freeze is
    lifted.
    """

    code = "withdrawals_stopped"
    sentence = _(
        "Withdrawals are stopped while we look into suspected fraud. Your proceeds stay yours."
    )


class WithdrawalDecided(AlreadyDecided):
    """The withdrawal's status does not allow this step any more."""

    sentence = _("It is too late to cancel: the withdrawal was sent, or has ended.")


def hold(withdrawal_id: int, *, now: datetime) -> Withdrawal:
    """Lock the withdrawal's line until the transaction ends, with its ended days worked off, and
    return the withdrawal with that line. Day-ends may notify the merchant. Raises
    UnknownWithdrawal.
    """
    line_id = Withdrawal.objects.filter(pk=withdrawal_id).values_list("line_id", flat=True).first()
    if line_id is None:
        raise UnknownWithdrawal("There is no such withdrawal.")
    line = lines.lock(line_id, now=now)
    withdrawal = Withdrawal.objects.select_related("destination").get(pk=withdrawal_id)
    withdrawal.line = line
    return withdrawal


def enter(withdrawal: Withdrawal, kind: ProceedsEntry.Kind, amount: Money, now: datetime) -> None:
    """Add `amount`, which is negative for what leaves, to the locked line's proceeds, and write the
    entry of `kind` for the withdrawal.
    """
    line = withdrawal.line
    ProceedsEntry.objects.create(
        line=line,
        kind=kind,
        currency=line.currency,
        amount=amount,
        withdrawal=withdrawal,
        at=now,
    )
    line.proceeds += amount
    line.save(update_fields=["proceeds"])


def end(
    withdrawal: Withdrawal,
    to: Withdrawal.Status,
    *,
    actor: str,
    now: datetime,
    reason: str = "",
    provider_reference: str = "",
) -> None:
    """Bring the held withdrawal to the final status `to`: PAID, REJECTED, CANCELLED or FAILED. If
    it is PAID, amount and fee count as paid out; otherwise they return to the proceeds, with an
    entry. `reason` is what the merchant reads of why. The merchant is notified, unless it cancelled
    itself. No trail row is written.

    Raises WithdrawalDecided if `to` can't be reached from the present status, or it has ended.
    """
    if withdrawal.has_ended:
        raise already_decided(withdrawal)
    move(
        withdrawal,
        to,
        ended_at=now,
        ended_by=actor,
        reason=reason,
        provider_reference=provider_reference,
    )
    if to in Withdrawal.RETURNED:
        enter(withdrawal, ProceedsEntry.Kind.RETURNED, withdrawal.total, now)
    else:
        pay_out(withdrawal, withdrawal.total)
    if to == Withdrawal.Status.PAID:
        notify(withdrawal, WITHDRAWAL_DONE, now)
    elif to != Withdrawal.Status.CANCELLED:
        notify(withdrawal, WITHDRAWAL_FAILED, now, reason=reason)


def pay_out(withdrawal: Withdrawal, amount: Money) -> None:
    """Add `amount` to the line's running sum of what was paid out to the merchant, and save it; a
    negative amount lowers it. No money moves by this.
    """
    withdrawal.line.paid_out += amount
    withdrawal.line.save(update_fields=["paid_out"])


def notify(withdrawal: Withdrawal, kind: Kind, now: datetime, **more: str) -> None:
    """Notify the merchant of what became of the withdrawal, once for each kind of notice, with
    `more` details of that kind.
    """
    notices.write(
        merchant_id=withdrawal.line_id,
        kind=kind,
        cause=withdrawal.reference,
        at=now,
        reference=withdrawal.reference,
        amount=money.text(withdrawal.amount),
        currency=withdrawal.currency,
        destination=withdrawal.destination.kind,
        **withdrawal.destination.shown_by,
        **more,
    )


def move(withdrawal: Withdrawal, to: Withdrawal.Status, **fields: object) -> None:
    """Change the withdrawal's status to `to`, and the other fields given, in the database and on
    the object. Raises WithdrawalDecided, and changes nothing, if TRANSITIONS has no such step from
    the status that the database has.
    """
    possible_from = [before for before, after in TRANSITIONS if after == to]
    step = {"status": to, **fields}
    if not Withdrawal.objects.filter(pk=withdrawal.pk, status__in=possible_from).update(**step):
        raise already_decided(withdrawal)
    for name, value in step.items():
        setattr(withdrawal, name, value)


def standing(withdrawal: Withdrawal, **more: str) -> dict[str, str]:
    """The withdrawal's status, the line's proceeds with their currency, and `more`, as texts for a
    trail row.
    """
    line = withdrawal.line
    return {
        "status": str(withdrawal.status),
        "proceeds": money.full(line.proceeds),
        **more,
    }


def note(
    action: Action,
    withdrawal: Withdrawal,
    *,
    before: dict[str, str],
    actor: str,
    now: datetime,
    reason: str = "",
    **more: str,
) -> None:
    """Write the trail row of a step that a person took. `before` is what `standing` returned before
    that step; what stands after it is read here, with `more` beside it. `reason` is for colleagues.
    """
    trail.write(
        action,
        merchant_id=withdrawal.line_id,
        subject=withdrawal.reference,
        before=before,
        after=standing(withdrawal, **more),
        actor=actor,
        reason=reason,
        now=now,
    )


def already_decided(withdrawal: Withdrawal) -> WithdrawalDecided:
    """The refusal, for the caller to raise, of a step that the withdrawal's status does not allow.
    It names the status and who decided last.
    """
    by = withdrawal.ended_by or withdrawal.sent_by or withdrawal.approved_by
    return WithdrawalDecided(f"Withdrawal {withdrawal} is {withdrawal.status}{by and f' by {by}'}.")


def stop_if_suspected(line: CreditLine) -> None:
    """Raise WithdrawalsStopped while fraud is suspected on the line."""
    if (
        line.is_frozen
        and line.freezes.filter(
            reason=Freeze.Reason.SUSPECTED_FRAUD, lifted_at__isnull=True
        ).exists()
    ):
        raise WithdrawalsStopped("Withdrawals are stopped while the credit line is under review.")
