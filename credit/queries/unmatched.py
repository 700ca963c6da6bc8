"""UNMATCHED cash and how it was settled. Nothing here writes."""

from collections.abc import Sequence

from django.db.models import QuerySet

from credit.models import CreditLine, Order, OrderPayment


def of_line(line: CreditLine) -> QuerySet[OrderPayment]:
    """The merchant's UNMATCHED cash, settled or not, latest first, with its settlements."""
    return _with_settlements(OrderPayment.objects.filter(line=line)).order_by("-pk")


def of_order(order: Order) -> Sequence[OrderPayment]:
    """The UNMATCHED cash that came for this order, oldest first, with its settlements."""
    return list(_with_settlements(order.payments.all()).order_by("pk"))


def _with_settlements(payments: QuerySet[OrderPayment]) -> QuerySet[OrderPayment]:
    return (
        payments.filter(status=OrderPayment.Status.UNMATCHED)
        .select_related("order")
        .prefetch_related("settlements__order")
    )
