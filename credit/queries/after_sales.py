"""What a merchant's buyers got back, and what they cancelled (rule 8.25). Nothing here writes.

A refund carries no reason: what is known of it is how far its order had come (sales.Stage), and
whose it is. A cancellation has the reason that the platform told.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import Case, CharField, Count, F, Q, QuerySet, Sum, Value, When
from moneyed import Money

from credit.models import CreditLine, Order, OrderRefund
from credit.models.orders import OrderQuerySet
from credit.queries import orders
from credit.queries.sales import Stage, Sums
from lib import money
from lib.spans import Dates, Span
from merchants.queries import LocalDays

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
        """The group's stage in words, in the reader's language; only for a group of refunds by
        their stage.
        """
        return str(Stage(self.name).label)


@dataclass(frozen=True)
class Period:
    """What some local days come to."""

    span: Span
    sold: Money  # orders placed on them, neither declined nor cancelled
    refunded: Money
    cancelled: Money  # orders placed on them
    cancelled_orders: int

    @classmethod
    def of(cls, span: Span, sums: Sums, currency: str) -> "Period":
        """The figures of these days, from `sums` of figures without a currency, as amounts of the
        line's currency.
        """
        return cls(
            span,
            sold=money.of(sums.sold, currency),
            refunded=money.of(sums.refunded, currency),
            cancelled=money.of(sums.cancelled, currency),
            cancelled_orders=sums.cancelled_orders,
        )

    @property
    def rate(self) -> Decimal | None:
        """How many per cent of what was sold was refunded on the same days, not rounded and perhaps
        above 100; None if nothing was sold.
        """
        return self.refunded.amount / self.sold.amount * 100 if self.sold else None


@dataclass(frozen=True)
class AfterSales:
    """The refunds that were told on some local days, and the orders placed on them that were
    cancelled.
    """

    span: Span
    by_stage: Sequence[Group]
    by_buyer: Sequence[Group]  # the MOST who got most
    cancelled: Sequence[Group]  # by reason, the MOST that come to most
    refunds: int
    sums: Period
    before: Period | None  # the same of the span before (Span.before)

    @property
    def refunded(self) -> Money:
        """The sum of what buyers got back on the days that were asked for."""
        return self.sums.refunded

    @property
    def refunded_more(self) -> Money | None:
        """How much more was refunded than on the days before; below 0 if it was less, and None if
        there are no days to compare with.
        """
        return self.sums.refunded - self.before.refunded if self.before else None

    @property
    def cancelled_more(self) -> Money | None:
        """How much more was cancelled than on the days before; below 0 if it was less, and None if
        there are no days to compare with.
        """
        return self.sums.cancelled - self.before.cancelled if self.before else None

    @property
    def given_up(self) -> Money:
        """The sum of the amounts of the cancelled orders that were placed on the days that were
        asked for.
        """
        return self.sums.cancelled


def compared(span: Span, today: date) -> list[Span]:
    """A list of the span and, if there is one, of the earlier span that it is compared with
    (Span.before) as of the local day `today`.
    """
    earlier = span.before(today)
    return [span, earlier] if earlier else [span]


def of(line: CreditLine, span: Span, taken: Sequence[Sums], local: LocalDays) -> AfterSales:
    """The refunds that were told on the local days of `span`, grouped by stage and by buyer, and
    the orders placed on them that were cancelled, grouped by reason: of each grouping the MOST
    groups with the largest sums, largest first. `taken` are the sums of the spans that `compared`
    gives, in that order, by which it is said how they compare with the days before. Rule 8.25.
    """
    spans = compared(span, local.today)
    sums = [Period.of(one, of_it, line.currency) for one, of_it in zip(spans, taken, strict=True)]
    found = OrderRefund.objects.filter(
        Dates("arrived_at", "").within(span, OrderRefund, local), line=line
    )
    placed = Dates("placed_at", "").within(span, Order, local)
    given_up = Order.objects.of_merchant(line.pk).filter(placed, status=Order.Status.CANCELLED)
    by_stage, by_buyer, by_reason = _groups(
        line, (found, STAGE), (found, F("order__buyer")), (given_up, F("cancel_reason"))
    )
    return AfterSales(
        span=span,
        by_stage=by_stage,
        by_buyer=by_buyer,
        cancelled=by_reason,
        refunds=sum(group.count for group in by_stage),
        sums=sums[0],
        before=sums[1] if len(sums) > 1 else None,
    )


def refunds(
    line: CreditLine, *, reference: str = "", stage: str = "", buyer: str = ""
) -> QuerySet[OrderRefund]:
    """The line's refunds, in no order, each annotated with its `stage`. A filter that is "" is not
    applied; `reference` is that of a refund, or of its order, whole.
    """
    found = OrderRefund.objects.filter(line=line).select_related("order").annotate(stage=STAGE)
    if reference:
        of_order = Order.objects.of_merchant(line.pk).filter(reference=reference)
        found = found.filter(Q(reference=reference) | Q(order__in=of_order))
    if stage:
        found = found.filter(stage=stage)
    return found.filter(order__buyer=buyer) if buyer else found


def cancelled(
    line: CreditLine,
    *,
    today: date,
    reference: str = "",
    buyer: str = "",
    reason: str | None = None,
) -> OrderQuerySet:
    """The line's cancelled orders, those placed last first; with a `reason`, only those that were
    cancelled for it, or without a reason if it is "". The other filters are those of
    `orders.of_line`.
    """
    cancelled = Order.Status.CANCELLED
    found = orders.of_line(line, today=today, standing=cancelled, reference=reference, buyer=buyer)
    return found if reason is None else found.filter(cancel_reason=reason)


def _groups(line: CreditLine, *asked: tuple["QuerySet[Any]", Any]) -> list[list[Group]]:
    """For each of the pairs of rows, which have an amount, and an expression: the groups of the
    rows that have the same value of it, the MOST groups with the largest sums, largest first. All
    of them are one query.
    """
    first, *others = (_grouped(rows, by, place) for place, (rows, by) in enumerate(asked))
    found: list[list[Group]] = [[] for _ in asked]
    for place, name, count, amount in sorted(first.union(*others, all=True), key=_largest_first):
        found[place].append(Group(name, count, money.of(amount, line.currency)))
    return found


def _grouped(rows: "QuerySet[Any]", by: Any, place: int) -> "QuerySet[Any]":
    """The MOST largest groups of these rows by the expression `by`, as tuples that begin with
    `place`: (place, value, number of rows, sum of their amounts).
    """
    named = rows.order_by().annotate(place=Value(place), name=by).values("place", "name")
    sums = named.annotate(count=Count("pk"), sum=Sum("amount")).order_by("-sum", "name")
    found: QuerySet[Any] = sums.values_list("place", "name", "count", "sum")[:MOST]
    return found


def _largest_first(group: tuple[int, str, int, Decimal]) -> tuple[Decimal, str]:
    """A key to sort groups by their sum, the largest first, and by their name."""
    _place, name, _count, amount = group
    return -amount, name
