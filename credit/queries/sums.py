"""Sums over all credit lines by currency, and by day for recent orders and withdrawals. Nothing
here writes.

There are thousands of lines and few withdrawals under way; orders are many, and are read only from
some day on.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from django.db import connection
from django.db.models import Count, F, Q, Sum, Value
from django.db.models.functions import Greatest, TruncDate

from credit.models import CreditLine, Order, Withdrawal
from credit.queries.overdue import OVERDUE_BY_LINE
from credit.rules import INSTALMENT_DAYS

OVERDUE = f"""
WITH day AS (SELECT merchant_id AS line_id, open_on AS today FROM credit_creditline),
     overdue AS ({OVERDUE_BY_LINE})
SELECT line.currency, sum(overdue.amount)
FROM overdue JOIN credit_creditline line ON line.merchant_id = overdue.line_id
GROUP BY line.currency
"""
NOTHING = Value(Decimal(0))

Rows = Sequence[dict[str, Any]]


def lines() -> Rows:
    """One row for each currency, by its code, with the keys `currency`, `lines` (how many there
    are, closed ones included), `frozen` (how many of them are), and the sums of their limits
    (`limits`), of what is used (`in_use`), of what is available (`free`) and of proceeds (`owed`).
    Negative proceeds, and less than 0 available, count as 0. Where books are in cells, they are the
    lines of the cell that we are inside.
    """
    of_each = CreditLine.objects.order_by("currency").values("currency")
    found = of_each.annotate(
        lines=Count("pk"),
        frozen=Count("pk", filter=Q(freezes_in_force__gt=0)),
        limits=Sum("limit"),
        in_use=Sum("used"),
        free=Sum(Greatest(F("limit") - F("used"), NOTHING)),
        owed=Sum(Greatest(F("proceeds"), NOTHING)),
    )
    return [dict(row) for row in found]


def overdue() -> dict[str, Decimal]:
    """The amount that is overdue on the open days of all lines, by currency code; where books are
    in cells, of the lines of the cell that we are inside.
    """
    with connection.cursor() as cursor:
        cursor.execute(OVERDUE, {"instalment_days": INSTALMENT_DAYS})
        return dict(cursor.fetchall())


def on_their_way() -> dict[str, Decimal]:
    """The sum of withdrawals that have not ended, fees included, by currency code; where books are
    in cells, of the cell that we are inside. Currencies without one are missing.
    """
    found = Withdrawal.objects.filter(ended_at__isnull=True).order_by().values_list("currency")
    return dict(found.annotate(worth=Sum(F("amount") + F("fee"))))


Days = Sequence[tuple[date, str, int, Decimal]]  # day in UTC, currency, how many, what they come to


def placed_by_day(since: datetime, *, declined: bool) -> Days:
    """(day in UTC, currency, how many, their amount), in no order, for the orders placed since
    then: with `declined` those that were declined, except by merchants' own rules, and otherwise
    all that were not declined. Where books are in cells, they are those of the cell that we are
    inside.
    """
    declined_ones = Q(status=Order.Status.DECLINED)
    # Orders that merchants' own rules declined are no lost value.
    lost = declined_ones & ~Q(decline_code__in=Order.OWN_DECLINES)
    which = lost if declined else ~declined_ones
    return _by_day(Order.objects.filter(which), "placed_at", since)


def withdrawn_by_day(since: datetime) -> Days:
    """(day in UTC, currency, how many, their amount without fees), in no order, for the withdrawals
    requested since then, whatever became of them. Where books are in cells, they are those of the
    cell that we are inside.
    """
    return _by_day(Withdrawal.objects.all(), "requested_at", since)


def _by_day(rows: Any, field: str, since: datetime) -> Days:
    """The rows whose `field` is `since` or later, counted and summed by its day in UTC and by
    currency; a day without rows is missing.
    """
    lately = rows.filter(**{f"{field}__gte": since}).order_by()
    return list(
        lately.values_list(TruncDate(field, tzinfo=UTC), "currency").annotate(
            many=Count("pk"), worth=Sum("amount")
        )
    )
