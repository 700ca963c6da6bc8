"""The event types of orders and shops, each handed to one operation, and the opening of a
merchant's line.
"""

from datetime import datetime
from decimal import Decimal
from typing import Annotated

from moneyed import Money
from pydantic import BeforeValidator, Field

from credit.operations import lines, metrics, orders, payments, refunds
from lib import counters, money
from lib.events import (
    APPLIED,
    Amount,
    Currency,
    Data,
    Event,
    EventType,
    Outcome,
    Reference,
    Words,
    read,
)
from lib.refusals import Invalid
from merchants.events import Opening, Terms
from merchants.models import Merchant

DAYS = Annotated[int, Field(strict=True, ge=0, le=366)]
SETTLEMENT_DAYS = (0, 7, 15)
DECLINED = "declined"


def _as_written(value: object) -> object:
    """Turn a float of the JSON into the text that it was written as, so that 4.6 becomes exactly
    that Decimal. Refuses booleans.
    """
    if isinstance(value, bool):
        raise ValueError("must be a number or a decimal string")
    return repr(value) if isinstance(value, float) else value


Mark = Annotated[Decimal, BeforeValidator(_as_written), Field(allow_inf_nan=False)]


class OrderPlaced(Data):
    order: Reference
    buyer: Reference
    amount: Amount
    currency: Currency
    instalments: Annotated[int, Field(strict=True, ge=1)] = 1
    buyer_risk: Annotated[int, Field(strict=True, ge=0, le=3)] | None = None  # not known


class OrderNamed(Data):
    order: Reference


class OrderCancelled(OrderNamed):
    reason: Words = ""


class OrderPaid(OrderNamed):
    payment: Reference
    amount: Amount
    currency: Currency


class OrderRefunded(OrderNamed):
    refund: Reference
    amount: Amount
    currency: Currency


class Metrics(Data):
    rating: Mark
    listing_quality: Mark
    profile_completeness: Mark
    after_sales: Mark


def placed(event: Event, merchant_id: int, now: datetime) -> Outcome:
    data = read(OrderPlaced, event)
    order, is_new = orders.place(
        merchant_id=merchant_id,
        reference=data.order,
        buyer=data.buyer,
        amount=Money(data.amount, money.check_currency(data.currency)),
        instalments=data.instalments,
        buyer_risk=data.buyer_risk or 0,
        at=event.at,
        now=now,
    )
    if is_new and order.is_declined:
        return Outcome(DECLINED, str(order.decline_code), order.get_decline_code_display())
    return Outcome.of(is_new)


def shipped(event: Event, merchant_id: int, now: datetime) -> Outcome:
    data = read(OrderNamed, event)
    _, is_new = orders.ship(merchant_id=merchant_id, reference=data.order, at=event.at, now=now)
    return Outcome.of(is_new)


def delivered(event: Event, merchant_id: int, now: datetime) -> Outcome:
    data = read(OrderNamed, event)
    _, is_new = orders.deliver(merchant_id=merchant_id, reference=data.order, at=event.at, now=now)
    return Outcome.of(is_new)


def cancelled(event: Event, merchant_id: int, now: datetime) -> Outcome:
    data = read(OrderCancelled, event)
    _, is_new = orders.cancel(
        merchant_id=merchant_id,
        reference=data.order,
        reason=data.reason,
        at=event.at,
        now=now,
    )
    return Outcome.of(is_new)


def paid(event: Event, merchant_id: int, now: datetime) -> Outcome:
    data = read(OrderPaid, event)
    _, is_new = payments.receive(
        merchant_id=merchant_id,
        order=data.order,
        reference=data.payment,
        amount=Money(data.amount, money.check_currency(data.currency)),
        at=event.at,
        now=now,
    )
    return Outcome.of(is_new)


def refunded(event: Event, merchant_id: int, now: datetime) -> Outcome:
    data = read(OrderRefunded, event)
    _, is_new = refunds.give(
        merchant_id=merchant_id,
        order=data.order,
        reference=data.refund,
        amount=Money(data.amount, money.check_currency(data.currency)),
        at=event.at,
        now=now,
    )
    return Outcome.of(is_new)


def measured(event: Event, merchant_id: int, now: datetime) -> Outcome:
    data = read(Metrics, event)
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


def _count_orders(outcome: str, currency: str, times: int) -> None:
    if outcome == APPLIED.status:
        counters.ORDERS.labels("placed").inc(times)
        counters.HOLDS.labels(currency).inc(times)
    elif outcome == DECLINED:
        counters.ORDERS.labels("declined").inc(times)


EVENT_TYPES = (
    EventType("order.placed", placed, _count_orders),
    EventType("order.shipped", shipped),
    EventType("order.delivered", delivered),
    EventType("order.cancelled", cancelled),
    EventType("order.paid", paid),
    EventType("order.refunded", refunded),
    EventType("shop.metrics", measured),
)


class LineTerms(Terms):
    currency: Currency
    credit_limit: Amount
    payment_days: DAYS = 10
    settlement_days: DAYS

    def check(self) -> None:
        if self.settlement_days not in SETTLEMENT_DAYS:
            raise Invalid("settlement_days", f"must be one of {SETTLEMENT_DAYS}")


def _open(merchant: Merchant, terms: LineTerms, now: datetime) -> None:
    lines.open(
        merchant=merchant,
        limit=Money(terms.credit_limit, money.check_currency(terms.currency)),
        payment_days=terms.payment_days,
        settlement_days=terms.settlement_days,
        now=now,
    )


OPENING = Opening(LineTerms, _open)
