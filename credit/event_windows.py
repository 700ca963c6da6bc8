"""Applies a window of events of orders and shops together, in fewer statements than one by one.

Each event becomes a step of `credit.operations.order_batches`; what cannot be one is applied alone.
"""

from collections.abc import Sequence

from moneyed import Money

from credit.event_data import Metrics, OrderDelivered, OrderPaid, OrderPlaced, OrderShipped
from credit.models import Order
from credit.operations import order_batches, orders
from lib import money
from lib.events import Held, Outcome
from lib.refusals import Refused

DECLINED = "declined"


def together(held: Sequence[Held]) -> list[Outcome]:
    """Apply these events of orders and metrics in the order given, in few statements and one
    transaction. Returns for each the outcome that it would have if they were applied one by one. A
    refusal does not hold up the others; any other error is raised, and undoes all of them.
    """
    steps = [
        order_batches.Step(one.merchant_id, _step_of(one), one.now, one.apply_by_itself)
        for one in held
    ]
    return [_outcome(taken) for taken in order_batches.take(steps)]


def _step_of(held: Held) -> order_batches.What | None:
    """The event's content as order_batches takes it together with others. None for an event that
    has to be applied alone: one of another type, or in a currency that is not known, which is
    refused then.
    """
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
            case OrderShipped() as data:
                return order_batches.Shipment(data.order, at)
            case OrderDelivered() as data:
                return order_batches.Delivery(data.order, at)
    except Refused:
        pass  # alone, it is said why
    return None


def of_order(order: Order, *, is_new: bool) -> Outcome:
    """The outcome of an event that placed the order, or told of a later step of it: "applied", or
    "duplicate" unless it `is_new`. That of a new declined order is "declined", with the reason.
    """
    if is_new and order.is_declined:
        why = order.get_decline_code_display()
        return Outcome(DECLINED, str(order.decline_code), why, row=order)
    return Outcome.of(is_new, order)


def _outcome(taken: order_batches.Done | Outcome | Refused) -> Outcome:
    """The event's outcome, from what order_batches returned for its step."""
    match taken:
        case order_batches.Done(Order() as order, is_new):
            return of_order(order, is_new=is_new)
        case order_batches.Done(row, is_new):
            return Outcome.of(is_new, row)
        case Refused():
            return Outcome.rejected(taken)
    return taken
