"""The credit half of a merchant's day-end: write-offs, then overdue freezes (domain: day-ends).

Set-based: one pass works off one local day of every line given. All that a day-end does carries
the instant at which the day ended, whenever the job came to it.
"""

from collections.abc import Sequence
from datetime import datetime

from django.db import connection, transaction

from credit.models import CreditLine
from credit.operations import freezes
from credit.rules import WRITE_OFF_DAYS
from merchants import calendar

# The loss of an order leaves `used`, and takes as much of the limit as there is. `lost` counts up
# over the orders of one line, so that each entry shows the balances that it left.
WRITE_OFF = """
WITH due AS (
    SELECT o.id, o.line_id, o.outstanding, sum(o.outstanding) OVER (
               PARTITION BY o.line_id ORDER BY o.due_on, o.id) AS lost
    FROM credit_order o JOIN credit_creditline l ON l.merchant_id = o.line_id
    WHERE o.line_id = ANY(%(lines)s) AND o.status = 'OPEN'
      AND o.due_on <= l.open_on + 1 - %(write_off_days)s
), entry AS (
    INSERT INTO credit_limitentry (line_id, order_id, kind, currency, limit_change, used_change,
                                   limit_after, used_after, actor, reason, at)
    SELECT d.line_id, d.id, 'WRITE_OFF', l.currency,
           greatest(l."limit" - d.lost, 0) - greatest(l."limit" - d.lost + d.outstanding, 0),
           -d.outstanding, greatest(l."limit" - d.lost, 0), l.used - d.lost,
           'day-end', '', l.open_until
    FROM due d JOIN credit_creditline l ON l.merchant_id = d.line_id
    ORDER BY d.line_id, d.lost
), written_off AS (
    UPDATE credit_order o
    SET status = 'WRITTEN_OFF', written_off = o.outstanding, outstanding = 0, due_on = NULL,
        written_off_at = l.open_until
    FROM due d JOIN credit_creditline l ON l.merchant_id = d.line_id
    WHERE o.id = d.id
)
UPDATE credit_creditline l
SET used = l.used - total.lost, "limit" = greatest(l."limit" - total.lost, 0)
FROM (SELECT line_id, max(lost) AS lost FROM due GROUP BY line_id) total
WHERE l.merchant_id = total.line_id
"""

OPEN_NEXT_DAY = """
UPDATE credit_creditline l SET open_on = l.open_on + 1, open_until = next.ends
FROM unnest(%(lines)s::bigint[], %(ends)s::timestamptz[]) AS next(line_id, ends)
WHERE l.merchant_id = next.line_id
"""


def work_off(line_ids: Sequence[int], *, now: datetime) -> int:
    """Work off all day-ends ≤ `now` of these lines, one day at a time; how many there were.

    Each day of the chunk is one transaction (or part of the caller's), so that a run that dies, is
    late, or meets another one leaves every line at the end of some day.
    """
    worked_off = 0
    while lines := _work_off_one_day(line_ids, now):
        worked_off += lines
    return worked_off


@transaction.atomic
def _work_off_one_day(line_ids: Sequence[int], now: datetime) -> int:
    due = list(
        CreditLine.objects.select_for_update()
        .filter(pk__in=line_ids, open_until__lte=now)
        .order_by("pk")
        .values_list("pk", "timezone", "open_on")
    )
    if not due:
        return 0
    lines = [pk for pk, _, _ in due]
    ends = [calendar.day_end(open_on + calendar.ONE_DAY, tz) for _, tz, open_on in due]
    with connection.cursor() as cursor:
        cursor.execute(WRITE_OFF, {"lines": lines, "write_off_days": WRITE_OFF_DAYS})
        freezes.update_overdue(lines)
        cursor.execute(OPEN_NEXT_DAY, {"lines": lines, "ends": ends})
    return len(due)
