"""Reads a line's orders. Nothing here writes."""

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal

from django.db.models import Case, DecimalField, F, Q, Value, When

from credit.models import CreditLine, Order
from credit.models.orders import OrderQuerySet
from lib import paging, search
from merchants.models import Merchant

# Asked for like a status: open orders with an unpaid part past its due date, all that were neither
# declined nor cancelled, and all that were.
OVERDUE, SOLD, NOT_SOLD = "OVERDUE", "SOLD", "NOT_SOLD"
UNSOLD = (Order.Status.DECLINED, Order.Status.CANCELLED)


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

    `standing` is a status, OVERDUE, SOLD or NOT_SOLD, `reference` stands somewhere in the order's
    reference, in any case, and `buyer` is the exact name. If sorted by `due_on`, orders without a
    due date come last.
    """
    found = search.anywhere(_orders(line), reference, "reference").with_is_overdue(today)
    if standing == OVERDUE:
        found = found.overdue(today)
    elif standing == SOLD:
        found = found.exclude(status__in=UNSOLD)
    elif standing == NOT_SOLD:
        found = found.filter(status__in=UNSOLD)
    elif standing:
        found = found.filter(status=standing)
    if buyer:
        found = found.filter(buyer=buyer)
    return paging.ordered(found, by)


def with_sold(found: OrderQuerySet) -> OrderQuerySet:
    """The orders, each annotated with its amount as `sold`, or as `not_sold` if it was declined or
    cancelled; the other one of the two is 0. Rule 23.18.
    """
    is_unsold, amount, nothing = Q(status__in=UNSOLD), F("amount"), Value(Decimal(0))
    return found.annotate(
        sold=Case(When(is_unsold, then=nothing), default=amount, output_field=DecimalField()),
        not_sold=Case(When(is_unsold, then=amount), default=nothing, output_field=DecimalField()),
    )


def due_next(line: CreditLine, *, today: date, most: int) -> Sequence[Order]:
    """The open orders that fall due next, soonest first, at most `most` of them. Orders that are
    overdue, or not delivered yet, are left out.
    """
    due = _orders(line).with_is_overdue(today).open().filter(due_on__gte=today)
    return list(due.order_by("due_on", "pk")[:most])


def by_reference(line: CreditLine, reference: str, *, today: date) -> Order | None:
    """The line's order with this reference, annotated with `is_overdue` on local day `today`, or
    None.
    """
    return _orders(line).with_is_overdue(today).filter(reference=reference).first()


def named(merchant: Merchant, reference: str) -> Order | None:
    """The merchant's order with this reference, or None."""
    return Order.objects.of_merchant(merchant.pk).filter(reference=reference).first()


def existing(merchant: Merchant, references: Iterable[str]) -> set[str]:
    """Those of the references that orders of the merchant have."""
    found = Order.objects.of_merchant(merchant.pk).filter(reference__in=references)
    return set(found.values_list("reference", flat=True))


def _orders(line: CreditLine) -> OrderQuerySet:
    """The line's orders, whatever their status."""
    return Order.objects.of_merchant(line.pk)
