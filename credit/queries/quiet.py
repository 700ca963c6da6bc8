"""The days on which nothing happens to a credit line as they start (rule 20.2)."""

from collections.abc import Sequence
from datetime import date

from django.db import connection

# A day-end has something to do for a line with an order past its due date, with a bill that is
# unpaid for too long, or with an OVERDUE freeze, which it may lift.
QUIET = """
SELECT line.merchant_id, least(
    (SELECT min(o.due_on) FROM credit_order o
     WHERE o.line_id = line.merchant_id AND o.status = 'OPEN'),
    (SELECT min(day) - 1 FROM unnest(line.unpaid_bill_days) AS day)
)
FROM credit_creditline line
WHERE line.merchant_id = ANY(%(lines)s) AND NOT EXISTS (
    SELECT FROM credit_freeze standing WHERE standing.line_id = line.merchant_id
        AND standing.reason = 'OVERDUE' AND standing.lifted_at IS NULL)
"""


def quiet_through(line_ids: Sequence[int]) -> dict[int, date]:
    """For each of these locked lines, the last day up to which no day-end has anything to do;
    `date.max` if none in sight has.

    Lines whose every day has to be looked at are left out. Reviews, on the first day of a month,
    are not considered.
    """
    with connection.cursor() as cursor:
        cursor.execute(QUIET, {"lines": list(line_ids)})
        return {line_id: day or date.max for line_id, day in cursor.fetchall()}
