"""Writes an overdue order off by an operator's decision, before the rule does (rule 4.22)."""

from datetime import datetime

from django.db import transaction
from moneyed import Money

from credit.models import CreditLine, LimitEntry, Order
from credit.notices.orders import ORDER_WRITTEN_OFF
from credit.operations import lines, order_steps, overdue, reviews
from credit.proposals import WRITE_OFF
from credit.trail import Action
from lib import money, wording
from lib.refusals import Refused
from merchants.models import Proposal
from merchants.operations import two_people
from merchants.sorts import PAY_OUT
from notices.operations import notices
from trail import operations as trail


class NotOverdue(Refused):
    """Nothing of the order is past its due date, so nothing of it is lost yet."""

    code = "order_not_overdue"


@transaction.atomic
def write_off(
    *,
    order_id: int,
    reason: str,
    told: str,
    actor: str,
    now: datetime,
    proposal: Proposal | None = None,
) -> Order:
    """Write off all that is outstanding of an overdue order: it leaves what is used, and the limit
    falls by as much, but not below 0, as when the rule does it as many days after the due date as
    the policy says. A raise that waits after a review becomes VOID, a freeze for overdue payments
    is lifted if that ends its cause, with a notice, and a trail row is written. The merchant is
    notified and reads `told`; `reason` is for colleagues.

    Nobody asks the buyer any more, who gains by it, so it counts as a pay-out: above the day's
    figure it takes the `proposal` that a second person confirms (TakesTwoPeople). Raises
    OrderNotOpen, also for one that was written off before, NotOverdue, Invalid without both texts,
    ChangedMeanwhile if something else is outstanding than was proposed to be written off, and
    Order.DoesNotExist. It locks the line, whose ended days are worked off first (lines.lock). Rule
    4.22.
    """
    reason = wording.checked("reason", reason, wording.LONGEST_REASON)
    told = wording.checked("told", told, wording.LONGEST_REASON)
    line_id, reference = Order.objects.values_list("line_id", "reference").get(pk=order_id)
    line = lines.lock(line_id, now=now)
    order = order_steps.load(line, reference)
    if not order.is_open:
        raise order_steps.OrderNotOpen(f"order: {reference} is {order.status}")
    if order.due_on is None or order.due_on >= line.open_on:
        raise NotOverdue(f"order: nothing of {reference} is past its due date")
    lost = order.outstanding
    _check_figure(line, order, proposal)
    before = _standing(line, order)
    entry = _write(line, order, actor, reason, told)
    reviews.overtake(line, actor=actor, now=line.now)
    overdue.lift(line, now=line.now)
    trail.write(
        Action.ORDER_WRITTEN_OFF,
        merchant_id=line_id,
        subject=f"order {order}",
        before=before,
        after=_standing(line, order) | two_people.proposed_by(proposal),
        actor=actor,
        reason=reason,
        now=line.now,
    )
    two_people.note(
        PAY_OUT, subject=f"write-off {entry.pk}", merchant_id=line.pk, currency=line.currency,
        figure=lost.amount, day=line.open_on, proposal=proposal, actor=actor, now=line.now,
    )  # fmt: skip
    _notify(line, order, told)
    return order


def _check_figure(line: CreditLine, order: Order, proposal: Proposal | None) -> None:
    """Check that the order may be written off by one person, or by the second one who
    confirms `proposal`. What is outstanding of the order is added to all that operators
    have paid out for the merchant on the line's open day, whoever they were. Raises
    TakesTwoPeople if there is no proposal and the sum is above the policy's figure for
    pay-outs, or the policy has none. Raises ChangedMeanwhile if another amount was
    outstanding when the write-off was proposed.
    """
    wanted = two_people.Change(
        kind=WRITE_OFF,
        subject=f"order {order}",
        merchant_id=line.pk,
        before={"outstanding": money.full(order.outstanding)},
        after={
            "outstanding": money.full(money.zero(line.currency)),
            "limit": money.full(_limit_without(line, order.outstanding)),
        },
    )
    two_people.check_figure(
        PAY_OUT, order.outstanding.amount, wanted, currency=line.currency, day=line.open_on,
        proposal=proposal,
    )  # fmt: skip


def _limit_without(line: CreditLine, lost: Money) -> Money:
    """The line's limit after a write-off of `lost`: lower by that, but not below 0."""
    return max(line.limit - lost, money.zero(line.currency))


def _write(line: CreditLine, order: Order, actor: str, reason: str, told: str) -> LimitEntry:
    """Save the order as WRITTEN_OFF, and the locked line with its lower limit and use; write and
    return the entry. `reason` and `told` stand in the entry.
    """
    lost, limit = order.outstanding, _limit_without(line, order.outstanding)
    order.status = Order.Status.WRITTEN_OFF
    order.written_off, order.outstanding = lost, money.zero(line.currency)
    order.due_on, order.written_off_at = None, line.now
    order.save(update_fields=["status", "written_off", "outstanding", "due_on", "written_off_at"])
    entry = LimitEntry.objects.create(
        line=line,
        kind=LimitEntry.Kind.WRITE_OFF,
        currency=line.currency,
        limit_change=limit - line.limit,
        used_change=-lost,
        limit_after=limit,
        used_after=line.used - lost,
        order=order,
        actor=actor,
        reason=reason,
        told=told,
        at=line.now,
    )
    line.limit, line.used = limit, line.used - lost
    line.save(update_fields=["limit", "used"])
    return entry


def _standing(line: CreditLine, order: Order) -> dict[str, str]:
    """The order's `status` and what it reserves (`outstanding`), and the line's `limit`, as texts
    for a trail row, amounts with their currency.
    """
    return {
        "status": str(order.status),
        "outstanding": money.full(order.outstanding),
        "limit": money.full(line.limit),
    }


def _notify(line: CreditLine, order: Order, told: str) -> None:
    """Notify the merchant that the order was written off, with the amount, the new limit, and the
    answer `told`.
    """
    notices.write(
        merchant_id=line.pk,
        kind=ORDER_WRITTEN_OFF,
        cause=order.reference,
        at=line.now,
        order=order.reference,
        amount=money.text(order.written_off),
        limit=money.text(line.limit),
        currency=line.currency,
        answer=told,
    )
