"""Plan terms: what an account's plan costs, and the dates on which it is due."""

from billing.audit.closings import CLOSINGS, was_closed_on
from lib.audit import Check

# Up to here an account has plan and cycle dates: it is open, or was. Days for which it was closed
# before had none.
SCHEDULED_UNTIL = "least(account.open_on, account.closed_on)"
# Of two terms from the same date the later one holds; each, until the next one starts.
TERMS = """
SELECT term.*, lead(starts_on) OVER (PARTITION BY account_id ORDER BY starts_on) - 1 AS ends_on
FROM (
    SELECT DISTINCT ON (account_id, starts_on) * FROM billing_planterm
    ORDER BY account_id, starts_on, id DESC
) term
"""
# Every date on which a plan was due, with its price.
PLAN_DATES = f"""
SELECT term.account_id, term.starts_on + step AS day, term.plan_price
FROM ({TERMS}) term JOIN billing_billingaccount account ON account.merchant_id = term.account_id
CROSS JOIN LATERAL generate_series(
    0, least({SCHEDULED_UNTIL}, term.ends_on) - term.starts_on, term.plan_interval_days) AS step
WHERE NOT {was_closed_on("term.starts_on + step", "term.account_id")}
"""
# The term of an account on a day.
IN_FORCE = """
SELECT * FROM billing_planterm term
WHERE term.account_id = account.merchant_id AND term.starts_on <= {on}
ORDER BY term.starts_on DESC, term.id DESC LIMIT 1
"""

CHECKS = (
    Check(
        6,
        "an account's plan is the term in force",
        "plan, price, days",
        f"""
        SELECT account.merchant_id, 'billing account' AS subject,
               (term.plan, term.plan_price, term.plan_interval_days) AS expected,
               (account.plan, account.plan_price, account.plan_interval_days) AS found
        FROM billing_billingaccount account
        LEFT JOIN LATERAL ({IN_FORCE.format(on=SCHEDULED_UNTIL)}) term ON true
        """,
    ),
    # Day 0 of the first term is the day of joining. As an account is opened again, its plan may
    # start anew.
    Check(
        6,
        "a plan term starts on a plan date of the term before",
        "day",
        f"""
        SELECT term.account_id AS merchant_id, term.plan || ' from ' || term.starts_on AS subject,
               CASE WHEN before.starts_on IS NULL THEN account.joined_on
                    WHEN mod(term.starts_on - before.starts_on, before.plan_interval_days) = 0
                      OR EXISTS (
                        SELECT FROM ({CLOSINGS}) closing
                        WHERE closing.account_id = term.account_id
                          AND closing.reopened_on = term.starts_on)
                    THEN term.starts_on END AS expected,
               term.starts_on AS found
        FROM billing_planterm term
        JOIN billing_billingaccount account ON account.merchant_id = term.account_id
        LEFT JOIN ({TERMS}) before
             ON before.account_id = term.account_id AND before.ends_on = term.starts_on - 1
        """,
    ),
)
