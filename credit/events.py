"""The event types of orders and shops, each handed to one operation, and the opening of a
merchant's line.
"""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Annotated

from moneyed import Money
from pydantic import BeforeValidator, Field

from credit.operations import (
    lines,
    metrics,
    openings,
    order_batches,
    order_steps,
    orders,
    payments,
    refunds,
)
from credit.rules import MOST_INSTALMENTS, MOST_PAYMENT_DAYS, SETTLEMENT_DAYS
from lib import counters, money
from lib.events import (
    APPLIED,
    Amount,
    Currency,
    Data,
    Day,
    Event,
    EventType,
    Held,
    Outcome,
    Reference,
    Spared,
    Words,
)
from lib.refusals import Invalid, Refused
from merchants.events import Opening, Terms
from merchants.models import Merchant

DAYS = Annotated[int, Field(strict=True, ge=0, le=MOST_PAYMENT_DAYS)]
MOST_DAYS = 400  # on which proceeds that are brought along mature
DECLINED = "declined"


def _as_written(value: object) -> object:
    """Turn a float of the JSON into the text that it was written as, so that 4.6 becomes exactly
    that Decimal. Other values stay as they are; a boolean raises ValueError.
    """
    if isinstance(value, bool):
        raise ValueError("must be a number or a decimal string")
    return repr(value) if isinstance(value, float) else value


Mark = Annotated[Decimal, BeforeValidator(_as_written), Field(allow_inf_nan=False)]


class OrderPlaced(Data):
    """A buyer's order that is to be paid later; its instalments fall due 30 days apart."""

    order: Reference
    buyer: Reference
    amount: Amount
    currency: Currency
    instalments: Annotated[int, Field(strict=True, ge=1, le=MOST_INSTALMENTS)] = 1
    # 0 and none: not known; 1 low, 2 medium, 3 high, which is declined
    buyer_risk: Annotated[int, Field(strict=True, ge=0, le=3)] | None = None


class OrderOpening(Data):
    """An open order that a merchant brings along from elsewhere. `paid` is the part of its amount
    that the buyer paid there.
    """

    order: Reference
    buyer: Reference
    amount: Amount
    currency: Currency
    instalments: Annotated[int, Field(strict=True, ge=1, le=MOST_INSTALMENTS)] = 1
    paid: Amount = Decimal(0)


class Maturing(Data):
    """The amount of proceeds that matures on one local day."""

    on: Day
    amount: Amount


class ProceedsOpening(Data):
    """The proceeds that a merchant brings along: what it could withdraw already (negative if it
    owed something), and what matures later.
    """

    currency: Currency
    available: Amount = Decimal(0)
    maturing: Annotated[tuple[Maturing, ...], Field(max_length=MOST_DAYS)] = ()


class OrderNamed(Data):
    """The reference of an order."""

    order: Reference


class Cancellation(Data):
    """Why an order is cancelled; may be empty."""

    reason: Words = ""


class OrderCancelled(Cancellation, OrderNamed):
    """The reference of an order, and why it is cancelled."""


class Paid(Data):
    """Cash from a buyer: `payment` is the payment's own reference."""

    payment: Reference
    amount: Amount
    currency: Currency


class OrderPaid(Paid, OrderNamed):
    """A buyer's cash for an order: `payment` is the payment's own reference."""


class Refunded(Data):
    """Money that goes back to a buyer: `refund` is the refund's own reference."""

    refund: Reference
    amount: Amount
    currency: Currency


class OrderRefunded(Refunded, OrderNamed):
    """Money that goes back to the buyer of an order: `refund` is the refund's own reference."""


class Metrics(Data):
    """The figures that the platform measured of a shop: a rating of 0 to 5, and three marks of 0 to
    100.
    """

    rating: Mark
    listing_quality: Mark
    profile_completeness: Mark
    after_sales: Mark


def placed(
    event: Event, data: OrderPlaced, merchant_id: int, now: datetime, *, under_lock: bool = False
) -> Outcome:
    """Open the order, or record that it was declined. The outcome of a new declined order is
    "declined", with the reason.

    `under_lock` is for orders that `placed_at_once` could not open: they take the line's lock.
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
    if is_new and order.is_declined:
        why = order.get_decline_code_display()
        return Outcome(DECLINED, str(order.decline_code), why, row=order)
    return Outcome.of(is_new, order)


def placed_at_once(
    event: Event, data: OrderPlaced, now: datetime, spared: Spared
) -> Outcome | None:
    """Open the order, as most can be, by the merchant's reference alone; None for all others. What
    is read for it ahead is a row of `lines.READ_OF`.
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


def shipped(event: Event, data: OrderNamed, merchant_id: int, now: datetime) -> Outcome:
    """Note that the order was shipped."""
    order, is_new = order_steps.ship(
        merchant_id=merchant_id, reference=data.order, at=event.at, now=now
    )
    return Outcome.of(is_new, order)


def delivered(event: Event, data: OrderNamed, merchant_id: int, now: datetime) -> Outcome:
    """Note that the order was delivered, from which its due dates follow."""
    order, is_new = order_steps.deliver(
        merchant_id=merchant_id, reference=data.order, at=event.at, now=now
    )
    return Outcome.of(is_new, order)


def cancelled(event: Event, data: OrderCancelled, merchant_id: int, now: datetime) -> Outcome:
    """Cancel the order."""
    order, is_new = order_steps.cancel(
        merchant_id=merchant_id,
        reference=data.order,
        reason=data.reason,
        at=event.at,
        now=now,
    )
    return Outcome.of(is_new, order)


def paid(event: Event, data: OrderPaid, merchant_id: int, now: datetime) -> Outcome:
    """Record a buyer's payment for an order."""
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
    """Record a refund to an order's buyer."""
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
    """Record the metrics of the shop."""
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
    """Open an order that the merchant brings along from elsewhere."""
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
    """Add the proceeds that the merchant brings along from elsewhere. Raises Invalid if two parts
    mature on the same day.
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


def together(held: Sequence[Held]) -> list[Outcome]:
    """Apply events of orders and metrics in the order given, with the outcome of one by one."""
    steps = [
        order_batches.Step(one.merchant_id, _step_of(one), one.now, one.apply_by_itself)
        for one in held
    ]
    return [_outcome(taken) for taken in order_batches.take(steps)]


def _step_of(held: Held) -> order_batches.What | None:
    """What is to be taken of the event together with others; None if it is to be applied alone."""
    at = held.event.at
    try:
        match held.data:
            case OrderPlaced() as data:
                amount = Money(data.amount, money.check_currency(data.currency))
                risk = data.buyer_risk or 0
                terms = orders.Terms(data.order, data.buyer, amount, data.instalments, risk)
                return order_batches.Placing(terms, at)
            case OrderPaid() as data:
                amount = Money(data.amount, money.check_currency(data.currency))
                return order_batches.Cash(data.order, data.payment, amount, at)
            case Metrics() as data:
                return order_batches.Measured(dict(data), at)
            case OrderNamed() as data if held.type.apply is shipped:
                return order_batches.Shipment(data.order, at)
            case OrderNamed() as data if held.type.apply is delivered:
                return order_batches.Delivery(data.order, at)
    except Refused:
        pass  # alone, it is said why
    return None


def _outcome(taken: order_batches.Done | Outcome | Refused) -> Outcome:
    match taken:
        case order_batches.Done(row, is_new):
            return Outcome.of(is_new, row)
        case Refused():
            return Outcome.rejected(taken)
    return taken


def _count_orders(outcome: str, currency: str, times: int) -> None:
    """Count `times` placed or declined orders in the metrics. Other outcomes are not counted."""
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
        OrderNamed,
        shipped,
        together=together,
        scope=ORDERS,
        summary="The order has left the shop.",
        example=AN_ORDER,
    ),
    EventType(
        "order.delivered",
        OrderNamed,
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


def _open(merchant: Merchant, terms: LineTerms, now: datetime) -> None:
    """Open the merchant's credit line on these terms."""
    lines.open(
        merchant=merchant,
        limit=Money(terms.credit_limit, money.check_currency(terms.currency)),
        payment_days=terms.payment_days,
        settlement_days=terms.settlement_days,
        now=now,
    )


OPENING = Opening(
    LineTerms, {"credit_limit": "5000.00", "payment_days": 10, "settlement_days": 7}, _open
)
