"""Records refunds to buyers (rule 4.14)."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

from django.db import transaction
from moneyed import Money

from credit.models import CreditLine, Order, OrderRefund, RefusedCash
from credit.operations import lines, order_steps, orders, overdue, refused_cash
from lib import money, prepared
from lib.parts import InParts, Part
from lib.refusals import Conflict, CurrencyMismatch, Invalid, Refused, differing


class RefundConflict(Conflict):
    """A refund is known under this reference with other content."""


class RefundTooLarge(Refused):
    """More than the order's amount would be refunded in all."""

    code = "overpayment"


IS_KNOWN = """
SELECT EXISTS (SELECT FROM credit_orderrefund WHERE line_id = %(line)s AND reference = %(refund)s)
"""
# An order's sales, oldest first, each with what earlier refunds left of it.
SALES = """
SELECT sale.id, sale.matures_on, sale.amount + coalesce(sum(back.amount), 0)
FROM credit_proceedsentry sale LEFT JOIN credit_proceedsentry back ON back.sale_id = sale.id
WHERE sale.order_id = %(order)s AND sale.kind = 'SALE'
GROUP BY sale.id ORDER BY sale.id
"""
# All that a refund writes; the line is locked. What comes from proceeds is in parts, each from
# a sale or, with null, from the rest.
_REFUND = """
    INSERT INTO credit_orderrefund (line_id, order_id, reference, currency, amount,
        from_outstanding, from_written_off, from_proceeds, at, arrived_at)
    VALUES (%(line)s, %(order)s, %(reference)s, %(currency)s, %(amount)s, %(from_outstanding)s,
            %(from_written_off)s, %(from_proceeds)s, %(said)s, %(now)s)
    RETURNING id
"""
_MOVED = """
    UPDATE credit_order SET refunded = %(refunded)s, outstanding = %(outstanding)s,
        refunded_written_off = %(refunded_written_off)s, status = %(status)s, due_on = %(due_on)s
    WHERE id = %(order)s
"""
_HELD = """
    UPDATE credit_creditline SET used = %(used)s, proceeds = %(proceeds)s
    WHERE merchant_id = %(line)s
"""
_ENTRY = """
    INSERT INTO credit_limitentry (line_id, order_id, kind, currency, limit_change, used_change,
                                   limit_after, used_after, actor, reason, at)
    SELECT %(line)s, %(order)s, 'REFUND', %(currency)s, 0, - %(from_outstanding)s, %(limit)s,
           %(used)s, 'platform', '', %(now)s
    WHERE %(from_outstanding)s > 0
"""
_TAKEN_BACK = """
    INSERT INTO credit_proceedsentry (line_id, kind, currency, amount, order_id, refund_id,
                                      sale_id, bill_payment, matures_on, at)
    SELECT %(line)s, 'REFUND', %(currency)s, - part.amount, %(order)s, {id}, part.sale_id, '',
           part.matures_on, %(now)s
    FROM {source} unnest(%(sales)s::bigint[], %(amounts)s::numeric[], %(maturities)s::date[])
                  WITH ORDINALITY AS part(sale_id, amount, matures_on, place)
    ORDER BY part.place
"""
_TAKEN = """
    UPDATE credit_refusedcash SET status = 'TAKEN', ended_at = %(now)s
    WHERE line_id = %(line)s AND kind = 'REFUND' AND reference = %(reference)s AND status = 'OPEN'
"""
GIVE = InParts(
    f"""
WITH refund AS ({_REFUND}), moved AS ({_MOVED}), held AS ({_HELD}), entry AS ({_ENTRY}),
     taken_back AS ({_TAKEN_BACK.format(id="refund.id", source="refund,")}), taken AS ({_TAKEN})
SELECT id FROM refund
""",
    [
        *(Part(one) for one in (_REFUND, _MOVED, _HELD)),
        Part(_ENTRY, if_above_0="from_outstanding"),
        Part(_TAKEN_BACK.format(id="%(id)s", source="")),
        Part(_TAKEN),
    ],
    gives=["id"],
)


def give(
    *, merchant_id: int, order: str, reference: str, amount: Money, at: datetime, now: datetime
) -> tuple[OrderRefund, bool]:
    """Record a refund of `amount`, made at `at`, to the buyer of the order with reference `order`.

    It lowers what is still outstanding first (newest part first), then what was written off, which
    changes no balance, and takes the rest out of proceeds, which may become negative. A freeze for
    overdue payments is lifted if that ends its cause, of which the merchant is notified. Returns
    the refund and whether it is new: a repeat changes nothing and returns the known refund. Raises
    OrderNotOpen for a declined, cancelled or wholly refunded order, RefundTooLarge, RefundConflict,
    Invalid. Before UnknownOrder, WrongInstant and CurrencyMismatch are raised, it is stored as
    refused cash for operators (refused_cash); its reference can be sent again. Nothing is stored of
    what has the reference of a refund that we have, be it in another currency. It locks the line,
    whose ended days are worked off first (lines.lock). Rule 3.6, rule 4.14, rule 9.3.
    """
    if amount.amount <= 0:
        raise Invalid("amount", "must be more than 0")
    with transaction.atomic():
        line = lines.lock(merchant_id, now=now)
        if prepared.row(IS_KNOWN, {"line": line.pk, "refund": reference}) == (True,):
            refunds = OrderRefund.objects.select_related("order")
            known = refunds.get(line=line, reference=reference)
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
    """Check and write a new refund of the order with reference `order`; returns it. A freeze for
    overdue payments may be lifted, of which the merchant is notified. Raises CurrencyMismatch,
    WrongInstant, UnknownOrder, OrderNotOpen, RefundTooLarge.
    """
    amount = money.accepted(amount, line.currency)
    orders.check_instant(at, line)
    refunded = order_steps.load(line, order)
    orders.check_instant(at, line, refunded)
    _check_refundable(refunded, amount)
    return _write(line, refunded, reference, amount, at)


def _check_refundable(order: Order, amount: Money) -> None:
    """Raise OrderNotOpen if the order was declined, cancelled or refunded in full, and
    RefundTooLarge if more than is left of it would be refunded. A paid or written-off order can be
    refunded.
    """
    if order.status in (Order.Status.DECLINED, Order.Status.CANCELLED, Order.Status.REFUNDED):
        raise order_steps.OrderNotOpen(f"order: {order} is {order.status}")
    left = order.amount - order.refunded
    if amount > left:
        raise RefundTooLarge(
            f"amount: {money.text(amount)} is more than is left of {order} to refund"
            f" ({money.text(left)})"
        )


def _write(
    line: CreditLine, order: Order, reference: str, amount: Money, at: datetime
) -> OrderRefund:
    """Write the refund, split into what comes from what is outstanding, from what was written off
    and from proceeds, and change the order, the line and the proceeds by these. A freeze for
    overdue payments is lifted, and the merchant notified, if that ends its cause.
    """
    from_outstanding = min(amount, order.outstanding)
    lost = order.written_off - order.recovered - order.refunded_written_off
    from_written_off = min(amount - from_outstanding, lost)
    refund = OrderRefund(
        line=line,
        order=order,
        reference=reference,
        currency=line.currency,
        amount=amount,
        from_outstanding=from_outstanding,
        from_written_off=from_written_off,
        from_proceeds=amount - from_outstanding - from_written_off,
        at=at,
        arrived_at=line.now,
    )
    parts = list(_split(refund)) if refund.from_proceeds else []
    _move_order(refund)
    line.used -= from_outstanding
    line.proceeds -= refund.from_proceeds
    row = prepared.row(GIVE, _values(refund, line, parts))
    assert row is not None
    (refund.pk,) = row
    refund._state.adding = False
    overdue.lift(line, now=line.now)
    return refund


def _values(refund: OrderRefund, line: CreditLine, parts: "Sequence[_Part]") -> dict[str, Any]:
    """The values of the statement GIVE; order and line have their figures from after the refund."""
    order = refund.order
    return {
        "line": line.pk,
        "order": order.pk,
        "reference": refund.reference,
        "currency": line.currency,
        "amount": refund.amount.amount,
        "from_outstanding": refund.from_outstanding.amount,
        "from_written_off": refund.from_written_off.amount,
        "from_proceeds": refund.from_proceeds.amount,
        "said": refund.at,
        "now": line.now,
        "refunded": order.refunded.amount,
        "outstanding": order.outstanding.amount,
        "refunded_written_off": order.refunded_written_off.amount,
        "status": str(order.status),
        "due_on": order.due_on,
        "limit": line.limit.amount,
        "used": line.used.amount,
        "proceeds": line.proceeds.amount,
        "sales": [part.sale_id for part in parts],
        "amounts": [part.amount.amount for part in parts],
        "maturities": [part.matures_on for part in parts],
    }


def _move_order(refund: OrderRefund) -> None:
    """Count the refund on its order in memory: what was refunded, what is outstanding, the due date
    and the status. The order is not saved.
    """
    order = refund.order
    order.refunded += refund.amount
    order.refunded_written_off += refund.from_written_off
    order.outstanding -= refund.from_outstanding
    if order.refunded == order.amount:
        order.status = Order.Status.REFUNDED
    elif order.is_open and not order.outstanding:
        order.status = Order.Status.PAID
    order.set_due_on()


class _Part(NamedTuple):
    """What of a refund comes from one of the order's sales; none: from the merchant's other
    proceeds.
    """

    amount: Money
    sale_id: int | None = None
    matures_on: date | None = None


def _split(refund: OrderRefund) -> Iterator[_Part]:
    """Yield how much of the refund's part from proceeds comes from which of the order's SALE
    entries, matured or not: oldest first, up to what earlier refunds left of each. The rest comes
    from the other proceeds of the locked line.
    """
    to_take = refund.from_proceeds
    for sale_id, matures_on, left in prepared.rows(SALES, {"order": refund.order_id}):
        taken = min(to_take, money.of(left, refund.currency))
        if taken.amount > 0:
            yield _Part(taken, sale_id, matures_on)
            to_take -= taken
    if to_take:
        yield _Part(to_take)
