"""Reads a line's orders. Nothing here writes."""

from collections.abc import Sequence
from datetime import date

from credit.models import CreditLine, Order
from credit.models.orders import OrderQuerySet
from lib import paging
from merchants.models import Merchant

OVERDUE = "OVERDUE"  # asked for like a status: open orders with an unpaid part past its due date


def of_line(
    line: CreditLine,
    *,
    today: date,
    standing: str = "",
    reference: str = "",
    buyer: str = "",
    by: str = "-placed_at",
) -> OrderQuerySet:
    """The line's orders, sorted by the column `by`, each annotated with `is_overdue` on local day
    `today`. A filter that is "" is not applied.

    `standing` is a status or OVERDUE, `reference` how the order's reference starts, and `buyer` the
    exact name. If sorted by `due_on`, orders without a due date come last.
    """
    found = _orders(line).with_is_overdue(today)
    if standing == OVERDUE:
        found = found.overdue(today)
    elif standing:
        found = found.filter(status=standing)
    if buyer:
        found = found.filter(buyer=buyer)
    if reference:
        found = found.filter(reference__startswith=reference)
    return paging.ordered(found, by)


def due_next(line: CreditLine, *, today: date, most: int) -> Sequence[Order]:
    """The open orders that fall due next, soonest first, at most `most` of them. Overdue orders are
    left out.
    """
    due = _orders(line).with_is_overdue(today).open().filter(due_on__gte=today)
    return list(due.order_by("due_on", "pk")[:most])


def by_reference(line: CreditLine, reference: str, *, today: date) -> Order | None:
    """The line's order with this reference, annotated with `is_overdue` on local day `today`, or
    None.
    """
    return _orders(line).with_is_overdue(today).filter(reference=reference).first()


def exists(merchant: Merchant, reference: str) -> bool:
    """Whether the merchant has an order with this reference."""
    return Order.objects.of_merchant(merchant.pk).filter(reference=reference).exists()


def _orders(line: CreditLine) -> OrderQuerySet:
    """The line's orders, whatever their status."""
    return Order.objects.of_merchant(line.pk)
