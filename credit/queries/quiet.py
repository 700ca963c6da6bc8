"""The days on which nothing happens to a credit line as they start (rule 20.2)."""

from collections.abc import Sequence
from datetime import date, datetime

from lib import day_ends, prepared

# A day-end has something to do for a line with an order past its due date, with a bill that is
# unpaid for too long, or with an OVERDUE freeze, which it may lift.
THROUGH = """
least(
    (SELECT min(o.due_on) FROM credit_order o
     WHERE o.line_id = line.merchant_id AND o.status = 'OPEN'),
    (SELECT min(day) - 1 FROM unnest(line.unpaid_bill_days) AS day)
)
"""
IS_OVERDUE = """
EXISTS (SELECT FROM credit_freeze standing WHERE standing.line_id = line.merchant_id
            AND standing.reason = 'OVERDUE' AND standing.lifted_at IS NULL)
"""
QUIET = f"""
SELECT line.merchant_id, {THROUGH} FROM credit_creditline line
WHERE line.merchant_id = ANY(%(lines)s::bigint[]) AND NOT {IS_OVERDUE}
"""
# What is quiet through the latest day anywhere, in the month of its open day, can wait.
ENDED = f"""
SELECT merchant_id, timezone, open_on, open_until, quiet_through FROM (
    SELECT line.merchant_id, line.timezone, line.open_on, line.open_until,
           CASE WHEN {IS_OVERDUE} THEN line.open_on
                ELSE coalesce({THROUGH}, %(latest)s::date) END AS quiet_through
    FROM credit_creditline line WHERE line.open_until <= %(now)s OFFSET 0
) ended
WHERE quiet_through < %(latest)s::date
   OR date_trunc('month', open_on) < date_trunc('month', %(latest)s::date)
ORDER BY merchant_id
"""


def quiet_through(line_ids: Sequence[int]) -> dict[int, date]:
    """For each of these locked lines, by its id, the last local day up to which no day-end has
    anything to do: only after it an order is overdue, or a bill that is still unpaid freezes the
    line. It is `date.max` if no such order or bill is in sight. Lines with a freeze for overdue
    payments in force are left out, as each of their days has to be looked at. Reviews, on the first
    day of a month, are not considered.
    """
    found = prepared.rows(QUIET, {"lines": list(line_ids)})
    return {line_id: day or date.max for line_id, day in found}


def that_cannot_wait(now: datetime) -> Sequence[int]:
    """The ids of the lines that have a day to work off by `now` after whose end something happens;
    the ended days of all others may pass later, together.
    """
    ended = prepared.rows(ENDED, {"now": now, "latest": day_ends.latest_day(now)})
    return day_ends.that_cannot_wait(ended, now)
