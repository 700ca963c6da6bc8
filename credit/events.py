"""Events about orders and shops, each mapped to one operation."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated

from moneyed import Money
from pydantic import BeforeValidator, Field

from credit.operations import metrics, orders, payments, refunds
from lib import money
from lib.events import Amount, Currency, Data, Event, Handler, Outcome, Reference, Words, read


def _as_written(value: object) -> object:
    """Marks are no money, and come as JSON numbers or decimal strings: 4.6 is exactly that."""
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
        return Outcome("declined", str(order.decline_code), order.get_decline_code_display())
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


HANDLERS: dict[str, Handler] = {
    "order.placed": placed,
    "order.shipped": shipped,
    "order.delivered": delivered,
    "order.cancelled": cancelled,
    "order.paid": paid,
    "order.refunded": refunded,
    "shop.metrics": measured,
}
