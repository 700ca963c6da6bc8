"""What buyers still owe, by the day on which it is due (rule 8.22). Nothing here writes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db import connection
from django.db.models import Count, DateField, DecimalField, F, Q, QuerySet, Sum
from django.db.models.expressions import RawSQL
from moneyed import Money

from credit.models import CreditLine, Order
from credit.models.orders import OrderQuerySet
from credit.rules import INSTALMENT_DAYS
from lib import calendar, money

MANY = 10_000  # open orders that are looked at

# The parts of open orders, by the oldest unpaid one of each order. What an order owes is one
# stretch of its amount, from `paid` to `paid + outstanding` (credit.rules.parts). With `many` or
# more orders, no part is left out up to the day of `horizon`, which is NULL with fewer.
PARTS = """
due AS MATERIALIZED (
    SELECT o.due_on, o.first_due_on, o.instalments, o.amount, o.part_amount, o.paid, o.outstanding
    FROM credit_order o
    WHERE o.line_id = %(line)s AND o.status = 'OPEN' AND o.due_on IS NOT NULL
    ORDER BY o.due_on LIMIT %(many)s
), horizon AS (
    SELECT CASE WHEN count(*) = %(many)s THEN greatest(max(due_on), %(today)s) END AS day FROM due
), part AS (
    SELECT o.first_due_on + (number - 1) * %(instalment_days)s AS due_on,
           greatest(least(CASE WHEN number = o.instalments THEN o.amount
                               ELSE o.part_amount * number END, o.paid + o.outstanding)
                    - greatest(o.part_amount * (number - 1), o.paid), 0) AS owed
    FROM generate_series(1, (SELECT max(instalments) FROM due)) number
    JOIN due o ON number <= o.instalments
)
"""
# What is due before today comes as one row without a day, what waits for its delivery apart.
BY_DAY = f"""
WITH {PARTS}
SELECT horizon.day, undelivered.owed, days.due_on, days.owed, days.parts
FROM horizon CROSS JOIN (
    SELECT coalesce(sum(o.outstanding), 0) AS owed FROM credit_order o
    WHERE o.line_id = %(line)s AND o.status = 'OPEN' AND o.due_on IS NULL
) undelivered LEFT JOIN (
    SELECT CASE WHEN due_on >= %(today)s THEN due_on END AS due_on, sum(owed) AS owed,
           count(*) AS parts
    FROM part WHERE owed > 0 AND due_on <= %(until)s GROUP BY 1
) days ON true
ORDER BY days.due_on
"""
# How much of an order was to be paid by a day, and is not.
OWED_BY = """
greatest(least(CASE
    WHEN %(day)s::date < "credit_order"."first_due_on" THEN 0
    WHEN (%(day)s::date - "credit_order"."first_due_on") / %(instalment_days)s + 1
         >= "credit_order"."instalments" THEN "credit_order"."amount"
    ELSE "credit_order"."part_amount"
         * ((%(day)s::date - "credit_order"."first_due_on") / %(instalment_days)s + 1) END,
    "credit_order"."paid" + "credit_order"."outstanding") - "credit_order"."paid", 0)
"""
# The earliest day, not before another one, on which a part of an order is due that is not paid. It
# is one only of an order that `due_between` finds from that other day on.
NEXT_DUE = """
greatest("credit_order"."due_on", "credit_order"."first_due_on"
    + (%(day)s::date - "credit_order"."first_due_on" + %(instalment_days)s - 1)
      / %(instalment_days)s * %(instalment_days)s)
"""


@dataclass(frozen=True)
class DueDay:
    """What buyers are to pay on a local day."""

    on: date
    amount: Money
    parts: int  # of so many orders: an order has one part a day


@dataclass(frozen=True)
class Expected:
    """What buyers are to pay from a day on, and what is not counted on."""

    days: Sequence[DueDay]  # soonest first; only days with something
    overdue: Money  # due before that day
    undelivered: Money  # of orders that are not delivered, and so have no due date yet
    until: date  # no part is left out up to this day

    def by(self, day: date) -> Decimal:
        """The sum, as a bare figure, of what falls due from the first of the days up to and on
        `day`. What is overdue, or not delivered, is left out.
        """
        return sum((one.amount.amount for one in self.days if one.on <= day), Decimal(0))


def expected(line: CreditLine, *, today: date, until: date) -> Expected:
    """What the line's buyers are to pay on the local days from `today` to `until`, with what is
    overdue and what is not delivered yet.

    With MANY delivered open orders or more it may end on an earlier day, `Expected.until`; what is
    overdue, and what is due on `today`, is whole all the same. Rule 8.22.
    """
    given = {
        "line": line.pk,
        "today": today,
        "until": until,
        "instalment_days": INSTALMENT_DAYS,
        "many": MANY,
    }
    with connection.cursor() as cursor:
        cursor.execute(BY_DAY, given)
        rows = cursor.fetchall()
    horizon, undelivered = rows[0][:2]
    found = [row[2:] for row in rows if row[4]]
    # On the day of the horizon itself there may be more orders than were looked at.
    last = until if horizon is None else max(min(until, horizon - calendar.ONE_DAY), today)
    if horizon is not None and horizon <= today:
        found = _up_to(line, today)
    return Expected(
        days=[
            DueDay(on, money.of(owed, line.currency), parts)
            for on, owed, parts in found
            if on is not None and on <= last
        ],
        overdue=money.of(
            sum((owed for on, owed, _parts in found if on is None), Decimal(0)), line.currency
        ),
        undelivered=money.of(undelivered, line.currency),
        until=last,
    )


def _up_to(line: CreditLine, today: date) -> list[tuple[date | None, Decimal, int]]:
    """Read of all open orders, however many they are, what is due up to `today`, as BY_DAY has it:
    (None, sum, number of parts) of what is overdue, and (`today`, sum, number of parts) of what is
    due today, each unless there is no such part.
    """
    late, by_now = _owed_by(today - calendar.ONE_DAY), _owed_by(today)
    found = _open(line).filter(due_on__lte=today).annotate(late=late, now=by_now - late)
    sums = found.aggregate(
        late_sum=Sum("late", default=Decimal(0)),
        late_parts=Count("pk", filter=Q(late__gt=0)),
        now_sum=Sum("now", default=Decimal(0)),
        now_parts=Count("pk", filter=Q(now__gt=0)),
    )
    return [
        (on, sums[f"{name}_sum"], sums[f"{name}_parts"])
        for on, name in ((None, "late"), (today, "now"))
        if sums[f"{name}_parts"]
    ]


def due_between(line: CreditLine, *, start: date, until: date) -> OrderQuerySet:
    """The open orders, in no order, of which something unpaid falls due on the local days from
    `start` to `until`, each annotated with that amount as `coming`.
    """
    by_then, before = _owed_by(until), _owed_by(start - calendar.ONE_DAY)
    return (
        _open(line).filter(due_on__lte=until).annotate(coming=by_then - before).filter(coming__gt=0)
    )


def overdue(line: CreditLine, *, today: date) -> OrderQuerySet:
    """The open orders, in no order, with a part that was due before local day `today` and is not
    paid whole, each annotated with all that is unpaid of such parts as `coming`.
    """
    return due_between(line, start=calendar.FIRST_DAY, until=today - calendar.ONE_DAY)


def with_next_due(found: OrderQuerySet, *, start: date) -> OrderQuerySet:
    """The same orders, each annotated with `next_due`: the earliest local day, not before `start`,
    on which an unpaid part of it is due; NULL before its delivery. They are orders of which
    something is due from `start` on, or that are not delivered.
    """
    sql = NEXT_DUE.replace("%(day)s", "%s").replace("%(instalment_days)s", str(INSTALMENT_DAYS))
    return found.annotate(next_due=RawSQL(sql, (start,), output_field=DateField(null=True)))


def undelivered(line: CreditLine) -> OrderQuerySet:
    """The open orders that are not delivered, in no order, each annotated with what it holds as
    `coming`.
    """
    return _open(line).filter(due_on__isnull=True).annotate(coming=F("outstanding"))


def total(found: QuerySet[Order], currency: str) -> Money:
    """The sum of the annotation `coming` over these orders, as money of this currency."""
    total = found.order_by().aggregate(total=Sum("coming", default=Decimal(0)))["total"]
    return money.of(total, currency)


def _open(line: CreditLine) -> OrderQuerySet:
    """The line's open orders."""
    return Order.objects.of_merchant(line.pk).open()


def _owed_by(day: date) -> RawSQL:
    """The database expression for how much of an order was to be paid by the end of `day` and is
    not paid. It holds for delivered orders alone: for one that is not, it gives all that is
    outstanding.
    """
    sql = OWED_BY.replace("%(day)s", "%s").replace("%(instalment_days)s", str(INSTALMENT_DAYS))
    return RawSQL(sql, (day,) * 3, output_field=DecimalField(max_digits=24, decimal_places=4))
