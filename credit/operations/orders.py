"""A buyer's order, from placing to delivery or cancellation (domain: credit, order)."""

from datetime import datetime, timedelta
from decimal import Decimal

from django.db import connection, transaction
from moneyed import Money

from credit.models import CreditLine, LimitEntry, Order
from credit.operations import lines
from credit.rules import HIGH_RISK, LIMIT_MOSTLY_USED, MOST_INSTALMENTS
from merchants import money
from merchants.models import Notice
from merchants.operations import notices
from merchants.queries import local_day
from merchants.refusals import Conflict, Invalid, Refused


class UnknownOrder(Refused):
    """The merchant has no order with this reference."""

    code = "unknown_order"


class OrderNotOpen(Refused):
    """The order's status does not allow this step."""

    code = "order_not_open"


class OrderConflict(Conflict):
    """An order, or a step of it, is known under this reference with other content."""


# One statement for the three rows an accepted order writes. The line is locked, so its figures are
# those the check saw. ON CONFLICT: it is the database that tells a repeat from a new order.
PLACE = """
WITH placed AS (
    INSERT INTO credit_order (line_id, reference, buyer, buyer_risk, currency, amount, instalments,
        part_amount, status, decline_code, outstanding, paid, refunded, refunded_written_off,
        written_off, recovered, placed_at, cancel_reason)
    VALUES (%(line)s, %(reference)s, %(buyer)s, %(buyer_risk)s, %(currency)s, %(amount)s,
        %(instalments)s, %(part_amount)s, %(status)s, %(decline_code)s, %(held)s, 0, 0, 0, 0, 0,
        %(now)s, '')
    ON CONFLICT (line_id, reference) DO NOTHING
    RETURNING id
), entry AS (
    INSERT INTO credit_limitentry (line_id, order_id, kind, currency, limit_change, used_change,
                                   limit_after, used_after, actor, reason, at)
    SELECT %(line)s, id, 'HOLD', %(currency)s, 0, %(held)s, %(limit)s, %(used)s + %(held)s,
           'platform', '', %(now)s
    FROM placed WHERE %(held)s > 0
), held AS (
    UPDATE credit_creditline SET used = used + %(held)s, last_wrote_at = %(now)s
    WHERE merchant_id = %(line)s AND EXISTS (SELECT FROM placed)
)
SELECT id FROM placed
"""


def place(
    *,
    merchant_id: int,
    reference: str,
    buyer: str,
    amount: Money,
    instalments: int = 1,
    buyer_risk: int = 0,
    now: datetime,
) -> tuple[Order, bool]:
    """Hold `amount` on the line and open the order, or record it as DECLINED with the reason.

    Returns the order and whether it is new; the same reference with the same content gives the
    order that is there. Raises OrderConflict when the content differs, CurrencyMismatch, Invalid.
    """
    if not 1 <= instalments <= MOST_INSTALMENTS:
        raise Invalid("instalments", f"must be between 1 and {MOST_INSTALMENTS}")
    if amount.amount <= 0:
        raise Invalid("amount", "must be more than 0")
    with transaction.atomic():
        line = lines.lock(merchant_id, now=now, notes_instant=False)  # PLACE does
        figure = money.figure(amount, line.currency)
        decline_code = _decline_code(line, figure, buyer_risk)
        order = Order(
            line=line,
            reference=reference,
            buyer=buyer,
            buyer_risk=buyer_risk,
            currency=line.currency,
            amount=figure,
            instalments=instalments,
            part_amount=money.part_of(figure, instalments, line.currency),
            status=Order.Status.DECLINED if decline_code else Order.Status.OPEN,
            decline_code=decline_code,
            outstanding=Decimal(0) if decline_code else figure,
            placed_at=line.now,
        )
        if _insert(order, line):
            _notify(order, line)
            return order, True
        known = Order.objects.get(line=line, reference=reference)
        _check_same(known, order)
        return known, False


def _decline_code(line: CreditLine, figure: Decimal, buyer_risk: int) -> str:
    """The first reason that applies, or nothing."""
    if line.is_frozen:
        return Order.Decline.LINE_FROZEN
    if buyer_risk >= HIGH_RISK:
        return Order.Decline.BUYER_RISK
    if figure > line.available:
        return Order.Decline.INSUFFICIENT_CREDIT
    return ""


def _insert(order: Order, line: CreditLine) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            PLACE,
            {
                "line": line.pk,
                "reference": order.reference,
                "buyer": order.buyer,
                "buyer_risk": order.buyer_risk,
                "currency": order.currency,
                "amount": order.amount,
                "instalments": order.instalments,
                "part_amount": order.part_amount,
                "status": str(order.status),
                "decline_code": str(order.decline_code),
                "held": order.outstanding,
                "limit": line.limit,
                "used": line.used,
                "now": order.placed_at,
            },
        )
        row = cursor.fetchone()
    if row is None:
        return False
    (order.pk,) = row
    order._state.adding = False
    return True


def _notify(order: Order, line: CreditLine) -> None:
    """Tell what the merchant should know of: a decline, or a limit that this order has filled.

    `line` is as it was before the order. An order that fills the limit to the brim tells only that.
    """
    if order.is_declined:
        notices.write(
            merchant_id=line.pk,
            kind=Notice.Kind.ORDER_DECLINED,
            cause=order.reference,
            at=order.placed_at,
            order=order.reference,
            amount=money.text(order.amount, line.currency),
            currency=line.currency,
            code=str(order.decline_code),
        )
        return
    used = line.used + order.outstanding
    if used >= line.limit:
        kind = Notice.Kind.LIMIT_100
    elif line.used < LIMIT_MOSTLY_USED * line.limit <= used:
        kind = Notice.Kind.LIMIT_80
    else:
        return
    notices.write(
        merchant_id=line.pk,
        kind=kind,
        cause=line.open_on.isoformat(),
        at=order.placed_at,
        used=money.text(used, line.currency),
        limit=money.text(line.limit, line.currency),
        currency=line.currency,
    )


def _check_same(known: Order, sent: Order) -> None:
    for field in ("buyer", "amount", "instalments", "buyer_risk"):
        if getattr(known, field) != getattr(sent, field):
            raise OrderConflict(f"order: {known.reference} is known with another {field}")


def load(line: CreditLine, reference: str) -> Order:
    """The order of this locked line; raises UnknownOrder."""
    order = Order.objects.filter(line=line, reference=reference).first()
    if order is None:
        raise UnknownOrder(f"order: there is no order {reference}")
    return order


def ship(*, merchant_id: int, reference: str, at: datetime, now: datetime) -> tuple[Order, bool]:
    """Note that the order left the shop at `at`. Returns it and whether that was news.

    Raises UnknownOrder, OrderNotOpen for a declined or cancelled order."""
    with transaction.atomic():
        line = lines.lock(merchant_id, now=now)
        order = load(line, reference)
        if order.shipped_at is not None:
            return order, False
        _check_can_move(order, at, line)
        order.shipped_at = at
        order.save(update_fields=["shipped_at"])
        return order, True


def deliver(*, merchant_id: int, reference: str, at: datetime, now: datetime) -> tuple[Order, bool]:
    """Note that the buyer received the order at `at`, from which its parts fall due.

    Returns it and whether that was news. Raises UnknownOrder, OrderNotOpen for a declined or
    cancelled order. The first part is due `payment_days` after the local day of delivery.
    """
    with transaction.atomic():
        line = lines.lock(merchant_id, now=now)
        order = load(line, reference)
        if order.delivered_at is not None:
            return order, False
        _check_can_move(order, at, line)
        order.delivered_at = at
        delivered_on = local_day(line, at)
        order.first_due_on = delivered_on + timedelta(days=line.payment_days)
        order.set_due_on()
        order.save(update_fields=["delivered_at", "first_due_on", "due_on"])
        if order.due_on is not None and order.due_on < line.open_on:
            _tell_overdue(order, line.now)  # the day that would have told it is past
        return order, True


def _tell_overdue(order: Order, now: datetime) -> None:
    notices.write(
        merchant_id=order.line_id,
        kind=Notice.Kind.ORDER_OVERDUE,
        cause=f"{order.reference} {order.due_on}",
        at=now,
        order=order.reference,
        due_on=str(order.due_on),
        outstanding=money.text(order.outstanding, order.currency),
        currency=order.currency,
    )


def _check_can_move(order: Order, at: datetime, line: CreditLine) -> None:
    if order.status in (Order.Status.DECLINED, Order.Status.CANCELLED):
        raise OrderNotOpen(f"order: {order.reference} is {order.status}")
    check_has_happened(at, line)


def check_has_happened(at: datetime, line: CreditLine) -> None:
    """Raise Invalid for what is said to happen on a local day that has not started."""
    if local_day(line, at) > line.open_on:
        raise Invalid("at", f"{at.isoformat()} is not here yet")


def cancel(*, merchant_id: int, reference: str, reason: str, now: datetime) -> tuple[Order, bool]:
    """Cancel an open order of which nothing is paid, and release all that it holds.

    Returns it and whether that was news. Raises UnknownOrder, OrderNotOpen, OrderConflict when it
    was cancelled before for another reason.
    """
    with transaction.atomic():
        line = lines.lock(merchant_id, now=now)
        now = line.now
        order = load(line, reference)
        if order.status == Order.Status.CANCELLED:
            if order.cancel_reason != reason:
                raise OrderConflict(f"order: {reference} was cancelled for another reason")
            return order, False
        if not order.is_open or order.paid:
            raise OrderNotOpen(f"order: {reference} is {order.status}, {order.paid:f} of it paid")
        released = order.outstanding
        order.status = Order.Status.CANCELLED
        order.outstanding = Decimal(0)
        order.due_on = None
        order.cancelled_at = now
        order.cancel_reason = reason
        order.save(
            update_fields=["status", "outstanding", "due_on", "cancelled_at", "cancel_reason"]
        )
        lines.release(line, order, released, kind=LimitEntry.Kind.RELEASE, now=now)
        return order, True
