"""UNMATCHED cash and how it was settled. Nothing here writes."""

from collections.abc import Sequence

from django.db.models import Case, F, QuerySet, When

from credit.models import CreditLine, Order, OrderPayment


def of_line(line: CreditLine) -> QuerySet[OrderPayment]:
    """The merchant's UNMATCHED cash with its settlements: first what is not settled yet, then what
    is, and within both the latest first.
    """
    found = OrderPayment.objects.filter(line=line, status=OrderPayment.Status.UNMATCHED)
    found = found.select_related("order").prefetch_related("settlements__order")
    return found.order_by(Case(When(settled__lt=F("amount"), then=0), default=1), "-pk")


def not_applied(order: Order) -> Sequence[OrderPayment]:
    """The cash that came for this order and did not lower what it holds, oldest first: UNMATCHED
    with its settlements, and recovered.
    """
    found = order.payments.exclude(status=OrderPayment.Status.APPLIED)
    return list(found.prefetch_related("settlements__order").order_by("pk"))
