"""What a merchant's buyers got back, and what they cancelled (rule 8.25). Nothing here writes.

A refund carries no reason: what is known of it is how far its order had come (sales.Stage), and
whose it is. A cancellation has the reason that the platform told.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from django.db.models import Case, CharField, Count, F, QuerySet, Sum, Value, When
from moneyed import Money

from credit.models import CreditLine, Order, OrderRefund
from credit.models.orders import OrderQuerySet
from credit.queries.sales import Stage
from lib import calendar, money

MOST = 10  # buyers, reasons

# As sales.STAGE has it in SQL.
STAGE = Case(
    When(order__delivered_told_at__lte=F("arrived_at"), then=Value(Stage.DELIVERED)),
    When(order__shipped_told_at__lte=F("arrived_at"), then=Value(Stage.SHIPPED)),
    default=Value(Stage.PLACED),
    output_field=CharField(),
)


@dataclass(frozen=True)
class Group:
    """How many refunds or cancelled orders have something in common, and what they come to."""

    name: str  # a code of Stage, a buyer, or a reason, which may be ""
    count: int
    amount: Money

    @property
    def label(self) -> str:
        """The stage in words."""
        return str(Stage(self.name).label)


@dataclass(frozen=True)
class AfterSales:
    """The refunds that were told on some local days, and the orders placed on them that were
    cancelled.
    """

    by_stage: Sequence[Group]
    by_buyer: Sequence[Group]  # the MOST who got most
    cancelled: Sequence[Group]  # by reason, the MOST that come to most
    refunds: int
    refunded: Money


def of(line: CreditLine, *, start: datetime, end: datetime | None) -> AfterSales:
    """The groups of what was told from `start` until before `end`, or up to now without one. Rule
    8.25.
    """
    found, given_up = _told(line, start, end), cancelled(line, start=start, end=end)
    by_stage = _groups(line, found.annotate(name=STAGE).values("name"))
    return AfterSales(
        by_stage=by_stage,
        by_buyer=_groups(line, found.annotate(name=F("order__buyer")).values("name")),
        cancelled=_groups(line, given_up.annotate(name=F("cancel_reason")).values("name")),
        refunds=sum(group.count for group in by_stage),
        refunded=money.total((group.amount for group in by_stage), line.currency),
    )


def refunds(
    line: CreditLine, *, start: datetime, end: datetime | None, stage: str = "", buyer: str = ""
) -> QuerySet[OrderRefund]:
    """The refunds that were told from `start` until before `end`, each annotated with its `stage`.
    A filter that is "" is not applied.
    """
    found = _told(line, start, end).select_related("order").annotate(stage=STAGE)
    if stage:
        found = found.filter(stage=stage)
    return found.filter(order__buyer=buyer) if buyer else found


def cancelled(
    line: CreditLine, *, start: datetime, end: datetime | None, reason: str | None = None
) -> OrderQuerySet:
    """The orders placed from `start` until before `end` that were cancelled; for a `reason` only
    those, where "" is none.
    """
    found = Order.objects.of_merchant(line.pk).filter(
        status=Order.Status.CANCELLED, placed_at__gte=start
    )
    if end is not None:
        found = found.filter(placed_at__lt=end)
    return found if reason is None else found.filter(cancel_reason=reason)


class Span(NamedTuple):
    """The last so many local days, today included; or a month, by its first day, instead."""

    days: int
    month: date | None


def span(line: CreditLine, asked: Span, *, today: date) -> tuple[datetime, datetime | None]:
    """The instants at which the span starts and ends; the last days have no end."""
    if asked.month is None:
        first = today - timedelta(asked.days - 1)
        return calendar.day_start(first, line.timezone), None
    ends = calendar.next_month(asked.month)
    return calendar.day_start(asked.month, line.timezone), calendar.day_start(ends, line.timezone)


def _told(line: CreditLine, start: datetime, end: datetime | None) -> QuerySet[OrderRefund]:
    found = OrderRefund.objects.filter(line=line, arrived_at__gte=start)
    return found.filter(arrived_at__lt=end) if end is not None else found


def _groups(line: CreditLine, named: Any) -> list[Group]:
    """The groups of rows by their `name`, the MOST with the largest sums, largest first."""
    rows = named.order_by().annotate(count=Count("pk"), sum=Sum("amount")).order_by("-sum", "name")
    return [
        Group(row["name"], row["count"], money.of(row["sum"], line.currency)) for row in rows[:MOST]
    ]
