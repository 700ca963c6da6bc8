"""What becomes of an order that was placed: its shipment, delivery and cancellation (rule 4.10).

Its payments and refunds have modules of their own, and find the order here.
"""

from datetime import datetime, timedelta

from django.db import transaction

from credit.models import CreditLine, Order
from credit.notices.orders import ORDER_OVERDUE
from credit.operations import lines
from credit.operations.orders import OrderConflict, check_instant
from lib import money, prepared, rows
from lib.parts import InParts, Part
from lib.refusals import Refused
from merchants.queries import local_day
from notices.operations import notices


class UnknownOrder(Refused):
    """The merchant has no order with this reference."""

    code = "unknown_order"


class OrderNotOpen(Refused):
    """The order's status does not allow this step."""

    code = "order_not_open"


FIELDS = [field.attname for field in Order._meta.concrete_fields]
COLUMNS = ", ".join(f'"{field}"' for field in FIELDS)
# Plain SQL, as in `orders` and `lines`: what a checkout and a warehouse wait for.
LOAD = f"SELECT {COLUMNS} FROM credit_order WHERE line_id = %(line)s AND reference = %(order)s"
SHIP = "UPDATE credit_order SET shipped_at = %(at)s, shipped_told_at = %(now)s WHERE id = %(order)s"
DELIVER = """
UPDATE credit_order
SET delivered_at = %(at)s, delivered_told_at = %(now)s, delivered_told_on = %(today)s,
    first_due_on = %(first_due_on)s, due_on = %(due_on)s
WHERE id = %(order)s
"""
# The line is locked, and its figures are those that it had then.
_CANCELLED = """
    UPDATE credit_order
    SET status = 'CANCELLED', outstanding = 0, due_on = NULL, cancelled_at = %(now)s,
        cancelled_said_at = %(said)s, cancel_reason = %(reason)s
    WHERE id = %(order)s
"""
_RELEASED = """
    UPDATE credit_creditline SET used = %(used)s WHERE merchant_id = %(line)s
"""
_ENTRY = """
INSERT INTO credit_limitentry (line_id, order_id, kind, currency, limit_change, used_change,
                               limit_after, used_after, actor, reason, at)
VALUES (%(line)s, %(order)s, 'RELEASE', %(currency)s, 0, - %(released)s, %(limit)s, %(used)s,
        'platform', '', %(now)s)
"""
CANCEL = InParts(
    f"WITH cancelled AS ({_CANCELLED}), released AS ({_RELEASED}) {_ENTRY}",
    [Part(one) for one in (_CANCELLED, _RELEASED, _ENTRY)],
)


def load(line: CreditLine, reference: str) -> Order:
    """Read the order with this reference of a locked line. Raises UnknownOrder."""
    row = prepared.row(LOAD, {"line": line.pk, "order": reference})
    if row is None:
        raise UnknownOrder(f"order: there is no order {reference}")
    return rows.loaded(Order, FIELDS, row)


def ship(*, merchant_id: int, reference: str, at: datetime, now: datetime) -> tuple[Order, bool]:
    """Record that the order left the shop at `at`. Returns the order and whether that was new; a
    shipment that is recorded already stays as it is, whatever its instant.

    Raises UnknownOrder, WrongInstant, OrderNotOpen for a declined or cancelled order. It locks the
    line, whose ended days are worked off first (lines.lock). Rule 4.10.
    """
    with transaction.atomic():
        line = lines.lock(merchant_id, now=now)
        order = load(line, reference)
        is_new = note_shipment(order, line, at)
        if is_new:
            prepared.run(SHIP, {"order": order.pk, "at": at, "now": line.now})
        return order, is_new


def note_shipment(order: Order, line: CreditLine, at: datetime) -> bool:
    """Note on the loaded order of a locked line that it left the shop at `at`; the caller writes
    that. Returns whether it is new.

    Raises WrongInstant and OrderNotOpen, with nothing changed.
    """
    if order.shipped_at is not None:
        return False
    _check_not_declined_or_cancelled(order)
    check_instant(at, line, order)
    order.shipped_at = at
    order.shipped_told_at = line.now
    return True


def deliver(*, merchant_id: int, reference: str, at: datetime, now: datetime) -> tuple[Order, bool]:
    """Record that the buyer received the order at `at`, from which its parts fall due.

    The merchant is notified of due dates that have passed by then. Returns the order and whether
    the delivery was new; one that is recorded already stays as it is, whatever its instant. Raises
    UnknownOrder, WrongInstant, OrderNotOpen for a declined or cancelled order. The first part is
    due `payment_days` after the local day of delivery. It locks the line, whose ended days are
    worked off first (lines.lock). Rule 4.10, rule 4.11.
    """
    with transaction.atomic():
        line = lines.lock(merchant_id, now=now)
        order = load(line, reference)
        if not note_delivery(order, line, at):
            return order, False
        prepared.run(
            DELIVER,
            {
                "order": order.pk,
                "at": at,
                "now": line.now,
                "today": line.open_on,
                "first_due_on": order.first_due_on,
                "due_on": order.due_on,
            },
        )
        _notify_if_overdue(order, line)
        return order, True


def note_delivery(order: Order, line: CreditLine, at: datetime) -> bool:
    """Note on the loaded order of a locked line that the buyer received it at `at`, with the due
    dates that follow; the caller writes that. Returns whether it is new.

    Raises WrongInstant and OrderNotOpen, with nothing changed.
    """
    if order.delivered_at is not None:
        return False
    _check_not_declined_or_cancelled(order)
    counted_at = check_instant(at, line, order)
    order.delivered_at = at
    order.delivered_told_at = line.now
    order.delivered_told_on = line.open_on
    delivered_on = local_day(line, counted_at)
    order.first_due_on = delivered_on + timedelta(days=line.payment_days)
    order.set_due_on()
    return True


def was_due(order: Order, line: CreditLine) -> bool:
    """Whether something is left to pay of the order, which was just delivered, and the due date of
    its oldest unpaid part is before the line's open day.
    """
    return order.due_on is not None and order.due_on < line.open_on


def _notify_if_overdue(order: Order, line: CreditLine) -> None:
    """Notify the merchant of each due date that had passed, with something of its part
    unpaid, when the delivery was reported. Each notice has the sum of all that is
    unpaid of the order's parts up to that date, as the notices of day-ends have. The
    day-ends that notify of such dates (operations.days) had been worked off by then.
    Does nothing if no such date had passed.
    """
    if not was_due(order, line):
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
    """Raise OrderNotOpen if the order is DECLINED or CANCELLED."""
    if order.status in (Order.Status.DECLINED, Order.Status.CANCELLED):
        raise OrderNotOpen(f"order: {order.reference} is {order.status}")


def cancel(
    *, merchant_id: int, reference: str, reason: str, at: datetime | None = None, now: datetime
) -> tuple[Order, bool]:
    """Cancel an open order of which nothing is paid, and release all that it reserves. The merchant
    is not notified, and a freeze for overdue payments is looked at again only as the next day
    starts.

    It is released as of now; `at` is when the platform says that it was cancelled, and is `now`
    where nothing is given. Returns the order and whether that was new. Raises UnknownOrder,
    WrongInstant, OrderNotOpen, OrderConflict when it was cancelled before for another reason. It
    locks the line, whose ended days are worked off first (lines.lock). Rule 4.15.
    """
    with transaction.atomic():
        line = lines.lock(merchant_id, now=now)
        now, said_at = line.now, at or now
        order = load(line, reference)
        if order.status == Order.Status.CANCELLED:
            if order.cancel_reason != reason:
                fact = f"order: {reference} was cancelled for another reason"
                raise OrderConflict(fact, ["reason"])
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
        line.used -= released
        prepared.run(
            CANCEL,
            {
                "order": order.pk,
                "said": said_at,
                "reason": reason,
                "line": line.pk,
                "currency": line.currency,
                "released": released.amount,
                "limit": line.limit.amount,
                "used": line.used.amount,
                "now": now,
            },
        )
        return order, True
