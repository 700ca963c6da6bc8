"""The orders that the line declined, and what they were worth. Nothing here writes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.db.models import Case, Count, DecimalField, F, Q, Sum, When
from moneyed import Money

from credit.models import CreditLine, Order
from credit.models.orders import OrderQuerySet
from lib import calendar, money, search
from merchants.queries import day_start

LOST = "lost"  # every reason but the merchant's own rules
WEEK, MONTH = timedelta(days=7), timedelta(days=30)  # today included


@dataclass(frozen=True)
class Loss:
    """How many orders one decline reason, or all of them together, cost in the last 7 and 30 days,
    and their amounts.
    """

    code: str  # of Order.Decline; "" is all
    week_orders: int
    week_amount: Money
    month_orders: int
    month_amount: Money

    @property
    def label(self) -> str:
        """Why orders were declined, in the reader's language; empty for those of all reasons."""
        return str(Order.Decline(self.code).label) if self.code else ""


def orders(
    line: CreditLine, *, today: date, code: str = "", reference: str = "", buyer: str = ""
) -> OrderQuerySet:
    """The line's declined orders, in no order, each annotated with `is_overdue`, and with its
    `lost` value: its amount, or 0 if a rule of the merchant's own declined it. A filter that is ""
    is not applied.

    `code` is a decline reason, or LOST for all reasons but the merchant's own rules. `reference`
    stands somewhere in the order's reference, in any case, and `buyer` is the exact name.
    """
    own = When(decline_code__in=Order.OWN_DECLINES, then=Decimal(0))
    found = (
        search.anywhere(Order.objects.of_merchant(line.pk), reference, "reference")
        .with_is_overdue(today)
        .annotate(lost=Case(own, default=F("amount"), output_field=DecimalField()))
        .filter(status=Order.Status.DECLINED)
    )
    if code == LOST:
        found = found.exclude(decline_code__in=Order.OWN_DECLINES)
    elif code:
        found = found.filter(decline_code=code)
    if buyer:
        found = found.filter(buyer=buyer)
    return found


def _start(line: CreditLine, today: date, span: timedelta) -> datetime:
    """The instant at which the last `span` days of the line start, `today` included."""
    return day_start(line, today - span + calendar.ONE_DAY)


def losses(line: CreditLine, *, today: date) -> Sequence[Loss]:
    """What orders declined in the last 7 and 30 local days, `today` included, were worth, for each
    reason, the one with the largest amount in 30 days first. If there are several reasons, their
    total comes last.

    Orders that the merchant's own rules declined are not counted. Empty if no other was declined in
    30 days. Rule 6.4.
    """
    week, month = (_start(line, today, span) for span in (WEEK, MONTH))
    this_week = Q(placed_at__gte=week)
    rows = (
        Order.objects.filter(line=line, status=Order.Status.DECLINED, placed_at__gte=month)
        .exclude(decline_code__in=Order.OWN_DECLINES)
        .values("decline_code")
        .annotate(
            week_orders=Count("pk", filter=this_week),
            week_amount=Sum("amount", filter=this_week, default=Decimal(0)),
            month_orders=Count("pk"),
            month_amount=Sum("amount"),
        )
        .order_by("-month_amount", "decline_code")
    )
    found = [
        Loss(
            row["decline_code"],
            row["week_orders"],
            money.of(row["week_amount"], line.currency),
            row["month_orders"],
            money.of(row["month_amount"], line.currency),
        )
        for row in rows
    ]
    return [*found, _all(found, line.currency)] if len(found) > 1 else found


def _all(found: Sequence[Loss], currency: str) -> Loss:
    """The sums over these losses, each of which has one reason, as a Loss without a reason."""
    return Loss(
        "",
        sum(loss.week_orders for loss in found),
        money.total((loss.week_amount for loss in found), currency),
        sum(loss.month_orders for loss in found),
        money.total((loss.month_amount for loss in found), currency),
    )
