"""Records what buyers pay for orders: it lowers what is used, and becomes proceeds (rule 4.13)."""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet
from moneyed import Money

from credit.models import (
    CreditLine,
    LimitEntry,
    Order,
    OrderPayment,
    ProceedsEntry,
    RefusedCash,
)
from credit.operations import lines, order_steps, orders, overdue, refused_cash
from lib import money
from lib.refusals import Conflict, CurrencyMismatch, Invalid, Refused, differing
from merchants.queries import local_day


class PaymentConflict(Conflict):
    """A payment is known under this reference with other content."""


class Unmatched(Refused):
    """The order cannot take this cash. The payment is kept as UNMATCHED for an operator."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code


class TooMuch(Refused):
    """The order to be paid with UNMATCHED cash is not open, or owes less than the amount."""

    code = "overpayment"


def receive(
    *,
    merchant_id: int,
    order: str,
    reference: str,
    amount: Money,
    at: datetime,
    now: datetime,
) -> tuple[OrderPayment, bool]:
    """Record that a buyer paid `amount` at `at` for the order with reference `order`.

    It pays the oldest part first, lowers what is used of the limit by as much, and becomes
    proceeds; after a write-off it becomes proceeds only. Returns the payment and whether it is new.
    Raises Invalid, PaymentConflict, and Unmatched once the cash is kept as UNMATCHED. UnknownOrder,
    WrongInstant and CurrencyMismatch keep it as refused cash for operators (refused_cash), and its
    reference can be sent again. Rule 4.13, rule 4.19, rule 5.1.
    """
    if amount.amount <= 0:
        raise Invalid("amount", "must be more than 0")
    refusal: Refused | None
    with transaction.atomic():
        line = lines.lock(merchant_id, now=now)
        known = _reported(line).filter(reference=reference).select_related("order").first()
        if known is not None:
            accepted = money.accepted(amount, line.currency)
            sent = {"order": order, "amount": accepted}
            if others := differing({"order": known.order.reference, "amount": known.amount}, sent):
                raise PaymentConflict(f"payment: {reference} is known with other content", others)
            return known, False
        try:
            payment, refusal = _take(line, order, reference, amount, at)
        except (CurrencyMismatch, order_steps.UnknownOrder, orders.WrongInstant) as refused:
            refusal = refused
            refused_cash.keep(
                line,
                refused,
                kind=RefusedCash.Kind.PAYMENT,
                reference=reference,
                order=order,
                amount=amount,
                said_at=at,
            )
    if refusal is not None:  # raised out here, so that what we kept is committed
        raise refusal
    return payment, True


def _reported(line: CreditLine) -> QuerySet[OrderPayment]:
    """The line's payments that the platform reported, among which a repeat is looked for by its
    reference. Payments that settle UNMATCHED cash are not among them.
    """
    return OrderPayment.objects.filter(line=line, settlement__isnull=True)


def _take(
    line: CreditLine, order: str, reference: str, amount: Money, at: datetime
) -> tuple[OrderPayment, Unmatched | None]:
    """Record a new payment; returns it, and why it became UNMATCHED if it did. Raises UnknownOrder,
    WrongInstant, CurrencyMismatch, Invalid.
    """
    amount = money.accepted(amount, line.currency)
    orders.check_instant(at, line)
    paid_order = order_steps.load(line, order)
    paid_at = orders.check_instant(at, line, paid_order)
    payment = OrderPayment(
        line=line,
        order=paid_order,
        reference=reference,
        currency=line.currency,
        amount=amount,
        at=at,
        arrived_at=line.now,
    )
    refusal = _apply(payment, line, paid_at)
    refused_cash.take_off(line, RefusedCash.Kind.PAYMENT, reference)
    return payment, refusal


def settle(payment: OrderPayment, line: CreditLine) -> None:
    """Apply `payment`, which pays an open order out of UNMATCHED cash, as of the locked line's open
    day.

    Raises TooMuch when the order is not open, or owes less.
    """
    order = payment.order
    if not order.is_open or payment.amount > order.outstanding:
        owed = money.text(order.outstanding)
        raise TooMuch(f"Order {order} is {order.get_status_display()}, and {owed} of it is owed.")
    _apply(payment, line, line.now)


def _apply(payment: OrderPayment, line: CreditLine, paid_at: datetime) -> Unmatched | None:
    """Save the payment as APPLIED, RECOVERY or UNMATCHED, and move the balances; returns why it is
    UNMATCHED, or None.
    """
    order, now = payment.order, line.now
    if order.is_open and payment.amount <= order.outstanding:
        payment.status = OrderPayment.Status.APPLIED
        payment.save()
        _cover(order, line, payment.amount, now)
    elif (
        order.status == Order.Status.WRITTEN_OFF
        and payment.amount <= order.written_off - order.recovered - order.refunded_written_off
    ):
        payment.status = OrderPayment.Status.RECOVERY
        payment.save()
        order.recovered += payment.amount
        order.save(update_fields=["recovered"])
        overdue.lift(line, now=now)
    else:
        return _keep_unmatched(payment)
    _add_to_proceeds(payment, line, paid_at)
    return None


def _cover(order: Order, line: CreditLine, amount: Money, now: datetime) -> None:
    order.paid += amount
    order.outstanding -= amount
    if not order.outstanding:
        order.status = Order.Status.PAID
    order.set_due_on()
    order.save(update_fields=["paid", "outstanding", "status", "due_on"])
    lines.release(line, order, amount, kind=LimitEntry.Kind.PAYMENT, now=now)
    overdue.lift(line, now=now)


def _add_to_proceeds(payment: OrderPayment, line: CreditLine, paid_at: datetime) -> None:
    paid_on = local_day(line, paid_at)
    ProceedsEntry.objects.create(
        line=line,
        kind=ProceedsEntry.Kind.SALE,
        currency=line.currency,
        amount=payment.amount,
        order=payment.order,
        payment=payment,
        matures_on=paid_on + timedelta(days=line.settlement_days),
        at=line.now,
    )
    line.proceeds += payment.amount
    line.save(update_fields=["proceeds"])


def _keep_unmatched(payment: OrderPayment) -> Unmatched:
    order = payment.order
    takes_cash = order.status in (Order.Status.OPEN, Order.Status.WRITTEN_OFF)
    code = "overpayment" if takes_cash else "order_not_open"
    payment.status = OrderPayment.Status.UNMATCHED
    payment.refusal = code
    payment.save()
    if takes_cash:
        return Unmatched(
            code, f"amount: {money.text(payment.amount)} is more than {order} can take"
        )
    return Unmatched(code, f"order: {order} is {order.status}")
