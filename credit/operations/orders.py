"""A buyer's order: placing it, its shipment and delivery, and its cancellation (rule 4.5)."""

from datetime import datetime, timedelta

from django.db import connection, transaction
from moneyed import Money

from credit.models import CreditLine, LimitEntry, Order
from credit.notices import ORDER_DECLINED, ORDER_OVERDUE
from credit.operations import lines, usage
from credit.queries.exposure import owed_by
from credit.rules import HIGH_RISK, MOST_INSTALMENTS, happened
from lib import money
from lib.refusals import Conflict, Invalid, Refused
from merchants.queries import local_day
from notices.operations import notices


class UnknownOrder(Refused):
    """The merchant has no order with this reference."""

    code = "unknown_order"


class OrderNotOpen(Refused):
    """The order's status does not allow this step."""

    code = "order_not_open"


class WrongInstant(Invalid):
    """The step is said to have happened before its order was placed, or after it was reported."""

    def __init__(self, at: datetime) -> None:
        super().__init__("at", f"{at.isoformat()} is before the order was placed, or not here yet")


class OrderConflict(Conflict):
    """An order, or a step of it, is known under this reference with other content."""


# One statement for the three rows an accepted order writes. The line is locked, so its figures are
# those the check saw. ON CONFLICT: it is the database that tells a repeat from a new order.
PLACE = """
WITH placed AS (
    INSERT INTO credit_order (line_id, reference, buyer, buyer_risk, currency, amount, instalments,
        part_amount, status, decline_code, outstanding, paid, refunded, refunded_written_off,
        written_off, recovered, placed_at, placed_said_at, cancel_reason)
    VALUES (%(line)s, %(reference)s, %(buyer)s, %(buyer_risk)s, %(currency)s, %(amount)s,
        %(instalments)s, %(part_amount)s, %(status)s, %(decline_code)s, %(held)s, 0, 0, 0, 0, 0,
        %(now)s, %(said)s, '')
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
    at: datetime | None = None,
    now: datetime,
) -> tuple[Order, bool]:
    """Reserve `amount` on the line and open the order, or record it as DECLINED with the reason.

    It counts from `now` on; `at` is when the platform says that the buyer placed it, and is `now`
    where nothing is given. Returns the order and whether it is new; a repeat with the same content
    returns the order that is there. Raises OrderConflict when the content differs,
    CurrencyMismatch, Invalid, and WrongInstant when `at` is in the future. Rule 4.5, rule 4.6.
    """
    if not 1 <= instalments <= MOST_INSTALMENTS:
        raise Invalid("instalments", f"must be between 1 and {MOST_INSTALMENTS}")
    if amount.amount <= 0:
        raise Invalid("amount", "must be more than 0")
    with transaction.atomic():
        line = lines.lock(merchant_id, now=now, notes_instant=False)  # PLACE does
        now, said_at = line.now, at or now
        amount = money.accepted(amount, line.currency)
        _check_can_be_placed(reference, said_at, line)
        decline_code = _decline_code(line, buyer, amount, buyer_risk)
        order = Order(
            line=line,
            reference=reference,
            buyer=buyer,
            buyer_risk=buyer_risk,
            currency=line.currency,
            amount=amount,
            instalments=instalments,
            part_amount=money.part_of(amount, instalments),
            status=Order.Status.DECLINED if decline_code else Order.Status.OPEN,
            decline_code=decline_code,
            outstanding=money.zero(line.currency) if decline_code else amount,
            placed_at=now,
            placed_said_at=said_at,
        )
        if _insert(order, line):
            _notify(order, line)
            return order, True
        known = Order.objects.get(line=line, reference=reference)
        _check_same(known, order)
        return known, False


def _check_can_be_placed(reference: str, said_at: datetime, line: CreditLine) -> None:
    """Raise WrongInstant for a new order that is said to be placed in the future. A repeat of one
    that is known passes.
    """
    try:
        check_instant(said_at, line)
    except WrongInstant:
        if not Order.objects.filter(line=line, reference=reference).exists():
            raise


def _decline_code(line: CreditLine, buyer: str, amount: Money, buyer_risk: int) -> str:
    """The code of the first reason to decline the order; "" if there is none."""
    if line.is_closed:
        return Order.Decline.ACCOUNT_CLOSED
    if line.is_frozen:
        return Order.Decline.LINE_FROZEN
    if line.is_paused:
        return Order.Decline.PAUSED_BY_MERCHANT
    if line.order_cap is not None and amount > line.order_cap:
        return Order.Decline.ABOVE_OWN_CAP
    if line.buyer_cap is not None and owed_by(line, buyer) + amount > line.buyer_cap:
        return Order.Decline.ABOVE_OWN_CAP
    if buyer_risk >= HIGH_RISK:
        return Order.Decline.BUYER_RISK
    if amount > line.available:
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
                "amount": order.amount.amount,
                "instalments": order.instalments,
                "part_amount": order.part_amount.amount,
                "status": str(order.status),
                "decline_code": str(order.decline_code),
                "held": order.outstanding.amount,
                "limit": line.limit.amount,
                "used": line.used.amount,
                "now": order.placed_at,
                "said": order.placed_said_at,
            },
        )
        row = cursor.fetchone()
    if row is None:
        return False
    (order.pk,) = row
    order._state.adding = False
    return True


def _notify(order: Order, line: CreditLine) -> None:
    """Notify the merchant that the order was declined, or that it filled four fifths or all of the
    limit.

    `line` has its figures from before the order. An order that the merchant's own rules declined
    causes no notice.
    """
    if order.decline_code in Order.OWN_DECLINES:
        return
    if order.is_declined:
        notices.write(
            merchant_id=line.pk,
            kind=ORDER_DECLINED,
            cause=order.reference,
            at=order.placed_at,
            order=order.reference,
            amount=money.text(order.amount),
            currency=line.currency,
            code=str(order.decline_code),
        )
        return
    usage.notify(
        line,
        before=usage.Use(line.used, line.limit),
        after=usage.Use(line.used + order.outstanding, line.limit),
        cause=line.open_on.isoformat(),
        at=order.placed_at,
    )


def _check_same(known: Order, sent: Order) -> None:
    for field in ("buyer", "amount", "instalments", "buyer_risk"):
        if getattr(known, field) != getattr(sent, field):
            raise OrderConflict(f"order: {known.reference} is known with another {field}")


def load(line: CreditLine, reference: str) -> Order:
    """The order with this reference of a locked line. Raises UnknownOrder."""
    order = Order.objects.filter(line=line, reference=reference).first()
    if order is None:
        raise UnknownOrder(f"order: there is no order {reference}")
    return order


def ship(*, merchant_id: int, reference: str, at: datetime, now: datetime) -> tuple[Order, bool]:
    """Record that the order left the shop at `at`. Returns the order and whether that was new.

    Raises UnknownOrder, WrongInstant, OrderNotOpen for a declined or cancelled order. Rule 4.10.
    """
    with transaction.atomic():
        line = lines.lock(merchant_id, now=now)
        order = load(line, reference)
        if order.shipped_at is not None:
            return order, False
        _check_not_declined_or_cancelled(order)
        check_instant(at, line, order)
        order.shipped_at = at
        order.shipped_told_at = line.now
        order.save(update_fields=["shipped_at", "shipped_told_at"])
        return order, True


def deliver(*, merchant_id: int, reference: str, at: datetime, now: datetime) -> tuple[Order, bool]:
    """Record that the buyer received the order at `at`, from which its parts fall due.

    Returns the order and whether that was new. Raises UnknownOrder, WrongInstant, OrderNotOpen for
    a declined or cancelled order. The first part is due `payment_days` after the local day of
    delivery. Rule 4.10, rule 4.11.
    """
    with transaction.atomic():
        line = lines.lock(merchant_id, now=now)
        order = load(line, reference)
        if order.delivered_at is not None:
            return order, False
        _check_not_declined_or_cancelled(order)
        counted_at = check_instant(at, line, order)
        order.delivered_at = at
        order.delivered_told_at = line.now
        order.delivered_told_on = line.open_on
        delivered_on = local_day(line, counted_at)
        order.first_due_on = delivered_on + timedelta(days=line.payment_days)
        order.set_due_on()
        order.save(
            update_fields=[
                *("delivered_at", "delivered_told_at", "delivered_told_on"),
                *("first_due_on", "due_on"),
            ]
        )
        _notify_if_overdue(order, line)
        return order, True


def _notify_if_overdue(order: Order, line: CreditLine) -> None:
    """Notify the merchant of each due date that had passed unpaid when the delivery was reported.

    The day-ends that notify of such dates (operations.days) had been worked off by then.
    """
    if order.due_on is None or order.due_on >= line.open_on:
        return
    due = money.zero(order.currency)
    for part in order.parts():
        due += part.outstanding
        if part.outstanding and part.due_on is not None and part.due_on < line.open_on:
            notices.write(
                merchant_id=order.line_id,
                kind=ORDER_OVERDUE,
                cause=f"{order.reference} {part.due_on}",
                at=line.now,
                order=order.reference,
                due_on=str(part.due_on),
                due=money.text(due),
                currency=order.currency,
            )


def _check_not_declined_or_cancelled(order: Order) -> None:
    if order.status in (Order.Status.DECLINED, Order.Status.CANCELLED):
        raise OrderNotOpen(f"order: {order.reference} is {order.status}")


def check_instant(at: datetime, line: CreditLine, order: Order | None = None) -> datetime:
    """The instant to compute with for a step that is reported now and said to have happened at
    `at`.

    Raises WrongInstant when `at` is more than 5 minutes before `order` was placed, or after now.
    Rule 3.5.
    """
    placed_at = min(order.placed_said_at, order.placed_at) if order else None
    counted_at = happened(at, not_before=placed_at, told=line.now)
    if counted_at is None:
        raise WrongInstant(at)
    return counted_at


def cancel(
    *, merchant_id: int, reference: str, reason: str, at: datetime | None = None, now: datetime
) -> tuple[Order, bool]:
    """Cancel an open order of which nothing is paid, and release all that it reserves.

    It is released as of now; `at` is when the platform says that it was cancelled, and is `now`
    where nothing is given. Returns the order and whether that was new. Raises UnknownOrder,
    WrongInstant, OrderNotOpen, OrderConflict when it was cancelled before for another reason. Rule
    4.15.
    """
    with transaction.atomic():
        line = lines.lock(merchant_id, now=now)
        now, said_at = line.now, at or now
        order = load(line, reference)
        if order.status == Order.Status.CANCELLED:
            if order.cancel_reason != reason:
                raise OrderConflict(f"order: {reference} was cancelled for another reason")
            return order, False
        if not order.is_open or order.paid:
            raise OrderNotOpen(
                f"order: {reference} is {order.status}, {money.text(order.paid)} of it paid"
            )
        check_instant(said_at, line, order)
        released = order.outstanding
        order.status = Order.Status.CANCELLED
        order.outstanding = money.zero(line.currency)
        order.due_on = None
        order.cancelled_at = now
        order.cancelled_said_at = said_at
        order.cancel_reason = reason
        order.save(
            update_fields=[
                *("status", "outstanding", "due_on"),
                *("cancelled_at", "cancelled_said_at", "cancel_reason"),
            ]
        )
        lines.release(line, order, released, kind=LimitEntry.Kind.RELEASE, now=now)
        return order, True
