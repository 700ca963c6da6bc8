"""Requests withdrawals of proceeds, and decides about them (rule 10.6).

credit.operations.payouts sends them and records their ends.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _
from moneyed import Money

from credit import providers
from credit.models import CreditLine, CreditPolicy, ProceedsEntry, Withdrawal
from credit.operations import destinations, lines, policies
from credit.operations import withdrawal_transitions as steps
from credit.operations.withdrawal_transitions import (
    UnknownWithdrawal,
    WithdrawalDecided,
    WithdrawalsStopped,
)
from credit.queries import proceeds
from credit.trail import Action
from lib import calendar, cells, form_keys, money, second_person, wording
from lib.refusals import Conflict, Invalid, Refused
from merchants import installation
from merchants.queries import day_start, local_day

__all__ = [
    "FeeChanged",
    "InsufficientProceeds",
    "NeedsNoApproval",
    "Quote",
    "UnknownWithdrawal",
    "WithdrawalConflict",
    "WithdrawalDecided",
    "WithdrawalsStopped",
    "approve",
    "cancel",
    "quote",
    "quote_all",
    "reject",
    "request",
    "request_all",
]

# No letters that people take for figures: references are read out on the telephone.
REFERENCE_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
REFERENCE_LENGTH = 12


class WithdrawalConflict(Conflict):
    """A form with this key was sent before, with other content."""

    sentence = _("You sent this form before, for another withdrawal. Do you want this one, too?")


class InsufficientProceeds(Refused):
    """Amount and fee together are more than can be withdrawn now."""

    code = "insufficient_proceeds"
    sentence = _("Amount and fee are more than you can withdraw now.")
    fields = ("amount",)


class FeeChanged(Refused):
    """The fee is not the one that the merchant was shown, so the merchant has to confirm the new
    one.
    """

    code = "fee_changed"
    sentence = _("The fee has changed meanwhile. Please look at it again.")


class NeedsNoApproval(Refused):
    """The withdrawals of its day are within the operator limit, so it is sent without an
    approval.
    """

    code = "needs_no_approval"


@dataclass(frozen=True)
class Quote:
    """The cost of a withdrawal, to be shown before it is confirmed."""

    amount: Money  # what arrives
    fee: Money
    needs_approval: bool
    available: Money  # what can be withdrawn now, fee included

    @property
    def total(self) -> Money:
        """What leaves the proceeds: the sum of amount and fee."""
        return self.amount + self.fee

    @property
    def left(self) -> Money:
        """What can still be withdrawn after it: what is available now, less amount and fee."""
        return self.available - self.total


def quote(*, merchant_id: int, amount: Money, now: datetime) -> Quote:
    """What withdrawing `amount` now would cost: the fee, which is on top of the amount, and whether
    an operator has to approve it. Locks and writes nothing.

    Raises InsufficientProceeds, WithdrawalsStopped, CurrencyMismatch, Invalid,
    CreditLine.DoesNotExist. Rule 10.7, rule 10.8.
    """
    line = CreditLine.objects.get(pk=merchant_id)
    return _quote(line, amount, local_day(line, now))


def quote_all(*, merchant_id: int, now: datetime) -> Quote:
    """What withdrawing as much as can be withdrawn now would cost: the largest amount that leaves
    room for its fee. Locks and writes nothing.

    Raises InsufficientProceeds if there is none, WithdrawalsStopped, and CreditLine.DoesNotExist.
    Rule 10.23.
    """
    line = CreditLine.objects.get(pk=merchant_id)
    today = local_day(line, now)
    return _quote(line, _most(line, today), today)


def _quote(line: CreditLine, amount: Money, today: date) -> Quote:
    """Check that amount and fee can be withdrawn from the line on its local day `today`, and return
    the Quote. Raises InsufficientProceeds, WithdrawalsStopped, CurrencyMismatch, Invalid.
    """
    amount = _positive(amount, line)
    steps.stop_if_suspected(line)
    policy = policies.in_force(line.currency, today)
    fee = _fee_on(line, today, policy)(amount)
    there = proceeds.withdrawable(line, today=today)
    if amount + fee > there:
        raise InsufficientProceeds(
            f"amount: {money.text(amount)} and a fee of"
            f" {money.text(fee)} are more than the"
            f" {money.text(there)} that can be withdrawn"
        )
    return Quote(
        amount=amount,
        fee=fee,
        needs_approval=_asked_for_on(line, today) + amount > policy.approval_above,
        available=there,
    )


def _fee_on(line: CreditLine, today: date, policy: CreditPolicy) -> Callable[[Money], Money]:
    """Return the function that computes, from an amount, the fee of the line's next withdrawal on
    local day `today`. It gives 0 while free withdrawals of the month are left.
    """
    free = policy.free_withdrawals_a_month
    if free and _of_this_month(line, today) < free:
        return lambda amount: money.zero(line.currency)
    return lambda amount: money.nearest(
        amount * policy.withdrawal_fee_percent / 100 + policy.withdrawal_fee_fixed
    )


def _most(line: CreditLine, today: date) -> Money:
    """Compute the largest amount that can be withdrawn on the line's local day `today` with
    its fee on top. The balance is the one that `line` has; what is maturing, the policy,
    and how many withdrawals the month has had are read from the database. Whether
    withdrawals are stopped is not looked at. Raises InsufficientProceeds if there is no
    such amount.
    """
    policy = policies.in_force(line.currency, today)
    fee_of = _fee_on(line, today, policy)
    there, unit = proceeds.withdrawable(line, today=today), money.smallest(line.currency)
    share = 1 + policy.withdrawal_fee_percent / 100 if fee_of(there) else Decimal(1)
    # Rounding changes the fee by at most half a unit, so the largest amount is this or a little
    # less.
    most = min(money.rounded_down(there / share) + unit, there)
    while most.amount > 0 and most + fee_of(most) > there:
        excess = most + fee_of(most) - there
        most -= max(money.rounded_down(excess / share), unit)
    if most.amount <= 0:
        raise InsufficientProceeds("amount: after the fee there is nothing to withdraw")
    return most


def _positive(amount: Money, line: CreditLine) -> Money:
    """The amount, as money in the line's currency. Raises Invalid if it is not above 0 or has more
    digits than the currency, and CurrencyMismatch.
    """
    amount = money.accepted(amount, line.currency)
    if amount.amount <= 0:
        raise Invalid("amount", "must be more than 0")
    return amount


def _asked_for_on(line: CreditLine, today: date) -> Money:
    """The sum of the amounts, without fees, of the withdrawals requested since local day `today`
    started. Those that failed, were rejected or were cancelled are not counted; one that the bank
    sent back is.
    """
    since = day_start(line, today)
    asked = line.withdrawals.filter(requested_at__gte=since)
    amounts = asked.exclude(status__in=Withdrawal.RETURNED).values_list("amount", flat=True)
    return money.of(sum(amounts, Decimal(0)), line.currency)


def _of_this_month(line: CreditLine, today: date) -> int:
    """How many withdrawals the line has requested so far in the local month of `today`, its present
    day. Those that failed, were rejected or were cancelled are not counted; one that the bank sent
    back is.
    """
    since = day_start(line, calendar.month_of(today))
    requested = line.withdrawals.filter(requested_at__gte=since)
    return requested.exclude(status__in=Withdrawal.RETURNED).count()


def request(
    *,
    merchant_id: int,
    destination_id: int,
    amount: Money,
    request_key: str,
    fee_shown: Money | None = None,
    actor: str,
    now: datetime,
) -> tuple[Withdrawal, bool]:
    """Request a withdrawal: take `amount` and the fee out of the proceeds, to be sent to the
    destination, with a trail row.

    A form that is sent twice, with the same `request_key`, makes one withdrawal. `fee_shown`, if
    given, is the fee that the merchant confirmed. Returns the withdrawal and whether it is new.
    Raises WithdrawalConflict, UnknownDestination, DestinationNotUsable, InsufficientProceeds,
    FeeChanged, WithdrawalsStopped, CurrencyMismatch, Invalid. It locks the line, whose ended days
    are worked off first (lines.lock). Rule 10.6.
    """
    if not request_key:
        raise Invalid("request_key", "is missing")
    with transaction.atomic():
        line = lines.lock(merchant_id, now=now)
        now = line.now
        known = form_keys.sent_before(
            line.withdrawals.all(),
            request_key,
            conflict=WithdrawalConflict,
            destination_id=destination_id,
            amount=_positive(amount, line),
        )
        if known:
            return known, False
        destination = destinations.usable(line, destination_id, now=now)
        quoted = _quote(line, amount, line.open_on)
        if fee_shown is not None and fee_shown != quoted.fee:
            raise FeeChanged(f"fee: it is {quoted.fee} now, not {fee_shown}")
        withdrawal = Withdrawal(
            line=line,
            destination=destination,
            request_key=request_key,
            requested_at=now,
            requested_by=actor,
        )
        _create(withdrawal, quoted)
    return withdrawal, True


def request_all(
    line: CreditLine, *, destination_id: int, request_key: str, actor: str
) -> Withdrawal:
    """Request a withdrawal of as much as can be withdrawn from the locked line with the fee on top,
    taking both out of the proceeds, with a trail row.

    Raises UnknownDestination, DestinationNotUsable, WithdrawalsStopped, and InsufficientProceeds if
    the fee would leave nothing.
    """
    destination = destinations.usable(line, destination_id, now=line.now)
    quoted = _quote(line, _most(line, line.open_on), line.open_on)
    withdrawal = Withdrawal(
        line=line,
        destination=destination,
        request_key=request_key,
        requested_at=line.now,
        requested_by=actor,
    )
    _create(withdrawal, quoted)
    return withdrawal


def _new_reference() -> str:
    """A new random reference, with the installation's prefix and the cell's mark. Whether a
    withdrawal has it already is not looked up: the database refuses a second one.
    """
    letters = (secrets.choice(REFERENCE_LETTERS) for _ in range(REFERENCE_LENGTH))
    return installation.outside(f"{cells.mark()}W{''.join(letters)}")


def _create(withdrawal: Withdrawal, quoted: Quote) -> None:
    """Complete and save the withdrawal as REQUESTED: with a new reference, the line's
    currency, the quoted amount and fee, whether it needs an operator's approval as quoted,
    and the provider that the settings name at present (providers.chosen). Take amount and
    fee out of the line's proceeds, with an entry for each (none for a fee of 0), and write
    a trail row. The caller has locked the line and filled in the rest of the withdrawal.
    Nothing is checked here: that as much can be withdrawn was checked for the quote.
    """
    withdrawal.reference = _new_reference()
    withdrawal.currency = withdrawal.line.currency
    withdrawal.amount, withdrawal.fee = quoted.amount, quoted.fee
    withdrawal.status = Withdrawal.Status.REQUESTED
    withdrawal.needs_approval = quoted.needs_approval
    withdrawal.provider = providers.chosen()
    withdrawal.save()
    now = withdrawal.requested_at
    before = {"proceeds": steps.standing(withdrawal)["proceeds"]}
    steps.enter(withdrawal, ProceedsEntry.Kind.WITHDRAWAL, -withdrawal.amount, now)
    if withdrawal.fee:
        steps.enter(withdrawal, ProceedsEntry.Kind.FEE, -withdrawal.fee, now)
    steps.note(
        Action.WITHDRAWAL_REQUESTED,
        withdrawal,
        before=before,
        amount=money.full(withdrawal.amount),
        fee=money.full(withdrawal.fee),
        destination=withdrawal.destination.called,
        actor=withdrawal.requested_by,
        now=now,
    )


def approve(*, withdrawal_id: int, actor: str, now: datetime) -> Withdrawal:
    """Approve a withdrawal above the operator limit, so that it can be sent, with a trail row. It
    is not sent by this, and the merchant is not notified.

    Raises UnknownWithdrawal, WithdrawalDecided unless it is REQUESTED, NeedsNoApproval, SamePerson
    if `actor` requested it, WithdrawalsStopped. It locks the withdrawal's line, whose ended days
    are worked off first. Rule 10.8.
    """
    with transaction.atomic():
        withdrawal = steps.hold(withdrawal_id, now=now)
        now = withdrawal.line.now
        if withdrawal.status != Withdrawal.Status.REQUESTED:
            raise steps.already_decided(withdrawal)
        if not withdrawal.needs_approval:
            raise NeedsNoApproval(f"Withdrawal {withdrawal} needs no approval.")
        problem = f"Withdrawal {withdrawal} was requested by {actor}."
        second_person.check(actor, withdrawal.requested_by, otherwise=problem)
        steps.stop_if_suspected(withdrawal.line)
        before = steps.standing(withdrawal)
        steps.move(withdrawal, Withdrawal.Status.APPROVED, approved_at=now, approved_by=actor)
        steps.note(Action.WITHDRAWAL_APPROVED, withdrawal, before=before, actor=actor, now=now)
    return withdrawal


def reject(*, withdrawal_id: int, actor: str, reason: str, told: str, now: datetime) -> Withdrawal:
    """Reject a withdrawal that was not sent yet, by an operator's decision, with a trail row.
    Amount and fee return to the proceeds, and the merchant is notified and reads `told`; `reason`
    is for colleagues.

    Raises UnknownWithdrawal, WithdrawalDecided for one that was sent or has ended, be it rejected
    before, and Invalid without a reason or an answer. It locks the withdrawal's line, whose ended
    days are worked off first. Rule 10.11.
    """
    reason, told = wording.checked("reason", reason), wording.checked("told", told)
    with transaction.atomic():
        withdrawal = steps.hold(withdrawal_id, now=now)
        now = withdrawal.line.now
        before = steps.standing(withdrawal)
        by: dict[str, Any] = {"actor": actor, "now": now}
        steps.end(withdrawal, Withdrawal.Status.REJECTED, reason=told, **by)
        steps.note(Action.WITHDRAWAL_REJECTED, withdrawal, before=before, reason=reason, **by)
    return withdrawal


def cancel(*, merchant_id: int, withdrawal_id: int, actor: str, now: datetime) -> Withdrawal:
    """Cancel a withdrawal that was not sent yet, by the merchant's decision, with a trail row.
    Amount and fee return to the proceeds. No notice is written.

    Raises UnknownWithdrawal, also if it is another merchant's, and WithdrawalDecided for one that
    was sent or has ended, be it cancelled before. It locks the withdrawal's line, whose ended days
    are worked off first. Rule 10.9.
    """
    with transaction.atomic():
        withdrawal = steps.hold(withdrawal_id, now=now)
        now = withdrawal.line.now
        if withdrawal.line_id != merchant_id:
            raise UnknownWithdrawal("This merchant has no such withdrawal.")
        before = steps.standing(withdrawal)
        steps.end(withdrawal, Withdrawal.Status.CANCELLED, actor=actor, now=now)
        steps.note(Action.WITHDRAWAL_CANCELLED, withdrawal, before=before, actor=actor, now=now)
    return withdrawal
