"""The kinds of credit's rows that operators and merchants can search."""

from datetime import date
from operator import attrgetter
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from backoffice.finders import MOST, Unique, Within
from credit.models import Order, OrderPayment, OrderRefund, RefusedCash, Withdrawal
from credit.queries import orders, withdrawals
from lib import search
from lib.search import Kind, Own, of_amount, of_name, status


def register() -> None:
    """Register credit's kinds for both searches. Called once, when a program starts."""
    search.KINDS.register(*KINDS)


def _orders_of(merchant: Any, text: str, today: date) -> Any:
    """The merchant's orders that have `text` in their reference or their buyer's name, or that are
    of this amount, newest first. Only a few are found; those whose reference starts with it are
    found before others.
    """
    line = merchant.credit_line
    others = of_name(text, "reference", "buyer") | of_amount(text, "amount")
    names = search.few(Order.objects.of_merchant(line.pk), text, "reference", others)
    return orders.of_line(line, today=today, by="-placed_at").filter(reference__in=names)


def _withdrawals_of(merchant: Any, text: str, today: date) -> Any:
    # Newest first, in the order of the line's own index: references are unique among all lines.
    """The merchant's withdrawals that have `text` in their reference or are of this amount, newest
    first.
    """
    found = withdrawals.of_line(merchant.credit_line)
    return found.filter(of_name(text, "reference") | of_amount(text, "amount"))


KINDS = (
    Kind(
        label=_("Order"),
        model=Order,
        merchant="line__merchant",
        operators=Within(80, "line"),
        own=Own(
            place=10,
            rows=_orders_of,
            page=lambda order, merchant: reverse("credit:order", args=[merchant, order.reference]),
            on=lambda order: timezone.localdate(order.placed_at),
            name=attrgetter("reference"),
            amount="amount",
            status=status,
        ),
    ),
    Kind(
        label="Payment of an order",
        model=OrderPayment,
        merchant="line__merchant",
        operators=Within(90, "line"),
    ),
    Kind(
        label="Refund of an order",
        model=OrderRefund,
        merchant="line__merchant",
        operators=Within(100, "line"),
    ),
    Kind(
        label="Refused cash",
        model=RefusedCash,
        merchant="line__merchant",
        operators=Within(110, "line", most=MOST),
    ),
    Kind(
        label=_("Withdrawal"),
        model=Withdrawal,
        merchant="line__merchant",
        operators=Unique(40, ["reference", "provider_reference", "batch"]),
        own=Own(
            place=50,
            rows=_withdrawals_of,
            page=lambda one, merchant: reverse("credit:withdrawal", args=[merchant, one.reference]),
            on=lambda one: timezone.localdate(one.requested_at),
            name=attrgetter("reference"),
            amount="amount",
            status=status,
        ),
    ),
)
