"""The kinds of credit's rows that operators and merchants can search."""

from datetime import date
from operator import attrgetter
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from backoffice.finders import MOST, Unique, Within
from credit.models import CreditLine, Order, OrderPayment, OrderRefund, RefusedCash, Withdrawal
from credit.queries import orders, withdrawals
from lib import search
from lib.search import Kind, Own, of_amount, of_name, status


def register() -> None:
    """Register credit's kinds for the operators' search and the merchants'. Called once, when a
    program starts.
    """
    search.KINDS.register(*KINDS)


def _orders_of(merchant: Any, text: str, today: date) -> Any:
    """The merchant's orders that `text` finds: a few that have it in their reference or their
    buyer's name or, if it is a figure, are of this amount, and the latest order of each of the
    first few buyers, by name, whose names have it. Those whose reference begins with it come first,
    and within each the newest.
    """
    found = _found(merchant.credit_line, text, today)
    # The sort is stable: among these the newest come first, as they were read.
    return sorted(found, key=lambda order: not search.begins(text, order.reference))


def _buyers_of(merchant: Any, text: str, today: date) -> Any:
    """The latest order of each of the merchant's buyers who have `text` in their names, by name: of
    a few buyers at most.
    """
    latest: dict[str, Order] = {}
    for order in _found(merchant.credit_line, text, today):
        if search.is_in(text, order.buyer):
            latest.setdefault(order.buyer, order)
    return [latest[name] for name in sorted(latest)]


def _found(line: CreditLine, text: str, today: date) -> list[Order]:
    """The few orders that `_orders_of` looks for, and the latest order of each of the first few
    buyers by name who have the text in their names: newest first, by one query. The result is
    remembered with the line, for both functions that use it.
    """
    kept: dict[str, list[Order]] = line.__dict__.setdefault("found_orders", {})
    if text not in kept:
        own = Order.objects.of_merchant(line.pk)
        others = of_name(text, "reference", "buyer") | of_amount(text, "amount")
        few = own.filter(reference__in=search.few(own, text, "reference", others)).values("pk")
        names = own.filter(of_name(text, "buyer")).order_by("buyer").values("buyer").distinct()
        theirs = own.filter(buyer__in=names[: search.MOST])
        latest = theirs.order_by("buyer", "-placed_at", "-pk").distinct("buyer").values("pk")
        found = orders.of_line(line, today=today, by="-placed_at")
        kept[text] = list(found.filter(pk__in=few.union(latest, all=True)))
    return kept[text]


def _withdrawals_of(merchant: Any, text: str, today: date) -> Any:
    # Newest first, in the order of the line's own index: references are unique among all lines.
    """The merchant's withdrawals that have `text` in their reference or, if it is a figure, are of
    this amount, newest first.
    """
    found = withdrawals.of_line(merchant.credit_line)
    return found.filter(of_name(text, "reference") | of_amount(text, "amount"))


def _refunds_of(merchant: Any, text: str, today: date) -> Any:
    """The merchant's refunds that have `text` in their reference, latest first: at most a few, of
    which those whose reference starts with it are found before others.
    """
    own = OrderRefund.objects.filter(line=merchant.credit_line)
    names = search.few(own, text, "reference", of_name(text, "reference"))
    found = own.filter(reference__in=names).select_related("order")
    return found.order_by("-arrived_at", "-pk")


def _standing_of_order(order: Order) -> tuple[str, str]:
    """The status of an order that `with_is_overdue` gave, and its label, as lists show them."""
    if order.is_overdue:  # type: ignore[attr-defined]  # an annotation
        return orders.OVERDUE, gettext("Overdue")
    return status(order)


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
            listed=lambda merchant, text: (
                f"{reverse('credit:orders', args=[merchant])}?{urlencode({'reference': text})}"
            ),
            status=_standing_of_order,
        ),
    ),
    Kind(
        label="Payment of an order",
        model=OrderPayment,
        merchant="line__merchant",
        operators=Within(90, "line"),
    ),
    Kind(
        label=_("Refund"),
        model=OrderRefund,
        merchant="line__merchant",
        own=Own(
            place=55,
            rows=_refunds_of,
            page=lambda one, merchant: reverse(
                "credit:order", args=[merchant, one.order.reference]
            ),
            on=lambda one: timezone.localdate(one.arrived_at),
            name=attrgetter("reference"),
            amount="amount",
        ),
    ),
    Kind(
        label="Refund of an order",
        model=OrderRefund,
        merchant="line__merchant",
        operators=Within(100, "line"),
    ),
    Kind(
        label=_("Buyer"),
        model=Order,
        merchant="line__merchant",
        own=Own(
            place=15,
            rows=_buyers_of,
            page=lambda one, merchant: reverse("credit:buyer", args=[merchant, one.buyer]),
            on=lambda one: timezone.localdate(one.placed_at),
            name=attrgetter("buyer"),
        ),
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
