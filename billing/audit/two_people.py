"""The audit checks of billing's decisions that take two people above the figures (rule 25.13)."""

from lib.audit import Check
from merchants.audit.two_people import CONFIRMED, JOIN_PROPOSAL, decided

# What a closed account was paid out, and the part of it that was unapplied money.
PAID_OUT = """
SELECT change.account_id AS merchant_id, change.id, entry.id AS entry_id,
       -change.before::numeric - coalesce(entry.amount, 0) AS figure
FROM billing_accountchange change LEFT JOIN billing_unappliedentry entry
     ON entry.account_id = change.account_id AND entry.kind = 'GIVEN_BACK'
    AND entry.at = change.at AND entry.reference = change.after
WHERE change.what = 'PAID_OUT'
"""

CHECKS = (
    Check(
        13,
        "credits, pay-outs, higher thresholds and prices are operators' decisions, once each",
        "merchant, figure",
        decided(
            f"""
            SELECT account_id AS merchant_id, 'credit ' || id AS subject, amount AS figure
            FROM billing_billingcredit WHERE status = 'APPROVED'
            UNION ALL
            SELECT account_id, 'reversal ' || id, amount - taken
            FROM billing_reversal WHERE status = 'ACCEPTED' AND reason > ''
            UNION ALL
            SELECT merchant_id, 'account change ' || id, figure FROM ({PAID_OUT}) paid_out
            UNION ALL
            SELECT account_id, 'unapplied entry ' || id, -amount FROM billing_unappliedentry
            WHERE kind = 'GIVEN_BACK'
              AND id NOT IN (SELECT entry_id FROM ({PAID_OUT}) paid WHERE entry_id IS NOT NULL)
            UNION ALL
            SELECT account_id, 'account change ' || id, after::numeric
            FROM billing_accountchange
            WHERE CASE what WHEN 'THRESHOLD' THEN after::numeric > before::numeric END
            UNION ALL
            SELECT merchant_id, 'price ' || id, coalesce(unit_price, 0) FROM billing_feeprice
            """,
            "credit|reversal|account change|unapplied entry|price",
        ),
    ),
    Check(
        13,
        "a price far from the one before was confirmed by another person",
        "by one from half to double, or by two",
        f"""
        SELECT decision.merchant_id, decision.subject, true AS expected,
               coalesce(price.unit_price BETWEEN before.unit_price / 2
                        AND before.unit_price * 2, true)
               OR {CONFIRMED} AS found
        FROM merchants_operatordecision decision
        JOIN billing_feeprice price
             ON price.id = substr(decision.subject, length('price ') + 1)::bigint
        LEFT JOIN LATERAL (
            SELECT other.unit_price FROM billing_feeprice other
            WHERE other.fee_id = price.fee_id AND other.currency = price.currency
              AND other.merchant_id IS NOT DISTINCT FROM price.merchant_id
              AND other.from_on <= price.from_on AND other.id < price.id
            ORDER BY other.from_on DESC, other.id DESC LIMIT 1
        ) before ON true
        {JOIN_PROPOSAL}
        WHERE decision.what = 'PRICE'
        """,
    ),
)
