"""Settles UNMATCHED cash by operators' decisions, in parts if need be (rule 5.2).

Every decision carries how much had been settled when its page was shown, so that a form that is
sent twice, or by two people, settles a part once.
"""

from datetime import datetime

from django.db import transaction
from moneyed import Money

from credit.models import CreditLine, Order, OrderPayment, ProceedsEntry, UnmatchedSettlement
from credit.operations import lines, order_steps, payments
from credit.proposals import CASH_RELEASED, CASH_RETURNED
from credit.trail import Action
from lib import money, wording
from lib.refusals import ChangedMeanwhile, Invalid, Refused
from merchants.models import Proposal
from merchants.operations import two_people
from merchants.sorts import PAY_OUT
from trail import operations as trail

Kind = UnmatchedSettlement.Kind
ACTIONS = {
    Kind.APPLIED: Action.UNMATCHED_APPLIED,
    Kind.RELEASED: Action.UNMATCHED_RELEASED,
    Kind.RETURNED: Action.UNMATCHED_RETURNED,
}
PROPOSED = {Kind.RELEASED: CASH_RELEASED, Kind.RETURNED: CASH_RETURNED}  # above a day's figure


class NotUnmatched(Refused):
    """The payment is not UNMATCHED: its order took it, and there is nothing to settle."""

    code = "not_unmatched"


class MoreThanIsLeft(Refused):
    """The amount is more than is left of the cash to settle."""

    code = "more_than_is_left"


@transaction.atomic
def apply(
    *,
    payment_id: int,
    order: str,
    amount: Money,
    settled: Money,
    actor: str,
    reason: str,
    now: datetime,
) -> UnmatchedSettlement:
    """Pay an open order of the merchant with `amount` of this UNMATCHED cash, as of the line's open
    day; or recover with it what was written off of one. It becomes proceeds, and a trail row is
    written.

    `settled` is how much of the cash was settled when the decision's page was shown:
    ChangedMeanwhile is raised if that has changed. `order` is the order's reference. Raises
    NotUnmatched, MoreThanIsLeft, UnknownOrder, TooMuch, CurrencyMismatch, Invalid,
    OrderPayment.DoesNotExist. It locks the line, whose ended days are worked off first
    (lines.lock). A freeze that this ends is lifted, of which alone the merchant is notified. Rule
    5.3.
    """
    reason = wording.checked("reason", reason, wording.LONGEST_REASON)
    line, cash, amount = _part(payment_id, amount, settled, now)
    paid_order = order_steps.load(line, order)
    settlement = _write(line, cash, Kind.APPLIED, amount, actor, reason, order=paid_order)
    payments.settle(
        OrderPayment(
            line=line,
            order=paid_order,
            reference=cash.reference,
            currency=line.currency,
            amount=amount,
            at=line.now,
            arrived_at=line.now,
            settlement=settlement,
        ),
        line,
    )
    return settlement


@transaction.atomic
def release(
    *,
    payment_id: int,
    amount: Money,
    settled: Money,
    actor: str,
    reason: str,
    now: datetime,
    proposal: Proposal | None = None,
) -> UnmatchedSettlement:
    """Add `amount` of this UNMATCHED cash to the merchant's proceeds, from which it can be
    withdrawn at once, with a trail row; the merchant is not notified. `settled` is how much of the
    cash the decision's page showed as settled.

    It does not count as a sale in reviews. Above the day's figure for pay-outs it takes the
    `proposal` that a second person confirms. Raises TakesTwoPeople without one, ChangedMeanwhile if
    another part of the cash is settled by now, NotUnmatched, MoreThanIsLeft, CurrencyMismatch,
    Invalid, OrderPayment.DoesNotExist. It locks the line, whose ended days are worked off first
    (lines.lock). Rule 5.4, rule 5.6.
    """
    reason = wording.checked("reason", reason, wording.LONGEST_REASON)
    line, cash, amount = _part(payment_id, amount, settled, now)
    _check_pay_out(line, cash, Kind.RELEASED, amount, proposal)
    settlement = _write(line, cash, Kind.RELEASED, amount, actor, reason, proposal=proposal)
    ProceedsEntry.objects.create(
        line=line,
        kind=ProceedsEntry.Kind.RELEASED,
        currency=line.currency,
        amount=amount,
        order=cash.order,
        settlement=settlement,
        at=line.now,
    )
    line.proceeds += amount
    line.save(update_fields=["proceeds"])
    return settlement


@transaction.atomic
def give_back(
    *,
    payment_id: int,
    amount: Money,
    reference: str,
    settled: Money,
    actor: str,
    reason: str,
    now: datetime,
    proposal: Proposal | None = None,
) -> UnmatchedSettlement:
    """Record, with a trail row, that the bank returned `amount` of this UNMATCHED cash to the
    buyer, under the bank's own `reference`. No balance changes, and the merchant is not notified.
    `settled` is how much of the cash the decision's page showed as settled.

    Above the day's figure for pay-outs it takes the `proposal` that a second person confirms.
    Raises TakesTwoPeople without one, ChangedMeanwhile if another part of the cash is settled by
    now, NotUnmatched, MoreThanIsLeft, CurrencyMismatch, Invalid, also without a reference,
    OrderPayment.DoesNotExist. It locks the line, whose ended days are worked off first
    (lines.lock). Rule 5.5, rule 5.6.
    """
    reason = wording.checked("reason", reason, wording.LONGEST_REASON)
    reference = wording.line("reference", reference)
    line, cash, amount = _part(payment_id, amount, settled, now)
    _check_pay_out(line, cash, Kind.RETURNED, amount, proposal, reference=reference)
    return _write(
        line, cash, Kind.RETURNED, amount, actor, reason, reference=reference, proposal=proposal
    )


def _check_pay_out(
    line: CreditLine,
    cash: OrderPayment,
    kind: UnmatchedSettlement.Kind,
    amount: Money,
    proposal: Proposal | None,
    **more: str,
) -> None:
    """Raise TakesTwoPeople if the amount is above what one person may pay out that day, and nobody
    confirms it as `proposal`; ChangedMeanwhile if less or more of the cash was unsettled when that
    was proposed. `more` is what a second person is shown besides the amount.
    """
    wanted = two_people.Change(
        kind=PROPOSED[kind],
        subject=f"payment {cash}",
        merchant_id=line.pk,
        before={"unsettled": money.full(cash.unsettled)},
        after={"amount": money.full(amount), **more},
    )
    two_people.check_figure(
        PAY_OUT, amount.amount, wanted, currency=line.currency, day=line.open_on,
        proposal=proposal,
    )  # fmt: skip


def _part(
    payment_id: int, amount: Money, settled: Money, now: datetime
) -> tuple[CreditLine, OrderPayment, Money]:
    """Lock the line of the payment, and check that `amount` of its cash can be settled, of which
    `settled` was settled as the operator saw it. Returns the line, the payment, and the amount with
    exactly the currency's digits. Raises NotUnmatched, MoreThanIsLeft, ChangedMeanwhile,
    CurrencyMismatch, Invalid, OrderPayment.DoesNotExist. Ended days of the line are worked off
    first (lines.lock).
    """
    line_id = OrderPayment.objects.values_list("line_id", flat=True).get(pk=payment_id)
    line = lines.lock(line_id, now=now)
    amount = money.accepted(amount, line.currency)
    if amount.amount <= 0:
        raise Invalid("amount", "must be more than 0")
    cash = OrderPayment.objects.select_related("order").get(pk=payment_id)
    if not cash.is_unmatched:
        raise NotUnmatched(f"Payment {cash} was taken by its order.")
    if cash.settled != settled:
        raise ChangedMeanwhile(f"Part of payment {cash} was settled meanwhile. Look at it again.")
    if amount > cash.unsettled:
        left = money.full(cash.unsettled)
        raise MoreThanIsLeft(f"Of payment {cash}, {left} are left to settle.")
    return line, cash, amount


def _write(
    line: CreditLine,
    cash: OrderPayment,
    kind: UnmatchedSettlement.Kind,
    amount: Money,
    actor: str,
    reason: str,
    *,
    order: Order | None = None,
    reference: str = "",
    proposal: Proposal | None = None,
) -> UnmatchedSettlement:
    """Write a settlement of this kind for a part of the cash, count it as settled on the payment,
    and write a trail row. What is released to the merchant or returned to the buyer is also counted
    among the day's pay-outs.
    """
    before = money.full(cash.unsettled)
    cash.settled += amount
    cash.save(update_fields=["settled"])
    trail.write(
        ACTIONS[kind],
        merchant_id=line.pk,
        subject=f"payment {cash}",
        before={"unsettled": before},
        after={"unsettled": money.full(cash.unsettled)}
        | ({"order": order.reference} if order else {})
        | ({"reference": reference} if reference else {})
        | two_people.proposed_by(proposal),
        actor=actor,
        reason=reason,
        now=line.now,
    )
    settlement = UnmatchedSettlement.objects.create(
        line=line,
        payment=cash,
        kind=kind,
        currency=line.currency,
        amount=amount,
        order=order,
        reference=reference,
        reason=reason,
        actor=actor,
        at=line.now,
    )
    if kind in PROPOSED:
        two_people.note(
            PAY_OUT, subject=f"settlement {settlement.pk}", merchant_id=line.pk,
            currency=line.currency, figure=amount.amount, day=line.open_on, proposal=proposal,
            actor=actor, now=line.now,
        )  # fmt: skip
    return settlement
