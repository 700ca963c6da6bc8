"""The audit checks of limits and pay-outs that take two people above the caps (rule 25.13)."""

from lib.audit import Check
from merchants.audit.two_people import CONFIRMED, JOIN_PROPOSAL, decided

TWO_PEOPLE = (
    Check(
        13,
        "raises of limits, and unmatched cash paid out, are operators' decisions, once each",
        "merchant, figure",
        decided(
            """
            SELECT line_id AS merchant_id, 'limit entry ' || id AS subject, limit_after AS figure
            FROM credit_limitentry
            WHERE limit_change > 0 AND (kind = 'LIMIT_SET' OR kind = 'REVIEW' AND actor LIKE '%@%')
            UNION ALL
            SELECT line_id, 'settlement ' || id, amount FROM credit_unmatchedsettlement
            WHERE kind IN ('RELEASED', 'RETURNED')
            """,
            "limit entry|settlement",
        ),
    ),
    # The lowest limit is looked for in the 30 times 24 hours before, which the 30 local days hold.
    Check(
        13,
        "a limit above the caps was confirmed by another person",
        "by one within the caps, or by two",
        f"""
        SELECT decision.merchant_id, decision.subject, true AS expected,
               coalesce(entry.limit_after <= policy.maximum_limit
                        AND entry.limit_after <= 2 * lowest.amount, false)
               OR {CONFIRMED} AS found
        FROM merchants_operatordecision decision
        JOIN credit_limitentry entry
             ON entry.id = substr(decision.subject, length('limit entry ') + 1)::bigint
        LEFT JOIN LATERAL (
            SELECT * FROM credit_creditpolicy version
            WHERE version.currency = decision.currency AND version.starts_on <= decision.day
              AND version.withdrawn_at IS NULL
            ORDER BY starts_on DESC LIMIT 1
        ) policy ON true
        CROSS JOIN LATERAL (
            SELECT least(entry.limit_after - entry.limit_change, (
                SELECT min(other.limit_after) FROM credit_limitentry other
                WHERE other.line_id = entry.line_id AND other.limit_change <> 0
                  AND other.at >= entry.at - interval '30 days' AND other.id < entry.id
            ), (
                SELECT other.limit_after FROM credit_limitentry other
                WHERE other.line_id = entry.line_id AND other.limit_change <> 0
                  AND other.at < entry.at - interval '30 days'
                ORDER BY other.at DESC, other.id DESC LIMIT 1
            )) AS amount
        ) lowest
        {JOIN_PROPOSAL}
        WHERE decision.what = 'LIMIT'
        """,
    ),
)
