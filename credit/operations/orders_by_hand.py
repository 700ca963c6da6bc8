"""Cancels and refunds orders by an operator's decision, where the platform's own word does not come
(rule 4.21).

What is written is what the platform's word would have written, and a trail row besides.
"""

from datetime import datetime

from django.db import transaction
from moneyed import Money

from credit.models import Order, OrderRefund
from credit.operations import lines, order_steps, refunds
from credit.operations.orders import OrderConflict
from credit.trail import Action
from lib import money, wording
from lib.refusals import ChangedMeanwhile
from trail import operations as trail


@transaction.atomic
def cancel(*, order_id: int, reason: str, told: str, actor: str, now: datetime) -> Order:
    """Cancel an open order of which nothing is paid, and release all that it reserves, with a trail
    row. `reason` is for colleagues; `told` is the order's reason of cancellation, which the
    merchant reads there; no notice is written.

    Raises what order_steps.cancel raises: OrderNotOpen, also for one that was cancelled before;
    Invalid without either text; and Order.DoesNotExist. It locks the line, whose ended days are
    worked off first (lines.lock). Rule 4.21.
    """
    reason, told = wording.checked("reason", reason), wording.checked("told", told)
    line_id, reference = _where(order_id)
    line = lines.lock(line_id, now=now)
    order = order_steps.load(line, reference)
    if order.status == Order.Status.CANCELLED:  # whoever did so, and for whichever reason
        raise order_steps.OrderNotOpen(f"order: {reference} is {order.status}")
    before = _standing(order)
    order, _ = order_steps.cancel(
        merchant_id=line_id, reference=reference, reason=told, now=line.now
    )
    trail.write(
        Action.ORDER_CANCELLED,
        merchant_id=line_id,
        subject=f"order {order}",
        before=before,
        after=_standing(order),
        actor=actor,
        reason=reason,
        now=line.now,
    )
    return order


@transaction.atomic
def refund(
    *,
    order_id: int,
    amount: Money,
    reference: str,
    refunded: Money,
    reason: str,
    actor: str,
    now: datetime,
) -> OrderRefund:
    """Record that the buyer of the order got back `amount` under this `reference`, which is a
    refund's like the platform's own, and unique at the merchant; with a trail row. Like a refund of
    the platform's (refunds.give) it lowers first what is outstanding, then what was written off,
    and takes the rest out of proceeds. `refunded` is what had been refunded of the order as the
    operator saw it.

    Raises what refunds.give raises; OrderConflict for a reference that is known, also with the same
    content; ChangedMeanwhile if another refund came between; Invalid without a reason;
    Order.DoesNotExist. It locks the line, whose ended days are worked off first (lines.lock). Rule
    4.21.
    """
    reason = wording.checked("reason", reason)
    line_id, of_order = _where(order_id)
    line = lines.lock(line_id, now=now)
    order = order_steps.load(line, of_order)
    if order.refunded != refunded:
        raise ChangedMeanwhile(f"Order {order} was refunded in part meanwhile. Look at it again.")
    before = _standing(order)
    given, is_new = refunds.give(
        merchant_id=line_id,
        order=of_order,
        reference=wording.line("reference", reference),
        amount=amount,
        at=line.now,
        now=line.now,
    )
    if not is_new:
        raise OrderConflict(f"reference: refund {given.reference} is known already", ["reference"])
    trail.write(
        Action.ORDER_REFUNDED,
        merchant_id=line_id,
        subject=f"order {order}",
        before=before,
        after=_standing(given.order) | {"refund": given.reference},
        actor=actor,
        reason=reason,
        now=line.now,
    )
    return given


def _where(order_id: int) -> tuple[int, str]:
    """Look up the key of the order's line, and the order's reference. Raises Order.DoesNotExist."""
    return Order.objects.values_list("line_id", "reference").get(pk=order_id)


def _standing(order: Order) -> dict[str, str]:
    """The order's status, what it reserves and what was refunded, as texts for a trail row, amounts
    with their currency.
    """
    return {
        "status": str(order.status),
        "outstanding": money.full(order.outstanding),
        "refunded": money.full(order.refunded),
    }
