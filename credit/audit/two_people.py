"""The audit checks of limits and pay-outs that take two people above the caps (rule 25.13)."""

from credit.queries import history
from credit.sorts import LIMIT
from lib.audit import Check
from lib.audit_days import day, is_recounted, join_zone
from merchants.audit.two_people import CONFIRMED, JOIN_PROPOSAL, decided

FIRST_DAY = f"decision.day - {history.LOWEST_OF.days}"
EARLIER_DAY = day("earlier_zone", "earlier.at")
# Operators' raises of limits, each with the lowest limit of the days by which it is measured: the
# one that it raised, those of these days, and the one with which they began. Days that are not
# recounted by the time-zone data in use are not looked at (lib.audit_days).
RAISED = f"""
SELECT decision.id, entry.limit_after,
       least(entry.limit_after - entry.limit_change,
             min(earlier.limit_after) FILTER (WHERE {EARLIER_DAY} >= {FIRST_DAY}),
             (array_agg(earlier.limit_after ORDER BY earlier.id DESC)
                  FILTER (WHERE {EARLIER_DAY} < {FIRST_DAY}))[1]) AS lowest
FROM merchants_operatordecision decision
JOIN credit_limitentry entry
     ON entry.id = substr(decision.subject, length('limit entry ') + 1)::bigint
LEFT JOIN credit_limitentry earlier
     ON earlier.line_id = entry.line_id AND earlier.limit_change <> 0 AND earlier.id < entry.id
{join_zone("zone", merchant="decision.merchant_id", instant="decision.at")}
{join_zone("earlier_zone", merchant="earlier.line_id", instant="earlier.at")}
WHERE decision.what = '{LIMIT.code}' AND {is_recounted("zone", "decision.at")}
GROUP BY decision.id, entry.id, entry.limit_after, entry.limit_change
"""

TWO_PEOPLE = (
    Check(
        13,
        "raises, pay-outs and corrections of proceeds are operators' decisions, once each",
        "merchant, figure",
        decided(
            """
            SELECT line_id AS merchant_id, 'limit entry ' || id AS subject, limit_after AS figure
            FROM credit_limitentry
            WHERE limit_change > 0 AND (kind = 'LIMIT_SET' OR kind = 'REVIEW' AND actor LIKE '%@%')
            UNION ALL
            SELECT line_id, 'settlement ' || id, amount FROM credit_unmatchedsettlement
            WHERE kind IN ('RELEASED', 'RETURNED')
            UNION ALL
            SELECT line_id, 'withdrawal ' || id, amount FROM credit_withdrawal
            WHERE status = 'RETURNED_BY_BANK'
            UNION ALL
            SELECT line_id, 'correction ' || id, abs(amount) FROM credit_proceedscorrection
            UNION ALL
            SELECT line_id, 'write-off ' || id, -used_change FROM credit_limitentry
            WHERE kind = 'WRITE_OFF' AND actor LIKE '%@%'
            """,
            "limit entry|settlement|withdrawal|correction|write-off",
        ),
    ),
    Check(
        13,
        "a limit above the caps was confirmed by another person",
        "by one within the caps, or by two",
        f"""
        SELECT decision.merchant_id, decision.subject, true AS expected,
               coalesce(raised.limit_after <= policy.maximum_limit
                        AND raised.limit_after <= 2 * raised.lowest, false)
               OR {CONFIRMED} AS found
        FROM ({RAISED}) raised
        JOIN merchants_operatordecision decision ON decision.id = raised.id
        LEFT JOIN LATERAL (
            SELECT * FROM credit_creditpolicy version
            WHERE version.currency = decision.currency AND version.starts_on <= decision.day
              AND version.withdrawn_at IS NULL
            ORDER BY starts_on DESC LIMIT 1
        ) policy ON true
        {JOIN_PROPOSAL}
        """,
    ),
)
