"""UNMATCHED cash and how it was settled. Nothing here writes."""

from collections.abc import Sequence

from django.db.models import QuerySet

from credit.models import CreditLine, Order, OrderPayment


def of_line(line: CreditLine) -> QuerySet[OrderPayment]:
    """The merchant's UNMATCHED cash with its settlements, whether or not all is settled, latest
    first.
    """
    return _with_settlements(OrderPayment.objects.filter(line=line)).order_by("-pk")


def of_order(order: Order) -> Sequence[OrderPayment]:
    """The UNMATCHED cash that came for this order with its settlements, oldest first."""
    return list(_with_settlements(order.payments.all()).order_by("pk"))


def _with_settlements(payments: QuerySet[OrderPayment]) -> QuerySet[OrderPayment]:
    """Those of the payments that are UNMATCHED, with their settlements and orders."""
    return (
        payments.filter(status=OrderPayment.Status.UNMATCHED)
        .select_related("order")
        .prefetch_related("settlements__order")
    )
