"""Undoes by a second entry what was recorded of a withdrawal, when the bank says otherwise later
(rule 10.16, rule 10.17).
"""

from datetime import datetime

from django.db import transaction

from credit.models import ProceedsEntry, Withdrawal
from credit.notices.proceeds import WITHDRAWAL_CORRECTED, WITHDRAWAL_SENT_BACK
from credit.operations import withdrawal_transitions as steps
from credit.proposals import SENT_BACK
from credit.trail import Action
from lib import money, wording
from merchants.models import Proposal
from merchants.operations import two_people
from merchants.sorts import PAY_OUT

Kind, Status = ProceedsEntry.Kind, Withdrawal.Status


@transaction.atomic
def send_back(
    *,
    withdrawal_id: int,
    reason: str,
    told: str,
    actor: str,
    now: datetime,
    proposal: Proposal | None = None,
) -> Withdrawal:
    """Record that the bank sent back a withdrawal that it had paid: it is RETURNED_BY_BANK, its
    amount comes back to the proceeds by an entry SENT_BACK, and its fee is kept. A trail row is
    written. The merchant is notified and reads `told`; `reason` is for colleagues.

    The amount can be withdrawn again, so it counts as a pay-out: above the day's figure it takes
    the `proposal` that a second person confirms (TakesTwoPeople). Raises ChangedMeanwhile,
    UnknownWithdrawal, WithdrawalDecided for one that is not PAID, as for one that was sent back
    already, and Invalid without both texts. It locks the withdrawal's line, whose ended days are
    worked off first. Rule 10.16.
    """
    reason = wording.checked("reason", reason, wording.LONGEST_REASON)
    told = wording.checked("told", told)
    withdrawal = steps.hold(withdrawal_id, now=now)
    line, before = withdrawal.line, steps.standing(withdrawal)
    if not withdrawal.is_paid:
        raise steps.already_decided(withdrawal)
    wanted = two_people.Change(
        kind=SENT_BACK,
        subject=f"withdrawal {withdrawal}",
        merchant_id=line.pk,
        before={"status": withdrawal.status},
        after={"status": Status.RETURNED_BY_BANK, "amount": money.full(withdrawal.amount)},
    )
    two_people.check_figure(
        PAY_OUT, withdrawal.amount.amount, wanted, currency=line.currency, day=line.open_on,
        proposal=proposal,
    )  # fmt: skip
    steps.move(
        withdrawal, Status.RETURNED_BY_BANK,
        returned_at=line.now, returned_by=actor, returned_reason=told,
    )  # fmt: skip
    steps.enter(withdrawal, Kind.SENT_BACK, withdrawal.amount, line.now)
    steps.pay_out(withdrawal, -withdrawal.amount)
    steps.notify(withdrawal, WITHDRAWAL_SENT_BACK, line.now, reason=told)
    by_two = two_people.proposed_by(proposal)
    steps.note(
        Action.WITHDRAWAL_SENT_BACK, withdrawal, before=before, actor=actor, now=line.now,
        reason=reason, **by_two,
    )  # fmt: skip
    two_people.note(
        PAY_OUT, subject=f"withdrawal {withdrawal.pk}", merchant_id=line.pk,
        currency=line.currency, figure=withdrawal.amount.amount, day=line.open_on,
        proposal=proposal, actor=actor, now=line.now,
    )  # fmt: skip
    return withdrawal


@transaction.atomic
def correct_to_paid(
    *, withdrawal_id: int, reference: str, reason: str, actor: str, now: datetime
) -> Withdrawal:
    """Record, with a trail row, that the bank paid a withdrawal that had been marked as FAILED;
    `reference` is the bank's own. What had come back to the proceeds for it, amount and fee, is
    taken again by an entry TAKEN_AGAIN, also where that leaves them below 0: the merchant has the
    money. The merchant is notified.

    Raises UnknownWithdrawal, WithdrawalDecided for one that is not FAILED, and Invalid without a
    reference or a reason. It locks the withdrawal's line, whose ended days are worked off first.
    Rule 10.17.
    """
    reason = wording.checked("reason", reason, wording.LONGEST_REASON)
    reference = wording.line("bank_reference", reference)
    withdrawal = steps.hold(withdrawal_id, now=now)
    line, before = withdrawal.line, steps.standing(withdrawal)
    if not withdrawal.is_failed:
        raise steps.already_decided(withdrawal)
    steps.move(
        withdrawal, Status.PAID,
        corrected_at=line.now, corrected_by=actor, provider_reference=reference,
    )  # fmt: skip
    steps.enter(withdrawal, Kind.TAKEN_AGAIN, -withdrawal.total, line.now)
    steps.pay_out(withdrawal, withdrawal.total)
    steps.notify(withdrawal, WITHDRAWAL_CORRECTED, line.now)
    steps.note(
        Action.WITHDRAWAL_CORRECTED, withdrawal, before=before, actor=actor, now=line.now,
        reason=reason, bank_reference=reference,
    )  # fmt: skip
    return withdrawal
