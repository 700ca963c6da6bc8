"""Statements: one of a month, which its charges add up to, fixed from its end on."""

from lib.audit import Check
from lib.audit_days import day, eve, is_recounted, join_zone

CHECKS = (
    Check(
        4,
        "a statement's totals are its charges, fee by fee",
        "amount, charges",
        """
        SELECT statement.account_id AS merchant_id,
               'statement ' || to_char(statement.month, 'YYYY-MM') || ' ' || fee_id AS subject,
               CASE WHEN charges.count IS NOT NULL THEN (charges.amount, charges.count) END
                   AS expected,
               CASE WHEN total.id IS NOT NULL THEN (total.amount, total.charge_count) END AS found
        FROM billing_statementtotal total FULL JOIN (
            SELECT statement_id, fee_id, sum(amount) AS amount, count(*) AS count
            FROM billing_charge WHERE statement_id IS NOT NULL GROUP BY statement_id, fee_id
        ) charges USING (statement_id, fee_id)
        LEFT JOIN billing_statement statement ON statement.id = statement_id
        """,
    ),
    # The instant before its closing was still of its month, and the closing no longer.
    Check(
        4,
        "a statement closed as its month ended",
        "day after the last open one, day of closing",
        f"""
        SELECT statement.account_id AS merchant_id,
               'statement ' || to_char(statement.month, 'YYYY-MM') AS subject,
               CASE WHEN account.open_on >= next.month THEN (next.month, next.month) END
                   AS expected,
               CASE WHEN statement.closed_at IS NOT NULL THEN (
                   {day("before", eve("statement.closed_at"))} + 1,
                   {day("closed", "statement.closed_at")}) END AS found
        FROM billing_statement statement
        JOIN billing_billingaccount account ON account.merchant_id = statement.account_id
        CROSS JOIN LATERAL (SELECT (statement.month + interval '1 month')::date AS month) next
        {join_zone("closed", merchant="statement.account_id", instant="statement.closed_at")}
        {join_zone("before", merchant="statement.account_id", instant=eve("statement.closed_at"))}
        WHERE {is_recounted("before", eve("statement.closed_at"))}
        """,
    ),
    Check(
        4,
        "a statement opened with its first charge, and got none once closed",
        "opened, charges after closing",
        """
        SELECT statement.account_id AS merchant_id,
               'statement ' || to_char(statement.month, 'YYYY-MM') AS subject,
               (min(charge.arrived_at), 0::bigint) AS expected,
               (statement.opened_at,
                count(*) FILTER (WHERE charge.arrived_at >= statement.closed_at)) AS found
        FROM billing_statement statement
        LEFT JOIN billing_charge charge ON charge.statement_id = statement.id
        GROUP BY statement.id
        """,
    ),
)
