"""The credit half of a merchant's day-end (rule 20.1).

Write-offs, then overdue freezes, then, on the first of a month, limit reviews. Set-based: one pass
works off one local day of every line given. Everything that a day-end writes carries the instant at
which the day ended, however late the job runs.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from credit.models import CreditLine
from credit.operations import overdue, reviews, unpaid_bills
from credit.queries import policies
from credit.queries.reviews import Start
from credit.rules import INSTALMENT_DAYS
from lib import calendar
from merchants.queries import time_zones_from

# An order is written off so many days after its oldest unpaid part was due, or after we heard
# of its delivery, where that was later. The loss leaves `used`, and takes as much of the limit as
# there is. `lost` counts up over a line's orders, so that each entry shows its balances. Gives the
# lines whose limit fell.
WRITE_OFF = """
WITH due AS (
    SELECT o.id, o.line_id, o.outstanding, day.at, sum(o.outstanding) OVER (
               PARTITION BY o.line_id ORDER BY o.due_on, o.id) AS lost
    FROM unnest(%(lines)s::bigint[], %(todays)s::date[], %(instants)s::timestamptz[],
                %(write_off_days)s::int[]) AS day(line_id, today, at, write_off_days)
    JOIN credit_order o ON o.line_id = day.line_id
    WHERE o.status = 'OPEN' AND o.due_on <= day.today - day.write_off_days
      AND o.delivered_told_on <= day.today - day.write_off_days
), entry AS (
    INSERT INTO credit_limitentry (line_id, order_id, kind, currency, limit_change, used_change,
                                   limit_after, used_after, actor, reason, at)
    SELECT due.line_id, due.id, 'WRITE_OFF', line.currency,
           greatest(line."limit" - due.lost, 0)
               - greatest(line."limit" - due.lost + due.outstanding, 0),
           -due.outstanding, greatest(line."limit" - due.lost, 0), line.used - due.lost,
           'day-end', '', due.at
    FROM due JOIN credit_creditline line ON line.merchant_id = due.line_id
    ORDER BY due.line_id, due.lost
), written_off AS (
    UPDATE credit_order o
    SET status = 'WRITTEN_OFF', written_off = o.outstanding, outstanding = 0, due_on = NULL,
        written_off_at = due.at
    FROM due WHERE o.id = due.id
)
UPDATE credit_creditline line
SET used = line.used - total.lost, "limit" = greatest(line."limit" - total.lost, 0)
FROM (SELECT line_id, max(lost) AS lost, max(at) AS at FROM due GROUP BY line_id) total
JOIN credit_creditline before ON before.merchant_id = total.line_id
WHERE line.merchant_id = total.line_id
RETURNING line.merchant_id, total.at, before."limit" > line."limit"
"""

# Told once for each due date that passes unpaid, with all that is due by then (credit.rules.parts).
# (Those that had passed when we heard of the delivery are told by orders.deliver.)
NOTICE_OVERDUE = """
INSERT INTO notices_notice (merchant_id, kind, cause, details, at)
SELECT o.line_id, 'ORDER_OVERDUE', o.reference || ' ' || day.today - 1,
       jsonb_build_object('order', o.reference, 'due_on', day.today - 1,
                          'due', due.by_then::text, 'currency', o.currency), day.at
FROM unnest(%(lines)s::bigint[], %(todays)s::date[], %(instants)s::timestamptz[])
     AS day(line_id, today, at)
JOIN credit_order o ON o.line_id = day.line_id AND o.status = 'OPEN' AND o.due_on < day.today
CROSS JOIN LATERAL (
    SELECT (day.today - 1 - o.first_due_on) / %(instalment_days)s + 1 AS number,
           (day.today - 1 - o.first_due_on) %% %(instalment_days)s AS days_since
) part
CROSS JOIN LATERAL (
    SELECT least(CASE WHEN part.number >= o.instalments THEN o.amount
                      ELSE o.part_amount * part.number END, o.paid + o.outstanding) AS ends,
           greatest(o.part_amount * (part.number - 1), o.paid) AS starts
) owed
CROSS JOIN LATERAL (SELECT owed.ends - o.paid AS by_then) due
WHERE part.days_since = 0 AND part.number <= o.instalments AND owed.ends > owed.starts
ORDER BY o.line_id, o.id
ON CONFLICT DO NOTHING
"""

DAY_END = "day-end"  # who did what these statements do

OPEN_NEXT_DAY = """
UPDATE credit_creditline line
SET open_on = next.day, open_until = next.ends, last_wrote_at = greatest(last_wrote_at, next.at)
FROM unnest(%(lines)s::bigint[], %(todays)s::date[], %(instants)s::timestamptz[],
            %(ends)s::timestamptz[]) AS next(line_id, day, at, ends)
WHERE line.merchant_id = next.line_id
"""

# A change of time zone takes effect as a local month starts.
CHANGE_TIME_ZONE = """
UPDATE credit_creditline line
SET timezone = next.timezone, timezone_since_on = next.day, timezone_since_at = next.at
FROM unnest(%(lines)s::bigint[], %(timezones)s::text[], %(todays)s::date[],
            %(instants)s::timestamptz[]) AS next(line_id, timezone, day, at)
WHERE line.merchant_id = next.line_id AND line.timezone <> next.timezone
"""


def work_off(line_ids: Sequence[int], *, now: datetime) -> int:
    """Work off all day-ends up to `now` of these lines, one day at a time; returns how many there
    were.

    Each day of the chunk is one transaction (or part of the caller's), so that a run that dies, is
    late, or meets another one leaves every line at the end of some day. Rule 20.1, rule 20.2.
    """
    worked_off = 0
    while lines := _work_off_one_day(line_ids, now):
        worked_off += lines
    return worked_off


@transaction.atomic
def _work_off_one_day(line_ids: Sequence[int], now: datetime) -> int:
    starts = _days_to_start(line_ids, now)
    if not starts:
        return 0
    days: dict[str, Any] = {
        "lines": [start.line_id for start in starts],
        "todays": [start.today for start in starts],
        "instants": [start.at for start in starts],
    }
    timezones = _time_zones(starts)
    # A day that the new zone's clocks have behind them already is over as it starts.
    ends = [
        max(calendar.day_end(start.today, timezone), start.at)
        for start, timezone in zip(starts, timezones, strict=True)
    ]
    write_off_days = [start.policy.write_off_days for start in starts]
    with connection.cursor() as cursor:
        cursor.execute(WRITE_OFF, {**days, "write_off_days": write_off_days})
        fell = {line_id: at for line_id, at, has_fallen in cursor.fetchall() if has_fallen}
        reviews.overtake_all(fell, actor=DAY_END)
        overdue.update(starts)
        unpaid_bills.place(starts)
        cursor.execute(NOTICE_OVERDUE, {**days, "instalment_days": INSTALMENT_DAYS})
        reviews.hold([start for start in starts if start.today.day == 1])
        cursor.execute(OPEN_NEXT_DAY, {**days, "ends": ends})
        if timezones != [start.timezone for start in starts]:
            cursor.execute(CHANGE_TIME_ZONE, {**days, "timezones": timezones})
    return len(starts)


def _time_zones(starts: Sequence[Start]) -> list[str]:
    """The time zone in which each line counts the day that starts."""
    months = {start.today for start in starts if start.today.day == 1}
    line_ids = [start.line_id for start in starts]
    changes = {month: time_zones_from(line_ids, month) for month in months}
    return [changes.get(start.today, {}).get(start.line_id, start.timezone) for start in starts]


def _days_to_start(line_ids: Sequence[int], now: datetime) -> list[Start]:
    """Lock the lines whose open day has ended, and say which day starts for each of them."""
    ended = list(
        CreditLine.objects.select_for_update()
        .filter(pk__in=line_ids, open_until__lte=now)
        .order_by("pk")
        .values_list("pk", "currency", "timezone", "open_on", "open_until")
    )
    todays = [open_on + calendar.ONE_DAY for _, _, _, open_on, _ in ended]
    in_force = policies.in_force_for(
        (currency, today) for (_, currency, *_), today in zip(ended, todays, strict=True)
    )
    return [
        Start(line_id, timezone, today, at, policy)
        for (line_id, _, timezone, _, at), today, policy in zip(
            ended, todays, in_force, strict=True
        )
    ]
