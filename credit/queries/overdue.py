"""Computes what is past its due date (rule 4.16)."""

from django.db import connection
from moneyed import Money

from credit.models import CreditLine
from credit.rules import INSTALMENT_DAYS
from lib import money

# The amount that is overdue of each line on its day of table `day`: of every open order, the parts
# due before that day, less what is paid, at most what is still outstanding (credit.rules.parts).
# OFFSET 0 has them looked for line by line, by the index of due days: the database cannot tell how
# few of a line's orders are due before a day that stands in a table, and would read those of all.
OVERDUE_BY_LINE = """
    SELECT day.line_id, coalesce(sum(greatest(least(
               CASE WHEN passed.parts >= o.instalments THEN o.amount
                    ELSE o.part_amount * passed.parts END,
               o.paid + o.outstanding) - o.paid, 0)), 0) AS amount
    FROM day
    LEFT JOIN LATERAL (
        SELECT late.status, late.instalments, late.amount, late.part_amount, late.paid,
               late.outstanding, late.first_due_on
        FROM credit_order late
        WHERE late.line_id = day.line_id AND late.due_on < day.today OFFSET 0
    ) o ON o.status = 'OPEN'
    LEFT JOIN LATERAL (
        SELECT (day.today - 1 - o.first_due_on) / %(instalment_days)s + 1 AS parts) passed ON true
    GROUP BY day.line_id
"""

OVERDUE_OF_ONE_LINE = f"""
WITH day AS (SELECT %(line)s::bigint AS line_id, %(today)s::date AS today)
SELECT amount FROM ({OVERDUE_BY_LINE}) overdue
"""


def overdue_of(line: CreditLine) -> Money:
    """The amount that is overdue on the line's orders as of its open day. Rule 4.16."""
    with connection.cursor() as cursor:
        cursor.execute(
            OVERDUE_OF_ONE_LINE,
            {"line": line.pk, "today": line.open_on, "instalment_days": INSTALMENT_DAYS},
        )
        (overdue,) = cursor.fetchone()
    return money.of(overdue, line.currency)
