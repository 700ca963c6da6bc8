"""Records what buyers pay for orders: it lowers what is used, and becomes proceeds (rule 4.13)."""

from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction
from moneyed import Money

from credit.models import (
    CreditLine,
    Order,
    OrderPayment,
    ProceedsEntry,
    RefusedCash,
)
from credit.operations import lines, order_steps, orders, overdue, refused_cash
from lib import money, prepared
from lib.parts import InParts, Part
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


# Among the payments that the platform reported a repeat is looked for by its reference. Payments
# that settle UNMATCHED cash are not among them.
IS_KNOWN = """
SELECT EXISTS (SELECT FROM credit_orderpayment WHERE line_id = %(line)s AND reference = %(payment)s
                                                 AND settlement_id IS NULL)
"""
# All that a payment of an open order writes; the line is locked. `again`: the reference, where cash
# that was refused under it is taken by this; otherwise null.
_PAYMENT = """
    INSERT INTO credit_orderpayment (line_id, order_id, reference, currency, amount, status,
                                     refusal, at, arrived_at, settled, settlement_id)
    VALUES (%(line)s, %(order)s, %(reference)s, %(currency)s, %(amount)s, 'APPLIED', '',
            %(said)s, %(now)s, 0, %(settlement)s)
    RETURNING id
"""
_COVERED = """
    UPDATE credit_order SET paid = %(paid)s, outstanding = %(outstanding)s, status = %(status)s,
                            due_on = %(due_on)s
    WHERE id = %(order)s
"""
_HELD = """
    UPDATE credit_creditline SET used = %(used)s, proceeds = %(proceeds)s
    WHERE merchant_id = %(line)s
"""
_ENTRY = """
    INSERT INTO credit_limitentry (line_id, order_id, kind, currency, limit_change, used_change,
                                   limit_after, used_after, actor, reason, at)
    VALUES (%(line)s, %(order)s, 'PAYMENT', %(currency)s, 0, - %(amount)s, %(limit)s, %(used)s,
            'platform', '', %(now)s)
"""
_SALE = """
    INSERT INTO credit_proceedsentry (line_id, kind, currency, amount, order_id, payment_id,
                                      bill_payment, matures_on, at)
"""
_SALE_ROW = """
    %(line)s, 'SALE', %(currency)s, %(amount)s, %(order)s, {id}, '', %(matures_on)s, %(now)s
"""
_TAKEN = """
    UPDATE credit_refusedcash SET status = 'TAKEN', ended_at = %(now)s
    WHERE line_id = %(line)s AND kind = 'PAYMENT' AND reference = %(again)s AND status = 'OPEN'
"""
APPLY = InParts(
    f"""
WITH payment AS ({_PAYMENT}), covered AS ({_COVERED}), held AS ({_HELD}), entry AS ({_ENTRY}),
     sale AS ({_SALE} SELECT {_SALE_ROW.format(id="id")} FROM payment), taken AS ({_TAKEN})
SELECT id FROM payment
""",
    [
        *(Part(one) for one in (_PAYMENT, _COVERED, _HELD, _ENTRY)),
        *(Part(f"{_SALE} VALUES ({_SALE_ROW.format(id='%(id)s')})"), Part(_TAKEN)),
    ],
    gives=["id"],
)


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
    proceeds; after a write-off it only becomes proceeds. A freeze for overdue payments is lifted if
    that ends its cause, of which the merchant is notified. Returns the payment and whether it is
    new: a repeat changes nothing and returns the known payment, also an UNMATCHED one. Raises
    Invalid, PaymentConflict, and Unmatched after storing the cash as UNMATCHED. Before
    UnknownOrder, WrongInstant and CurrencyMismatch are raised, it is stored as refused cash for
    operators (refused_cash); its reference can be sent again. Nothing is stored of what has the
    reference of a payment that we have, be it in another currency. It locks the line, whose ended
    days are worked off first (lines.lock). Rule 3.6, rule 4.13, rule 4.19, rule 5.1.
    """
    if amount.amount <= 0:
        raise Invalid("amount", "must be more than 0")
    refusal: Refused | None
    with transaction.atomic():
        line = lines.lock(merchant_id, now=now)
        if prepared.row(IS_KNOWN, {"line": line.pk, "payment": reference}) == (True,):
            reported = OrderPayment.objects.filter(line=line, settlement__isnull=True)
            known = reported.select_related("order").get(reference=reference)
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


def _take(
    line: CreditLine, order: str, reference: str, amount: Money, at: datetime
) -> tuple[OrderPayment, Unmatched | None]:
    """Record a new payment of the order with reference `order`; refused cash with the payment's own
    `reference` waits no more. Returns the payment, and the refusal to raise if it became UNMATCHED,
    or None. A freeze for overdue payments may be lifted, of which the merchant is notified. Raises
    UnknownOrder, WrongInstant, CurrencyMismatch, Invalid.
    """
    amount = money.accepted(amount, line.currency)
    orders.check_instant(at, line)
    payment, paid_at = reported(line, order_steps.load(line, order), reference, amount, at)
    refusal = _apply(payment, line, paid_at)
    if payment.status != OrderPayment.Status.APPLIED:  # APPLY does
        refused_cash.take_off(line, RefusedCash.Kind.PAYMENT, reference)
    return payment, refusal


def reported(
    line: CreditLine, order: Order, reference: str, amount: Money, at: datetime
) -> tuple[OrderPayment, datetime]:
    """Return a payment of the loaded order that is not written yet, and the instant at which it
    counts as paid. `reference` is the payment's own, and `at` when it is said to have been made.
    Raises WrongInstant, CurrencyMismatch, Invalid.
    """
    paid_at = orders.check_instant(at, line, order)
    payment = OrderPayment(
        line=line,
        order=order,
        reference=reference,
        currency=line.currency,
        amount=money.accepted(amount, line.currency),
        at=at,
        arrived_at=line.now,
    )
    return payment, paid_at


def settle(payment: OrderPayment, line: CreditLine) -> None:
    """Apply `payment`, which is not saved yet and takes its amount from UNMATCHED cash: to its
    order if that is open, or to what was written off of it. It is saved, becomes proceeds, and
    counts as paid on the locked line's open day. That may lift a freeze for overdue payments, of
    which the merchant is notified.

    Raises TooMuch if the order is neither open nor written off, or owes less.
    """
    order = payment.order
    owed = order.outstanding if order.is_open else order.left_to_recover
    if payment.amount > owed:
        raise TooMuch(
            f"Order {order} is {order.get_status_display()}, and {money.text(owed)} of it is owed."
        )
    _apply(payment, line, line.now)


def _apply(payment: OrderPayment, line: CreditLine, paid_at: datetime) -> Unmatched | None:
    """Save the payment, which is new: as APPLIED if its order is open and owes that much, as
    RECOVERY if as much was written off and is not recovered, and else as UNMATCHED.

    The first lowers what the order owes and what is used of the limit; the second adds to what the
    order has recovered. Both become proceeds, of which `paid_at` decides the maturing day, and may
    lift a freeze for overdue payments, of which the merchant is notified. UNMATCHED changes no
    balance, and the refusal is returned, which the caller raises. Otherwise returns None.
    """
    order, now = payment.order, line.now
    if order.is_open and payment.amount <= order.outstanding:
        _cover(payment, line, paid_at)
        return None
    if payment.amount <= order.left_to_recover:
        payment.status = OrderPayment.Status.RECOVERY
        payment.save()
        order.recovered += payment.amount
        order.save(update_fields=["recovered"])
        overdue.lift(line, now=now)
    else:
        return _keep_unmatched(payment)
    _add_to_proceeds(payment, line, paid_at)
    return None


def cover(payment: OrderPayment, line: CreditLine) -> None:
    """Mark the payment as APPLIED, and change what its open order, which owes that much, and the
    locked line have in memory: paid, outstanding, status and due day, and what is used and the
    proceeds. The caller writes all of it.
    """
    order, amount = payment.order, payment.amount
    payment.status = OrderPayment.Status.APPLIED
    order.paid += amount
    order.outstanding -= amount
    if not order.outstanding:
        order.status = Order.Status.PAID
    order.set_due_on()
    line.used -= amount
    line.proceeds += amount


def _cover(payment: OrderPayment, line: CreditLine, paid_at: datetime) -> None:
    """Write the payment as APPLIED with all that it moves: the order, what is used of the limit,
    and the proceeds, of which `paid_at` decides on which day they mature. The freeze for overdue
    payments is lifted if what is overdue is by now less than the policy's share of the limit, and
    the merchant is notified of that.
    """
    order = payment.order
    cover(payment, line)
    row = prepared.row(
        APPLY,
        {
            **_values(payment, line),
            "paid": order.paid.amount,
            "outstanding": order.outstanding.amount,
            "status": str(order.status),
            "due_on": order.due_on,
            "matures_on": matures_on(line, paid_at),
        },
    )
    assert row is not None
    (payment.pk,) = row
    payment._state.adding = False
    overdue.lift(line, now=line.now)


def _values(payment: OrderPayment, line: CreditLine) -> dict[str, Any]:
    """The values of the statement APPLY that come from the payment and from its line after it."""
    is_reported = payment.settlement_id is None
    return {
        "line": line.pk,
        "order": payment.order_id,
        "reference": payment.reference,
        "currency": line.currency,
        "amount": payment.amount.amount,
        "said": payment.at,
        "settlement": payment.settlement_id,
        "again": payment.reference if is_reported else None,
        "limit": line.limit.amount,
        "used": line.used.amount,
        "proceeds": line.proceeds.amount,
        "now": line.now,
    }


def matures_on(line: CreditLine, paid_at: datetime) -> date:
    """The local day on which what was paid at `paid_at` can be withdrawn: the line's settlement
    days after the local day of that instant.
    """
    return local_day(line, paid_at) + timedelta(days=line.settlement_days)


def _add_to_proceeds(payment: OrderPayment, line: CreditLine, paid_at: datetime) -> None:
    """Write the SALE entry of a payment, which matures the line's settlement days after the local
    day of `paid_at`, and raise the line's proceeds.
    """
    ProceedsEntry.objects.create(
        line=line,
        kind=ProceedsEntry.Kind.SALE,
        currency=line.currency,
        amount=payment.amount,
        order=payment.order,
        payment=payment,
        matures_on=matures_on(line, paid_at),
        at=line.now,
    )
    line.proceeds += payment.amount
    line.save(update_fields=["proceeds"])


def _keep_unmatched(payment: OrderPayment) -> Unmatched:
    """Save the payment as UNMATCHED, and return the refusal that says why."""
    refusal = unmatched(payment)
    payment.save()
    return refusal


def unmatched(payment: OrderPayment) -> Unmatched:
    """Make the payment UNMATCHED in memory, and return the refusal that says why: the order's
    status takes no cash, or it is more than the order can take. The caller writes it.
    """
    order = payment.order
    takes_cash = order.status in (Order.Status.OPEN, Order.Status.WRITTEN_OFF)
    code = "overpayment" if takes_cash else "order_not_open"
    payment.status = OrderPayment.Status.UNMATCHED
    payment.refusal = code
    if takes_cash:
        return Unmatched(
            code, f"amount: {money.text(payment.amount)} is more than {order} can take"
        )
    return Unmatched(code, f"order: {order} is {order.status}")
