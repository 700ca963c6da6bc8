"""A merchant's buyers: who holds the limit, and how each of them has paid (rule 8.23). Nothing here
writes.

A buyer is the exact name that the platform sends, or the pseudonym that replaced it.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import connection
from django.db.models import Count, Max, Q, QuerySet, Sum, TextChoices
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from moneyed import Money

from credit.models import CreditLine, Order, OrderPayment
from credit.queries.exposure import OWED, Debt, debt_of
from credit.rules import INSTALMENT_DAYS
from lib import calendar, money
from merchants.queries import local_day

HOLDERS = 20  # buyers who hold most
FOUND = 20  # buyers that a search shows
LOOKED_AT = 10_000  # names in which a search looks for a part
LATEST = 1000  # orders of one buyer that are looked at
NEAR = timedelta(days=2)  # of a day's end, by which days of two time zones can differ


class Outcome(TextChoices):
    """What became of an order, as far as its buyer is concerned."""

    OPEN = "OPEN", pgettext_lazy("order", "Open")
    OVERDUE = "OVERDUE", _("Overdue")
    ON_TIME = "ON_TIME", _("Paid on time")
    LATE = "LATE", _("Paid late")
    WRITTEN_OFF = "WRITTEN_OFF", _("Written off")
    REFUNDED = "REFUNDED", _("Refunded")
    CANCELLED = "CANCELLED", _("Cancelled")
    DECLINED = "DECLINED", _("Declined")


@dataclass(frozen=True)
class Holding:
    """What one buyer owes of open orders, and how much of the limit that is."""

    buyer: str
    orders: int
    overdue: int  # of these, with a part past its due date
    outstanding: Money
    share: Decimal  # of the limit, 0 to 1; above 1 if the limit was lowered

    @property
    def percent(self) -> Decimal:
        """The share of the limit in percent, with one decimal."""
        return (self.share * 100).quantize(Decimal("0.1"))


@dataclass(frozen=True)
class Known:
    """A buyer that a search found."""

    buyer: str
    orders: int
    latest_at: datetime  # when the last one was placed
    owes: Money  # on open orders, and what was written off and not recovered


@dataclass(frozen=True)
class Record:
    """How a buyer has ordered and paid at this shop: the LATEST orders, newest first."""

    buyer: str
    orders: Sequence[Order]
    outcome_of: dict[int, Outcome]  # by primary key
    has_more: bool  # older orders that are not looked at
    risk: int  # as the platform told it with the last order: 0 unknown, 1 low, 2 medium, 3 high
    bought: Money  # the orders that were neither declined nor cancelled
    debt: Debt  # by all of its orders, those that are not looked at too

    @property
    def counts(self) -> dict[str, int]:
        """How many of the latest orders came to each outcome; outcomes without orders are left
        out.
        """
        return Counter(self.outcome_of.values())

    def keys(self, outcome: str) -> Sequence[int]:
        """The primary keys of the orders with this outcome, or of all for ""."""
        return [pk for pk, found in self.outcome_of.items() if outcome in ("", found)]


def holding(line: CreditLine, *, today: date) -> "QuerySet[Order, Any]":
    """Everybody who holds some of the limit by open orders, largest first: the buyer, the number of
    orders, of overdue ones among them, and what is `owed`, as values.
    """
    return (
        Order.objects.of_merchant(line.pk)
        .open()
        .values("buyer")
        .annotate(
            orders=Count("pk"),
            overdue=Count("pk", filter=Q(due_on__lt=today)),
            owed=Sum("outstanding"),
        )
        .order_by("-owed", "buyer")
    )


def holders(line: CreditLine, *, today: date) -> Sequence[Holding]:
    """The buyers who hold most of the limit by open orders, largest first, at most HOLDERS of them,
    each with the number of orders, of overdue ones, the amount and its share of the limit, which is
    1 for a limit of 0.
    """
    return [
        Holding(
            row["buyer"],
            row["orders"],
            row["overdue"],
            money.of(row["owed"], line.currency),
            row["owed"] / line.limit.amount if line.limit else Decimal(1),
        )
        for row in holding(line, today=today)[:HOLDERS]
    ]


LAST = "\U0010ffff"  # no character comes after it
# The next name after the last one, again and again: a buyer's many orders are one step.
NAMES = """
WITH RECURSIVE name AS (
    SELECT way.first, way.last, (
        SELECT o.buyer FROM credit_order o
        WHERE o.line_id = %(line)s AND o.buyer >= way.first AND o.buyer < way.last
        ORDER BY o.buyer LIMIT 1) AS buyer
    FROM unnest(%(firsts)s::text[], %(lasts)s::text[]) way(first, last)
    UNION ALL
    SELECT name.first, name.last, (
        SELECT o.buyer FROM credit_order o
        WHERE o.line_id = %(line)s AND o.buyer > name.buyer AND o.buyer < name.last
        ORDER BY o.buyer LIMIT 1)
    FROM name WHERE name.buyer IS NOT NULL
)
SELECT buyer FROM name WHERE buyer IS NOT NULL LIMIT %(most)s
"""
# Of the first LOOKED_AT names, those that have the text somewhere, in any case.
WITH_PART = """
WITH RECURSIVE name AS (
    SELECT 1 AS number, (
        SELECT o.buyer FROM credit_order o WHERE o.line_id = %(line)s
        ORDER BY o.buyer LIMIT 1) AS buyer
    UNION ALL
    SELECT name.number + 1, (
        SELECT o.buyer FROM credit_order o
        WHERE o.line_id = %(line)s AND o.buyer > name.buyer ORDER BY o.buyer LIMIT 1)
    FROM name WHERE name.buyer IS NOT NULL AND name.number < %(looked_at)s
)
SELECT buyer FROM name WHERE position(upper(%(text)s) IN upper(buyer)) > 0 LIMIT %(most)s
"""


def find(line: CreditLine, text: str) -> Sequence[Known]:
    """The line's buyers whose names have `text` somewhere, in any case, by name and at most FOUND
    of them: those whose names start with it before others. Names that only have it further on are
    looked for among the first LOOKED_AT of the line.
    """
    names = _starting_with(line, text)
    if len(names) < FOUND:
        given = {"line": line.pk, "text": text, "looked_at": LOOKED_AT, "most": FOUND}
        with connection.cursor() as cursor:
            cursor.execute(WITH_PART, given)
            names += [name for (name,) in cursor.fetchall() if name not in names]
    return _known(line, names[:FOUND])


def _starting_with(line: CreditLine, text: str) -> list[str]:
    """The names of the line's buyers that start with `text`, as it is written or with other
    capitals, in their order and at most FOUND of them.
    """
    ways = {text, text.capitalize(), text.title(), text.lower(), text.upper()}
    given = {
        "line": line.pk,
        "firsts": sorted(ways),
        "lasts": [way + LAST for way in sorted(ways)],
        "most": FOUND * len(ways),
    }
    with connection.cursor() as cursor:
        cursor.execute(NAMES, given)
        names = {name for (name,) in cursor.fetchall()}
    return sorted(names)[:FOUND]


def _known(line: CreditLine, names: Sequence[str]) -> Sequence[Known]:
    """What is known of the line's buyers with these names, by name."""
    rows = (
        Order.objects.of_merchant(line.pk)
        .filter(buyer__in=names)
        .values("buyer")
        .annotate(
            orders=Count("pk"),
            latest_at=Max("placed_at"),
            owed=Sum(OWED, filter=Q(status__in=["OPEN", "WRITTEN_OFF"]), default=Decimal(0)),
        )
        .order_by("buyer")
    )
    return [
        Known(
            row["buyer"], row["orders"], row["latest_at"], money.of(row["owed"], line.currency)
        )
        for row in rows
    ]  # fmt: skip


def record(line: CreditLine, buyer: str, *, today: date) -> Record | None:
    """How the buyer has ordered and paid at this shop; None for who has never ordered.

    Rule 8.23.
    """
    found = Order.objects.of_merchant(line.pk).filter(buyer=buyer).with_is_overdue(today)
    orders = list(found.order_by("-placed_at", "-pk")[: LATEST + 1])
    if not orders:
        return None
    latest = orders[:LATEST]
    payments = _payments(latest)
    bought = [order.amount for order in latest if order.status not in ("DECLINED", "CANCELLED")]
    return Record(
        buyer=buyer,
        orders=latest,
        outcome_of={order.pk: _outcome(line, order, payments[order.pk]) for order in latest},
        has_more=len(orders) > LATEST,
        risk=orders[0].buyer_risk,
        bought=money.total(bought, line.currency),
        debt=debt_of(line, buyer),
    )


def _payments(orders: Sequence[Order]) -> dict[int, list[OrderPayment]]:
    """The APPLIED payments of those of these orders that are PAID, oldest first, by the order's
    key.
    """
    paid = [order.pk for order in orders if order.status == Order.Status.PAID]
    found: dict[int, list[OrderPayment]] = defaultdict(list)
    applied = OrderPayment.objects.filter(order__in=paid, status=OrderPayment.Status.APPLIED)
    for payment in applied.order_by("pk"):
        found[payment.order_id].append(payment)
    return found


def _outcome(line: CreditLine, order: Order, payments: Sequence[OrderPayment]) -> Outcome:
    """What became of the order: ON_TIME or LATE if it is paid (late if any of its parts was),
    OVERDUE if it is, and else its status.
    """
    if order.status == Order.Status.PAID:
        return Outcome.LATE if _was_late(line, order, payments) else Outcome.ON_TIME
    if order.is_overdue:  # type: ignore[attr-defined]  # an annotation
        return Outcome.OVERDUE
    return Outcome(order.status)


def _was_late(line: CreditLine, order: Order, payments: Sequence[OrderPayment]) -> bool:
    """Whether any of the order's payments, given oldest first, came after the due day of the oldest
    part that was unpaid by then. False if it was never delivered.
    """
    if order.first_due_on is None:
        return False
    # What was paid before the order was brought along from elsewhere has no payment.
    before = order.paid - money.total((one.amount for one in payments), line.currency)
    for payment in payments:
        number = order.instalments - 1
        if order.part_amount:
            number = min(int(before.amount // order.part_amount.amount), number)
        due_on = order.first_due_on + timedelta(INSTALMENT_DAYS * number)
        if _is_after(line, payment.at, due_on):
            return True
        before += payment.amount
    return False


def _is_after(line: CreditLine, at: datetime, day: date) -> bool:
    """Whether the local day of `at` is after `day`. Which zone was in force then is only looked up
    where it matters.
    """
    end = calendar.day_end(day, line.timezone)
    return at >= end if abs(at - end) > NEAR else local_day(line, at) > day
