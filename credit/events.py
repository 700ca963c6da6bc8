"""The event types of orders and shops, each handed to one operation, and the opening of a
merchant's line.
"""

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Annotated

from moneyed import Money
from pydantic import Field

from credit.event_data import (
    Metrics,
    OrderCancelled,
    OrderDelivered,
    OrderOpening,
    OrderPaid,
    OrderPlaced,
    OrderRefunded,
    OrderShipped,
    ProceedsOpening,
)
from credit.event_windows import DECLINED, of_order, together
from credit.operations import lines, metrics, openings, order_steps, orders, payments, refunds
from credit.rules import MOST_PAYMENT_DAYS, SETTLEMENT_DAYS
from lib import counters, money
from lib.event_fields import Amount, Currency
from lib.events import APPLIED, Event, EventType, Outcome, Spared
from lib.refusals import Invalid, Refused
from merchants.events import Opening, Terms
from merchants.models import Merchant

DAYS = Annotated[int, Field(strict=True, ge=0, le=MOST_PAYMENT_DAYS)]


def placed(
    event: Event, data: OrderPlaced, merchant_id: int, now: datetime, *, under_lock: bool = False
) -> Outcome:
    """Open the order, or record that it was declined. The outcome of a new declined order is
    "declined", with the reason; that of an open one is "applied", and that of a repeat "duplicate".
    The merchant is notified of a decline, unless its own rules declined it, and when the order
    fills four fifths or all of the limit. `under_lock` is for orders that `placed_at_once` could
    not open: they take the line's lock. Raises OrderConflict, CurrencyMismatch, WrongInstant,
    Invalid.
    """
    order, is_new = orders.place(
        merchant_id=merchant_id,
        reference=data.order,
        buyer=data.buyer,
        amount=Money(data.amount, money.check_currency(data.currency)),
        instalments=data.instalments,
        buyer_risk=data.buyer_risk or 0,
        at=event.at,
        now=now,
        under_lock=under_lock,
    )
    return of_order(order, is_new=is_new)


def placed_at_once(
    event: Event, data: OrderPlaced, now: datetime, spared: Spared
) -> Outcome | None:
    """Open the order without the line's lock, as most can be, by the merchant's reference alone.
    Returns None, with nothing written, if `placed` has to decide: for a repeat, a decline, a
    refusal and others. `spared.read` is a row of `lines.READ_OF` if one was read ahead;
    `spared.record`, if there is one, is written with the order, and the outcome says so
    (`is_recorded`).
    """
    try:
        order = orders.open_at_once(
            merchant=event.merchant,
            reference=data.order,
            buyer=data.buyer,
            amount=Money(data.amount, money.check_currency(data.currency)),
            instalments=data.instalments,
            buyer_risk=data.buyer_risk or 0,
            at=event.at,
            now=now,
            read=spared.read,
            beside=spared.record,
        )
    except Refused:
        return None
    if order is None:
        return None
    return Outcome(APPLIED.status, row=order, is_recorded=spared.record is not None)


def shipped(event: Event, data: OrderShipped, merchant_id: int, now: datetime) -> Outcome:
    """Record that the order was shipped at the event's instant. The outcome is "applied", or
    "duplicate" if a shipment of the order is on record, which stays as it is, whatever the event's
    instant. Raises UnknownOrder, WrongInstant, and OrderNotOpen for a declined or cancelled order.
    It locks the line, whose ended days are worked off first.
    """
    order, is_new = order_steps.ship(
        merchant_id=merchant_id, reference=data.order, at=event.at, now=now
    )
    return Outcome.of(is_new, order)


def delivered(event: Event, data: OrderDelivered, merchant_id: int, now: datetime) -> Outcome:
    """Record that the order was delivered at the event's instant, from which its due dates
    follow, and notify the merchant of those that have passed unpaid. The outcome is
    "applied", or "duplicate" if a delivery of the order is on record, which stays as it is,
    whatever the event's instant. Raises UnknownOrder, WrongInstant for an instant more than
    5 minutes before the order was placed or after `now`, and OrderNotOpen for a declined or
    cancelled order. It locks the line, whose ended days are worked off first.
    """
    order, is_new = order_steps.deliver(
        merchant_id=merchant_id, reference=data.order, at=event.at, now=now
    )
    return Outcome.of(is_new, order)


def cancelled(event: Event, data: OrderCancelled, merchant_id: int, now: datetime) -> Outcome:
    """Cancel the order, which releases what it holds, for the reason that the event gives; the
    outcome is "applied", or "duplicate" for a repeat. It locks the line. Raises UnknownOrder,
    WrongInstant, OrderNotOpen unless it is open and nothing of it is paid, and OrderConflict if it
    was cancelled before for another reason.
    """
    order, is_new = order_steps.cancel(
        merchant_id=merchant_id,
        reference=data.order,
        reason=data.reason,
        at=event.at,
        now=now,
    )
    return Outcome.of(is_new, order)


def paid(event: Event, data: OrderPaid, merchant_id: int, now: datetime) -> Outcome:
    """Record a buyer's payment for an order, which lowers what is used of the limit and becomes
    proceeds, and may lift a freeze for overdue payments (payments.receive). The outcome is
    "applied", or "duplicate" for a repeat. It locks the line. Raises Unmatched for cash that the
    order cannot take, UnknownOrder, WrongInstant and CurrencyMismatch, after storing it for
    operators; and PaymentConflict, Invalid.
    """
    payment, is_new = payments.receive(
        merchant_id=merchant_id,
        order=data.order,
        reference=data.payment,
        amount=Money(data.amount, money.check_currency(data.currency)),
        at=event.at,
        now=now,
    )
    return Outcome.of(is_new, payment)


def refunded(event: Event, data: OrderRefunded, merchant_id: int, now: datetime) -> Outcome:
    """Record a refund to an order's buyer, which lowers what is outstanding first, then what was
    written off, takes the rest out of proceeds, and may lift a freeze for overdue payments
    (refunds.give). The outcome is "applied", or "duplicate" for a repeat. It locks the line. Raises
    UnknownOrder, WrongInstant and CurrencyMismatch after storing it for operators; and
    OrderNotOpen, RefundTooLarge, RefundConflict, Invalid.
    """
    refund, is_new = refunds.give(
        merchant_id=merchant_id,
        order=data.order,
        reference=data.refund,
        amount=Money(data.amount, money.check_currency(data.currency)),
        at=event.at,
        now=now,
    )
    return Outcome.of(is_new, refund)


def measured(event: Event, data: Metrics, merchant_id: int, now: datetime) -> Outcome:
    """Record the metrics of the shop, as measured at the event's instant, for limit reviews from
    now on. The outcome is "applied", or "duplicate" for a repeat. It locks the line. Raises
    MetricsConflict for other values of the same instant, and Invalid.
    """
    _, is_new = metrics.report(
        merchant_id=merchant_id,
        rating=data.rating,
        listing_quality=data.listing_quality,
        profile_completeness=data.profile_completeness,
        after_sales=data.after_sales,
        at=event.at,
        now=now,
    )
    return Outcome.of(is_new)


def order_brought(event: Event, data: OrderOpening, merchant_id: int, now: datetime) -> Outcome:
    """Open an order that was placed elsewhere and that the merchant brings along, with what was
    paid of it there; what is outstanding counts as used, even above the limit. The outcome is
    "applied", or "duplicate" for a repeat. It locks the line. Raises OrderConflict, HasTraded,
    WrongInstant, CurrencyMismatch, Invalid.
    """
    currency = money.check_currency(data.currency)
    order, is_new = openings.take_order(
        merchant_id=merchant_id,
        reference=data.order,
        buyer=data.buyer,
        amount=Money(data.amount, currency),
        paid=Money(data.paid, currency),
        instalments=data.instalments,
        at=event.at,
        now=now,
    )
    return Outcome.of(is_new, order)


def proceeds_brought(
    event: Event, data: ProceedsOpening, merchant_id: int, now: datetime
) -> Outcome:
    """Add the proceeds that the merchant brings along from elsewhere; the outcome is "applied", or
    "duplicate" for a repeat. Raises Invalid if two parts mature on the same day, OpeningConflict
    for others than were brought before, HasTraded and CurrencyMismatch. It locks the line.
    """
    currency = money.check_currency(data.currency)
    maturing = {day.on: Money(day.amount, currency) for day in data.maturing}
    if len(maturing) < len(data.maturing):
        raise Invalid("maturing", "must have each day once")
    is_new = openings.take_proceeds(
        merchant_id=merchant_id,
        available=Money(data.available, currency),
        maturing=maturing,
        now=now,
    )
    return Outcome.of(is_new)


def _count_orders(outcome: str, currency: str, times: int) -> None:
    """Add `times` to the monitoring counters of orders: to those that were placed, and held limit
    in this currency, if the outcome is "applied"; to those that were declined if it is "declined".
    Other outcomes are not counted.
    """
    if outcome == APPLIED.status:
        counters.ORDERS.labels("placed").inc(times)
        counters.HOLDS.labels(currency).inc(times)
    elif outcome == DECLINED:
        counters.ORDERS.labels("declined").inc(times)


ORDERS = "orders"  # the scope of keys that may tell of orders
MERCHANTS = "merchants"  # of those that may take in merchants
AN_ORDER = {"order": "A-1001"}
CASH = AN_ORDER | {"amount": "129.90", "currency": "USD"}

EVENT_TYPES = (
    EventType(
        "order.placed",
        OrderPlaced,
        placed,
        _count_orders,
        at_once=placed_at_once,
        otherwise=partial(placed, under_lock=True),
        together=together,
        scope=ORDERS,
        summary="A buyer wants to pay later: the order is opened, or recorded as declined.",
        example=CASH | {"buyer": "b-7731", "instalments": 3, "buyer_risk": 1},
    ),
    EventType(
        "order.shipped",
        OrderShipped,
        shipped,
        together=together,
        scope=ORDERS,
        summary="The order has left the shop.",
        example=AN_ORDER,
    ),
    EventType(
        "order.delivered",
        OrderDelivered,
        delivered,
        together=together,
        scope=ORDERS,
        summary="The buyer has the order; its parts fall due from this day.",
        example=AN_ORDER,
    ),
    EventType(
        "order.cancelled",
        OrderCancelled,
        cancelled,
        together=together,
        scope=ORDERS,
        summary="The order is off before anything of it was paid.",
        example=AN_ORDER | {"reason": "The buyer changed their mind."},
    ),
    EventType(
        "order.paid",
        OrderPaid,
        paid,
        together=together,
        scope=ORDERS,
        summary="The buyer has paid, in whole or in part.",
        example=CASH | {"payment": "pay-88213"},
    ),
    EventType(
        "order.refunded",
        OrderRefunded,
        refunded,
        together=together,
        scope=ORDERS,
        summary="The buyer gets back, in whole or in part.",
        example=CASH | {"refund": "ref-5120", "amount": "29.90"},
    ),
    EventType(
        "order.opening",
        OrderOpening,
        order_brought,
        scope=MERCHANTS,
        of_platform=True,
        summary="A merchant that comes from elsewhere brings along an open order.",
        example=CASH | {"order": "A-881", "buyer": "b-19", "instalments": 3, "paid": "43.30"},
    ),
    EventType(
        "proceeds.opening",
        ProceedsOpening,
        proceeds_brought,
        scope=MERCHANTS,
        of_platform=True,
        summary="A merchant that comes from elsewhere brings along its proceeds.",
        example={
            "currency": "USD",
            "available": "310.00",
            "maturing": [{"on": "2026-12-01", "amount": "129.90"}],
        },
    ),
    EventType(
        "shop.metrics",
        Metrics,
        measured,
        together=together,
        scope="metrics",
        of_platform=True,
        summary="How the shop does, as the marketplace measures it; limit reviews take the latest.",
        example={
            "rating": "4.7",
            "listing_quality": 88,
            "profile_completeness": 75,
            "after_sales": 91,
        },
    ),
)


class LineTerms(Terms):
    """The terms on which a merchant's credit line is opened."""

    currency: Currency
    credit_limit: Amount
    payment_days: DAYS = 10
    settlement_days: DAYS

    def check(self) -> None:
        """Raise Invalid unless the settlement days are among those that a line can have."""
        if self.settlement_days not in SETTLEMENT_DAYS:
            raise Invalid("settlement_days", f"must be one of {SETTLEMENT_DAYS}")


def _open(joined: Sequence[tuple[Merchant, LineTerms, datetime]]) -> None:
    """Open the credit lines of these merchants, each on its terms and at its instant. Raises
    Invalid for a currency that is not known, and for a limit below 0 or with more digits than its
    currency; then none is opened.
    """
    lines.open(
        [
            lines.NewLine(
                merchant,
                Money(terms.credit_limit, money.check_currency(terms.currency)),
                terms.payment_days,
                terms.settlement_days,
                now,
            )
            for merchant, terms, now in joined
        ]
    )


OPENING = Opening(
    LineTerms, {"credit_limit": "5000.00", "payment_days": 10, "settlement_days": 7}, _open
)
