"""Which one an act is about: its place among those that it could be about, or a reference."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeVar

from .invoices import Invoice
from .orders import Order
from .refusals import Refused

if TYPE_CHECKING:
    from .model import Merchant

UNPAID = ("OPEN", "UNCOLLECTIBLE")
T = TypeVar("T")


def one_of(found: Sequence[T], which: int) -> T:
    """The one at this place, going round. Raises Refused if there is none."""
    if not found:
        raise Refused("none")
    return found[which % len(found)]


def invoice_of(owner: "Merchant", which: int, statuses: Sequence[str]) -> Invoice:
    """The `which`-th of the merchant's bills with these statuses. Raises Refused."""
    return one_of([one for one in owner.account.invoices if one.status in statuses], which)


def order_of(owner: "Merchant", reference: str) -> Order:
    """The merchant's order. Raises Refused."""
    found = owner.line.orders.get(reference)
    if found is None:
        raise Refused("none")
    return found
