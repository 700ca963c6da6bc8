"""Records refunds to buyers (rule 4.14)."""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal

from django.db import transaction
from django.db.models import Sum
from django.db.models.functions import Coalesce
from moneyed import Money

from credit.models import CreditLine, LimitEntry, Order, OrderRefund, ProceedsEntry, RefusedCash
from credit.operations import lines, order_steps, orders, overdue, refused_cash
from lib import money
from lib.refusals import Conflict, CurrencyMismatch, Invalid, Refused, differing


class RefundConflict(Conflict):
    """A refund is known under this reference with other content."""


class RefundTooLarge(Refused):
    """With this refund more than the order's amount would be refunded."""

    code = "overpayment"


def give(
    *, merchant_id: int, order: str, reference: str, amount: Money, at: datetime, now: datetime
) -> tuple[OrderRefund, bool]:
    """Record a refund of `amount` at `at`, of the order with reference `order`.

    It lowers what is still outstanding first (newest part first), then what was written off, which
    moves no balance, and takes the rest out of proceeds, which may become negative. Returns the
    refund and whether it is new. Raises OrderNotOpen for a declined, cancelled or wholly refunded
    order, RefundTooLarge, RefundConflict, Invalid. UnknownOrder, WrongInstant and CurrencyMismatch
    keep it as refused cash for operators (refused_cash), and its reference can be sent again. Rule
    4.14, rule 9.3.
    """
    if amount.amount <= 0:
        raise Invalid("amount", "must be more than 0")
    with transaction.atomic():
        line = lines.lock(merchant_id, now=now)
        known = (
            OrderRefund.objects.filter(line=line, reference=reference)
            .select_related("order")
            .first()
        )
        if known is not None:
            accepted = money.accepted(amount, line.currency)
            sent = {"order": order, "amount": accepted}
            if others := differing({"order": known.order.reference, "amount": known.amount}, sent):
                raise RefundConflict(f"refund: {reference} is known with other content", others)
            return known, False
        try:
            return _give(line, order, reference, amount, at), True
        except (CurrencyMismatch, order_steps.UnknownOrder, orders.WrongInstant) as refused:
            refusal = refused
            refused_cash.keep(
                line,
                refused,
                kind=RefusedCash.Kind.REFUND,
                reference=reference,
                order=order,
                amount=amount,
                said_at=at,
            )
    raise refusal  # out here, so that what we kept is committed


def _give(line: CreditLine, order: str, reference: str, amount: Money, at: datetime) -> OrderRefund:
    amount = money.accepted(amount, line.currency)
    orders.check_instant(at, line)
    refunded = order_steps.load(line, order)
    orders.check_instant(at, line, refunded)
    _check_refundable(refunded, amount)
    refund = _write(line, refunded, reference, amount, at, line.now)
    refused_cash.take_off(line, RefusedCash.Kind.REFUND, reference)
    return refund


def _check_refundable(order: Order, amount: Money) -> None:
    if order.status in (Order.Status.DECLINED, Order.Status.CANCELLED, Order.Status.REFUNDED):
        raise order_steps.OrderNotOpen(f"order: {order} is {order.status}")
    left = order.amount - order.refunded
    if amount > left:
        raise RefundTooLarge(
            f"amount: {money.text(amount)} is more than is left of {order} to refund"
            f" ({money.text(left)})"
        )


def _write(
    line: CreditLine, order: Order, reference: str, amount: Money, at: datetime, now: datetime
) -> OrderRefund:
    from_outstanding = min(amount, order.outstanding)
    lost = order.written_off - order.recovered - order.refunded_written_off
    from_written_off = min(amount - from_outstanding, lost)
    refund = OrderRefund.objects.create(
        line=line,
        order=order,
        reference=reference,
        currency=line.currency,
        amount=amount,
        from_outstanding=from_outstanding,
        from_written_off=from_written_off,
        from_proceeds=amount - from_outstanding - from_written_off,
        at=at,
        arrived_at=now,
    )
    _move_order(refund)
    if from_outstanding:
        lines.release(line, order, from_outstanding, kind=LimitEntry.Kind.REFUND, now=now)
    if refund.from_proceeds:
        _take_proceeds(line, refund, now)
    overdue.lift(line, now=now)
    return refund


def _move_order(refund: OrderRefund) -> None:
    order = refund.order
    order.refunded += refund.amount
    order.refunded_written_off += refund.from_written_off
    order.outstanding -= refund.from_outstanding
    if order.refunded == order.amount:
        order.status = Order.Status.REFUNDED
    elif order.is_open and not order.outstanding:
        order.status = Order.Status.PAID
    order.set_due_on()
    order.save(
        update_fields=["refunded", "refunded_written_off", "outstanding", "status", "due_on"]
    )


def _take_proceeds(line: CreditLine, refund: OrderRefund, now: datetime) -> None:
    """Take the refund's part from proceeds out of the order's own sales, matured or not, and then
    out of the other proceeds of the locked line.
    """
    for sale, taken in _split(refund):
        ProceedsEntry.objects.create(
            line=line,
            kind=ProceedsEntry.Kind.REFUND,
            currency=line.currency,
            amount=-taken,
            order=refund.order,
            refund=refund,
            sale=sale,
            matures_on=sale.matures_on if sale else None,
            at=now,
        )
    line.proceeds -= refund.from_proceeds
    line.save(update_fields=["proceeds"])


def _split(refund: OrderRefund) -> Iterator[tuple[ProceedsEntry | None, Money]]:
    """Yield how much of the refund comes from which of the order's SALE entries, oldest first, up
    to what earlier refunds left of each. The rest comes with None.
    """
    to_take = refund.from_proceeds
    sales = (
        ProceedsEntry.objects.filter(order=refund.order, kind=ProceedsEntry.Kind.SALE)
        .annotate(taken=Coalesce(Sum("taken_back__amount"), Decimal(0)))
        .order_by("pk")
    )
    for sale in sales:
        taken = min(to_take, sale.amount + money.of(sale.taken, sale.currency))
        if taken.amount > 0:
            yield sale, taken
            to_take -= taken
    if to_take:
        yield None, to_take
