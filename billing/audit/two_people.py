"""The audit checks of billing's decisions that take two people above the figures (rule 25.13)."""

from billing.models.charges import MADE_BY_HAND
from billing.sorts import CREDIT, PRICE, REOPENING, THRESHOLD
from lib.audit import Check
from lib.audit_days import clock_day, is_recounted, join_zone
from merchants.audit.two_people import CONFIRMED, JOIN_PROPOSAL, decided, within_figures


def _in_force(of: str, on: str, known: str) -> str:
    """SQL for the unit price that held before the row `price`; NULL without any, or if the last one
    was a merchant's own that ended. `of` is a condition on `merchant_id` without its table, that
    says whose prices are meant; `on` is SQL for the day; `known` is a condition on the earlier
    prices, called `old`.
    """
    return f"""(
        SELECT old.unit_price FROM billing_feeprice old
        WHERE old.fee_id = price.fee_id AND old.currency = price.currency AND old.{of}
          AND old.from_on <= {on} AND {known} AND old.id < price.id
        ORDER BY old.from_on DESC, old.id DESC LIMIT 1
    )"""


def _near(price: str, before: str) -> str:
    """SQL that is true if a price is at least half of the one before and at most double, or if one
    of them is NULL, as where there is none before; both parameters are SQL for the prices.
    """
    return f"coalesce({price} * 2 >= {before} AND {price} <= {before} * 2, true)"


OWN, GENERAL = "merchant_id = price.merchant_id", "merchant_id IS NULL"
INTRODUCED_DAY = clock_day("zone", "old.introduced_at")
# A price for everybody is introduced on a day in UTC.
BEFORE_TODAY = f"""
coalesce({INTRODUCED_DAY}, (old.introduced_at AT TIME ZONE 'UTC')::date) < decision.day
"""
# Operators' prices, each with what a unit costs by it, what it would have cost on its first day,
# and what it had cost as the day began on which it was introduced. Days that are not recounted by
# the time-zone data in use are not looked at (lib.audit_days).
NEW_PRICES = f"""
SELECT price.*,
       coalesce(price.unit_price, {_in_force(GENERAL, "price.from_on", "true")}) AS costs,
       coalesce({_in_force(OWN, "price.from_on", "true")},
                {_in_force(GENERAL, "price.from_on", "true")}) AS would_cost,
       coalesce({_in_force(OWN, "decision.day", BEFORE_TODAY)},
                {_in_force(GENERAL, "decision.day", BEFORE_TODAY)}) AS had_cost
FROM merchants_operatordecision decision
JOIN billing_feeprice price ON decision.subject = 'price ' || price.id
{join_zone("zone", merchant="price.merchant_id", instant="price.introduced_at")}
WHERE {is_recounted("zone", "price.introduced_at")}
"""

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
            SELECT account_id AS merchant_id, 'charge ' || id AS subject, amount AS figure
            FROM billing_charge WHERE starts_with(reference, '{MADE_BY_HAND}')
            UNION ALL
            SELECT invoice.account_id, 'waiver ' || waiver.id, waiver.amount
            FROM billing_waiver waiver
            JOIN billing_invoice invoice ON invoice.id = waiver.invoice_id
            UNION ALL
            SELECT account_id, 'credit ' || id, amount
            FROM billing_billingcredit WHERE status IN ('APPROVED', 'UNDONE')
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
            SELECT booked.account_id, 'transfer ' || booked.id, booked.amount
            FROM billing_banktransfer moved
            JOIN billing_banktransfer booked ON booked.id = moved.becomes_id
            WHERE booked.account_id <> moved.account_id
            UNION ALL
            SELECT account_id, 'account change ' || id, after::numeric
            FROM billing_accountchange
            WHERE CASE what WHEN 'THRESHOLD' THEN after::numeric > before::numeric END
            UNION ALL
            SELECT account_id, 'account change ' || id, after::numeric
            FROM billing_accountchange WHERE what = 'REOPENED'
            UNION ALL
            SELECT merchant_id, 'price ' || id, coalesce(unit_price, 0) FROM billing_feeprice
            """,
            "charge|waiver|credit|reversal|account change|unapplied entry|transfer|price",
        ),
    ),
    within_figures(THRESHOLD, "thresholds"),
    within_figures(CREDIT, "credits"),
    within_figures(PRICE, "prices"),
    Check(
        13,
        "an account whose line had a limit was opened again by two people",
        "without a limit, or by two",
        f"""
        SELECT decision.merchant_id, decision.subject, true AS expected,
               decision.figure = 0 OR {CONFIRMED} AS found
        FROM merchants_operatordecision decision {JOIN_PROPOSAL}
        WHERE decision.what = '{REOPENING.code}'
        """,
    ),
    Check(
        13,
        "a price far from the one before was confirmed by another person",
        "by one from half to double, or by two",
        f"""
        SELECT new.merchant_id, 'price ' || new.id || ' of ' || new.fee_id AS subject,
               true AS expected,
               {_near("new.costs", "new.would_cost")} AND {_near("new.costs", "new.had_cost")}
               OR {CONFIRMED} AS found
        FROM ({NEW_PRICES}) new JOIN merchants_operatordecision decision
             ON decision.subject = 'price ' || new.id
        {JOIN_PROPOSAL}
        """,
    ),
)
