"""Placing and lifting freezes (domain: credit, freeze)."""

from collections.abc import Sequence
from datetime import datetime

from django.db import connection

from credit.models import CreditLine, Freeze
from credit.rules import INSTALMENT_DAYS, OVERDUE_RATIO

# What is overdue of each line on the day given for it: of every open order, the parts due before
# that day, less what is paid, and no more than what is still outstanding (credit.rules.parts).
OVERDUE_BY_LINE = """
    SELECT day.line_id, coalesce(sum(greatest(least(
               CASE WHEN passed.parts >= o.instalments THEN o.amount
                    ELSE o.part_amount * passed.parts END,
               o.paid + o.outstanding) - o.paid, 0)), 0) AS amount
    FROM day
    LEFT JOIN credit_order o
           ON o.line_id = day.line_id AND o.status = 'OPEN' AND o.due_on < day.today
    LEFT JOIN LATERAL (
        SELECT (day.today - 1 - o.first_due_on) / %(instalment_days)s + 1 AS parts) passed ON true
    GROUP BY day.line_id
"""

# At a day start: place where the overdue amount has reached the ratio, lift where it has not.
UPDATE_OVERDUE = f"""
WITH day AS (
    SELECT merchant_id AS line_id, open_on + 1 AS today FROM credit_creditline
    WHERE merchant_id = ANY(%(lines)s)
), overdue AS ({OVERDUE_BY_LINE}
), state AS (
    SELECT l.merchant_id AS line_id, l.open_until AS at, standing.id AS freeze_id,
           overdue.amount > 0 AND overdue.amount >= %(ratio)s * l."limit" AS holds
    FROM overdue JOIN credit_creditline l ON l.merchant_id = overdue.line_id
    LEFT JOIN credit_freeze standing ON standing.line_id = l.merchant_id
         AND standing.reason = 'OVERDUE' AND standing.lifted_at IS NULL
), placed AS (
    INSERT INTO credit_freeze (line_id, reason, note, placed_at, placed_by, lifted_by)
    SELECT line_id, 'OVERDUE', '', at, 'day-end', '' FROM state
    WHERE holds AND freeze_id IS NULL ORDER BY line_id
    RETURNING line_id, 1 AS change
), lifted AS (
    UPDATE credit_freeze SET lifted_at = state.at, lifted_by = 'day-end'
    FROM state WHERE credit_freeze.id = state.freeze_id AND NOT state.holds
    RETURNING credit_freeze.line_id, -1 AS change
)
UPDATE credit_creditline l SET freezes_in_force = l.freezes_in_force + changed.change
FROM (SELECT * FROM placed UNION ALL SELECT * FROM lifted) changed
WHERE l.merchant_id = changed.line_id
"""

OVERDUE_OF_ONE_LINE = f"""
WITH day AS (SELECT %(line)s::bigint AS line_id, %(today)s::date AS today)
SELECT amount FROM ({OVERDUE_BY_LINE}) overdue
"""


def update_overdue(line_ids: Sequence[int]) -> None:
    """Place or lift the OVERDUE freeze of each locked line, as its next day starts."""
    with connection.cursor() as cursor:
        cursor.execute(
            UPDATE_OVERDUE,
            {
                "lines": list(line_ids),
                "ratio": OVERDUE_RATIO,
                "instalment_days": INSTALMENT_DAYS,
            },
        )


def lift_overdue(line: CreditLine, *, now: datetime) -> None:
    """Lift the locked line's OVERDUE freeze if a payment or refund has ended its cause."""
    if not line.is_frozen:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            OVERDUE_OF_ONE_LINE,
            {"line": line.pk, "today": line.open_on, "instalment_days": INSTALMENT_DAYS},
        )
        (overdue,) = cursor.fetchone()
    if overdue > 0 and overdue >= OVERDUE_RATIO * line.limit:
        return
    lifted = Freeze.objects.filter(
        line=line, reason=Freeze.Reason.OVERDUE, lifted_at__isnull=True
    ).update(lifted_at=now, lifted_by="platform")
    if lifted:
        line.freezes_in_force -= lifted
        line.save(update_fields=["freezes_in_force"])
