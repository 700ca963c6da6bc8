"""A line's limit and use over time, and what changed them. Nothing here writes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from django.db import connection
from django.db.models import QuerySet
from moneyed import Money

from credit.models import CreditLine, LimitEntry
from lib import calendar
from merchants.queries import local_day, starts_of

A_YEAR = timedelta(days=364)  # 52 weeks, so that a year's weeks end on one weekday
A_MONTH = timedelta(days=30)
A_QUARTER = timedelta(days=91)
LOWEST_OF = timedelta(days=30)  # by which a raise that an operator decides is measured
ANY_ZONE = timedelta(days=2)  # by which days of two time zones can differ, at most

# The last entry of each day is looked up in the index; the entries in between are not read.
BALANCES = """
SELECT last.limit_after, last.used_after
FROM unnest(%(ends)s::timestamptz[]) WITH ORDINALITY AS day(ends_at, number)
LEFT JOIN LATERAL (
    SELECT entry.limit_after, entry.used_after FROM credit_limitentry entry
    WHERE entry.line_id = %(line)s AND entry.at < day.ends_at
    ORDER BY entry.at DESC, entry.id DESC LIMIT 1) last ON true
ORDER BY day.number
"""


@dataclass(frozen=True)
class Balance:
    """The line's limit, and what is used of it, at the end of local day `on`; for today, as of
    now.
    """

    on: date
    limit: Decimal
    used: Decimal


def entries(line: CreditLine, *, kind: str = "", order: str = "") -> QuerySet[LimitEntry]:
    """The line's limit entries, in no order, only those of `kind` and of the order with reference
    `order` if these are given. Without such an order there are none.
    """
    found = line.entries.select_related("order")
    if order:  # looked up first: an order has few entries, and an index has them at hand
        known = line.orders.filter(reference=order).first()
        found = found.filter(order=known) if known else found.none()
    return found.filter(kind=kind) if kind else found


def balances(line: CreditLine, *, since: date, today: date) -> Sequence[Balance]:
    """The line's limit, and what is used of it, at the end of local days from `since` on, but at
    most a year back, oldest first; for today as of now.

    There is one balance for each day if `since` is within the last quarter, and otherwise one for
    each week; the last one is today's. Days before the line's first entry are left out.
    """
    since = min(max(since, today - A_YEAR), today)
    step = 1 if today - since <= A_QUARTER else 7
    days = [today - timedelta(days=back) for back in range(0, (today - since).days + 1, step)][::-1]
    ends = starts_of(line, [day + calendar.ONE_DAY for day in days])
    with connection.cursor() as cursor:
        cursor.execute(BALANCES, {"line": line.pk, "ends": ends})
        found = cursor.fetchall()
    return [
        Balance(day, limit, used)
        for day, (limit, used) in zip(days, found, strict=True)
        if limit is not None
    ]


def a_month_ago(balances: Sequence[Balance]) -> Balance | None:
    """The last of these balances, oldest first, that is at least 30 days older than the latest;
    None if there is none.
    """
    if not balances:
        return None
    until = balances[-1].on - A_MONTH
    return next((balance for balance in reversed(balances) if balance.on <= until), None)


def lowest_limit(line: CreditLine) -> Money:
    """The lowest limit that the line had on its open day and the 30 local days before it: also the
    one with which these began. Rule 8.18.
    """
    first = line.open_on - LOWEST_OF
    moved = LimitEntry.objects.filter(line=line).exclude(limit_change=0).order_by("-pk")
    before = calendar.day_start(first - ANY_ZONE, line.timezone)
    latest_first = [*moved.filter(at__gte=before), *moved.filter(at__lt=before)[:1]]
    found = [line.limit]
    for entry in latest_first:
        found.append(entry.limit_after)
        if local_day(line, entry.at) < first:
            break
    return min(found)
