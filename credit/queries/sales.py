"""A merchant's sales and refunds, month by month (rule 8.24). Nothing here writes.

Orders count in the month in which they were placed, refunds in that in which we were told. Both
instants never fall, so that what a month that is over took in is summed once and kept, and what the
days of the open month that are over took in once a day; only which of these orders were cancelled
may still change, and is read each time.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import reduce
from itertools import islice
from typing import Any

from django.db import connection
from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from moneyed import Money

from credit.models import CreditLine, Order
from credit.models.orders import OrderQuerySet
from credit.queries import orders
from lib import calendar, kept, money, spans
from merchants.queries import LocalDays

MONTHS = 12


class Stage(TextChoices):
    """How far an order had come when it was refunded. Nobody tells us why."""

    PLACED = "PLACED", _("Before it was shipped")
    SHIPPED = "SHIPPED", pgettext_lazy("order", "On its way")
    DELIVERED = "DELIVERED", _("After delivery")


# SQL of the stage of refund `r` of order `o`.
STAGE = """CASE WHEN o.delivered_told_at <= r.arrived_at THEN 'DELIVERED'
                WHEN o.shipped_told_at <= r.arrived_at THEN 'SHIPPED' ELSE 'PLACED' END"""
# What each span took in, unless that is known, and which of its orders are cancelled by now.
SUMS = f"""
SELECT cancelled.orders, cancelled.amount, placed.orders, placed.amount::text, refunded.by_stage
FROM unnest(%(starts)s::timestamptz[], %(ends)s::timestamptz[], %(is_known)s::boolean[])
     WITH ORDINALITY span(starts_at, ends_at, is_known, number)
CROSS JOIN LATERAL (
    SELECT count(*) AS orders, coalesce(sum(o.amount), 0) AS amount FROM credit_order o
    WHERE o.line_id = %(line)s AND o.status = 'CANCELLED' AND o.placed_at >= span.starts_at
      AND o.placed_at < span.ends_at
) cancelled
CROSS JOIN LATERAL (
    SELECT count(*) AS orders, coalesce(sum(o.amount), 0) AS amount FROM credit_order o
    WHERE NOT span.is_known AND o.line_id = %(line)s AND o.placed_at >= span.starts_at
      AND o.placed_at < span.ends_at AND o.status <> 'DECLINED'
) placed
CROSS JOIN LATERAL (
    SELECT coalesce(json_object_agg(stage, amount::text), '{{}}')::text AS by_stage FROM (
        SELECT {STAGE} AS stage, sum(r.amount) AS amount
        FROM credit_orderrefund r JOIN credit_order o ON o.id = r.order_id
        WHERE NOT span.is_known AND r.line_id = %(line)s AND r.arrived_at >= span.starts_at
          AND r.arrived_at < span.ends_at
        GROUP BY 1) stages
) refunded
ORDER BY span.number
"""


@dataclass(frozen=True)
class Sums:
    """What was sold and refunded on the local days from `start` until before `end`, as figures of
    the line's currency.
    """

    start: date
    end: date
    orders: int  # placed, and neither declined nor cancelled
    sold: Decimal  # what these are worth
    cancelled_orders: int
    cancelled: Decimal
    by_stage: Mapping[str, Decimal]  # refunds by Stage

    @property
    def span(self) -> spans.Span:
        """The days of which these are the sums, first and last included."""
        return spans.Span(self.start, self.end - calendar.ONE_DAY)

    @property
    def refunded(self) -> Decimal:
        """What was refunded, at whatever stage of the orders."""
        return sum(self.by_stage.values(), Decimal(0))

    @property
    def net(self) -> Decimal:
        """What was sold, less refunds."""
        return self.sold - self.refunded

    @property
    def has_any(self) -> bool:
        """Whether anything was sold, cancelled or refunded."""
        return bool(self.orders or self.cancelled_orders or self.refunded)

    def average(self, currency: str) -> Money | None:
        """The average worth of an order that was sold, as an amount of `currency`, rounded to its
        digits; None if none was sold.
        """
        return money.nearest(Money(self.sold / self.orders, currency)) if self.orders else None


@dataclass(frozen=True)
class Sales:
    """The latest months of a line, and how far the month before had come by the same day."""

    months: Sequence[Sums]  # oldest first, without those before the first sale
    so_far_before: Sums  # the month before the last, up to the day of the month that it is today
    until: date  # the last day that counts: today
    also: Sequence[Sums] = ()  # of whatever else was asked for

    @property
    def rows(self) -> Sequence[tuple[Sums, Decimal | None, Decimal | None]]:
        """(month, figure, per cent) for each month, latest first: by how much its net sales are
        more than the month before's, and how many per cent of that this is. The last month is held
        against the same days of the one before (rule 8.24). Both are None for the first month, and
        per cent is where the one before came to 0 or less.
        """
        before = [None, *(month.net for month in self.months[:-1])]
        if len(self.months) > 1:
            before[-1] = self.so_far_before.net
        return [
            (one, *((None, None) if was is None else _change(was, one.net)))
            for one, was in zip(self.months, before, strict=True)
        ][::-1]


def by_month(line: CreditLine, local: LocalDays, also: Sequence[spans.Span] = ()) -> Sales:
    """The sums of the line's latest MONTHS months, oldest first and without empty months at the
    beginning, and those of the month before up to the same day as today; of `also`, those of other
    days, both ends included, where one without an end is until today. `local` are the merchant's
    days. Rule 8.24.
    """
    today = local.today
    month = calendar.month_of(today)
    months = [month]
    while len(months) < MONTHS:
        months.append(calendar.month_of(months[-1] - calendar.ONE_DAY))
    asked = [(one, calendar.next_month(one)) for one in reversed(months)]
    so_far = months[1] + (today - month) + calendar.ONE_DAY
    asked.append((months[1], min(so_far, month)))
    for one in also:
        asked.append((one.since or calendar.FIRST_DAY, (one.until or today) + calendar.ONE_DAY))
    sums = _sums(line, local, asked)
    found, before = sums[:MONTHS], sums[MONTHS]
    first = next((place for place, one in enumerate(found) if one.has_any), len(found) - 1)
    return Sales(found[first:], before, today, sums[MONTHS + 1 :])


def of_month(line: CreditLine, month: date, local: LocalDays) -> Sums:
    """The sums of what the line sold, cancelled and refunded in the month that starts on `month`.
    The month's days are those of `local`.
    """
    (found,) = _sums(line, local, [(month, calendar.next_month(month))])
    return found


def orders_of(
    line: CreditLine,
    month: date,
    local: LocalDays,
    *,
    standing: str = "",
    reference: str = "",
    buyer: str = "",
) -> OrderQuerySet:
    """The line's orders that were placed in the month that starts on `month`, latest first:
    those neither declined nor cancelled, or with a `standing` those of that. `standing`,
    `reference` and `buyer` filter as in `orders.of_line`. The month's days are those of
    `local`, and each order is annotated with `is_overdue` on its `today`.
    """
    start, end = (local.start_of(day) for day in (month, calendar.next_month(month)))
    found = orders.of_line(
        line, today=local.today, standing=standing, reference=reference, buyer=buyer
    )
    found = found.filter(placed_at__gte=start, placed_at__lt=end)
    if standing:
        return found
    return found.exclude(status__in=[Order.Status.DECLINED, Order.Status.CANCELLED])


def _change(was: Decimal, now: Decimal) -> tuple[Decimal, Decimal | None]:
    """By how much a figure rose, and per cent of what it `was`; None where that was not above 0."""
    return now - was, (now - was) / was * 100 if was > 0 else None


Span = tuple[date, date]


def _sums(line: CreditLine, local: LocalDays, spans: Sequence[Span]) -> list[Sums]:
    """The sums of each of these spans of local days, which end before their second day. What was
    taken in on days that are over is cached for a day; a span with the line's open day within it is
    cut there, so that only the rest is added up each time.
    """
    parts = [_parts(span, line.open_on) for span in spans]
    found = iter(_sums_of_parts(line, local, [one for of_one in parts for one in of_one]))
    return [reduce(_joined, islice(found, len(of_one))) for of_one in parts]


def _parts(span: Span, open_on: date) -> Sequence[Span]:
    """The span, cut at the open day if that lies within it."""
    start, end = span
    return [(start, open_on), (open_on, end)] if start < open_on < end else [span]


def _joined(one: Sums, other: Sums) -> Sums:
    """The sums of two spans of which the other begins where the one ends."""
    return Sums(
        one.start,
        other.end,
        one.orders + other.orders,
        one.sold + other.sold,
        one.cancelled_orders + other.cancelled_orders,
        one.cancelled + other.cancelled,
        {
            stage: one.by_stage.get(stage, Decimal(0)) + other.by_stage.get(stage, Decimal(0))
            for stage in {**one.by_stage, **other.by_stage}
        },
    )


def _sums_of_parts(line: CreditLine, local: LocalDays, spans: Sequence[Span]) -> list[Sums]:
    """The sums of each of these spans of local days. What a span that is over took in is cached for
    a day, cancelled orders included: (orders, amount, refunds by stage) with amounts as text. Which
    orders were cancelled is always read anew.
    """
    keys = {span: _key(line, span) for span in spans if span[1] <= line.open_on}
    known = kept.read(list(keys.values()))
    is_known = [keys.get(span) in known for span in spans]
    with connection.cursor() as cursor:
        cursor.execute(SUMS, _given(line, local, spans) | {"is_known": is_known})
        rows = cursor.fetchall()
    found, read = [], {}
    for span, (count, amount, *taken_in) in zip(spans, rows, strict=True):
        if span in keys:
            taken_in = read[keys[span]] = known.get(keys[span], taken_in)
        orders, placed, stages = taken_in
        by_stage = {stage: Decimal(text) for stage, text in json.loads(stages).items()}
        sold = Decimal(placed) - amount
        found.append(Sums(*span, orders - count, sold, count, amount, by_stage))
    kept.keep({key: row for key, row in read.items() if key not in known})
    return found


def _given(line: CreditLine, local: LocalDays, spans: Sequence[Span]) -> dict[str, Any]:
    """The values of the statement SUMS: the line, and the instants at which the spans start and
    end.
    """
    starts, ends = ([local.start_of(span[side]) for span in spans] for side in (0, 1))
    return {"line": line.pk, "starts": starts, "ends": ends}


def _key(line: CreditLine, span: Span) -> str:
    """The key of the cache under which is kept what the line took in on a span of days."""
    return f"sales:{line.pk}:{line.timezone}:{span[0]}:{span[1]}"
