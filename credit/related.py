"""What other books know of an order. They register how they find it when the programs start; the
order's page shows it.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from django_stubs_ext import StrOrPromise
from moneyed import Money

from credit.models import CreditLine, Order
from lib import money
from lib.registry import Registry


@dataclass(frozen=True)
class Related:
    """A page about the same order, and the amount that it has of it; or such an amount without a
    page of its own, with neither name nor address.
    """

    label: StrOrPromise
    name: str  # what leads there
    address: str
    amount: Money
    is_cost: bool = False  # whether the order's net is so much less


@dataclass(frozen=True)
class Finder:
    """Finds what a book has of an order of the line's merchant."""

    place: int
    find: Callable[[CreditLine, Order], Iterable[Related]]


FINDERS: Registry[Finder] = Registry()


def of_order(line: CreditLine, order: Order) -> list[Related]:
    """What all books have of the order, by their places. Rule 10.24."""
    return [one for finder in FINDERS for one in finder.find(line, order)]


def net(order: Order, found: Iterable[Related]) -> Money | None:
    """What the order leaves its merchant: what was ordered, less refunds, what was written off for
    good, and its costs among those `found`. None for an order that was declined or cancelled, and
    where a cost is in another currency.
    """
    costs = [one.amount for one in found if one.is_cost]
    is_void = order.status in (Order.Status.DECLINED, Order.Status.CANCELLED)
    if is_void or any(cost.currency.code != order.currency for cost in costs):
        return None
    return order.left_of_it - money.total(costs, order.currency)
