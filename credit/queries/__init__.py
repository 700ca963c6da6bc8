"""Questions about credit lines and their orders. Nothing here writes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise
from moneyed import Money

from credit.models import CreditLine, Order, OrderPayment
from credit.models.orders import OrderQuerySet
from lib import paging, prepared
from merchants.models import Merchant

OVERDUE = "OVERDUE"  # asked for like a status: open orders with an unpaid part past its due date


def lines_with_a_day_to_work_off(now: datetime) -> Sequence[int]:
    """The ids of the lines whose open day has ended by `now`."""
    return list(
        CreditLine.objects.filter(open_until__lte=now).order_by("pk").values_list("pk", flat=True)
    )


DAY_ENDS_FROM = "SELECT min(open_until) FROM credit_creditline"


def day_ends_from() -> datetime | None:
    """The instant at which the next of all lines has a day to work off; None without any."""
    row = prepared.row(DAY_ENDS_FROM, ())
    return row[0] if row else None


def line_of(merchant: Merchant) -> CreditLine | None:
    return CreditLine.objects.filter(merchant=merchant).first()


def orders(
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

    `standing` is a status or OVERDUE, and `reference` is how the reference starts. If sorted by
    `due_on`, orders without a due date come last.
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


def order(line: CreditLine, reference: str, *, today: date) -> Order | None:
    """The line's order with this reference, annotated with `is_overdue` on local day `today`, or
    None.
    """
    return _orders(line).with_is_overdue(today).filter(reference=reference).first()


def has_order(merchant: Merchant, reference: str) -> bool:
    """Whether the merchant has an order with this reference."""
    return Order.objects.of_merchant(merchant.pk).filter(reference=reference).exists()


def _orders(line: CreditLine) -> OrderQuerySet:
    return Order.objects.of_merchant(line.pk)


@dataclass(frozen=True)
class Step:
    """Something that happened to an order. `held` is the amount by which it changed what is used of
    the limit, if it did.
    """

    at: datetime
    what: StrOrPromise
    amount: Money | None = None
    held: Money | None = None
    note: StrOrPromise = ""


def timeline(order: Order) -> list[Step]:
    """What happened to an order, oldest first: its entries, payments that are no entry, refunds out
    of proceeds and of what was written off, its decline, shipping and delivery.
    """
    steps = [
        Step(
            entry.at,
            entry.get_kind_display(),
            amount=abs(entry.used_change),
            held=entry.used_change,
            note=entry.told,
        )
        for entry in order.limitentry_set.order_by("pk")
    ]
    steps += [
        Step(payment.at, payment.get_status_display(), amount=payment.amount)
        for payment in order.payments.exclude(status=OrderPayment.Status.APPLIED).order_by("pk")
    ]
    # A refund's part from what was outstanding is an entry above; the rest changes no limit.
    for refund in order.refunds.order_by("pk"):
        rest = (
            (_("Refunded out of your proceeds"), refund.from_proceeds),
            (_("Refunded of what was written off"), refund.from_written_off),
        )
        steps += [Step(refund.at, what, amount=amount) for what, amount in rest if amount]
    if order.is_declined:
        reason = order.get_decline_code_display()
        steps.append(Step(order.placed_at, _("Declined"), amount=order.amount, note=reason))
    if order.shipped_at:
        steps.append(Step(order.shipped_at, _("Shipped")))
    if order.delivered_at:
        steps.append(Step(order.delivered_at, _("Delivered")))
    return sorted(steps, key=lambda step: step.at)
