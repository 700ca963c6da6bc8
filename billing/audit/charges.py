"""Charges, and the items, statements and running figures that they add up to.

Days are those of the account's time zone now, by PostgreSQL's own time zone database: whatever will
change an account's time zone has to say here from when on it counts. Instants are turned into local
days, never days into instants: a midnight that comes twice or not at all is no matter.
"""

from billing.models.fees import STATEMENT_CATEGORIES
from merchants.audit import Check

ON_STATEMENTS = ", ".join(f"'{category.value}'" for category in sorted(STATEMENT_CATEGORIES))
ARRIVED_ON = "(charge.arrived_at AT TIME ZONE account.timezone)::date"
MONTH_ENDS_ON = "(date_trunc('month', {day}::timestamp) + interval '1 month - 1 day')::date"

CHARGES = (
    Check(
        3,
        "a charge is in an item of its account and fee",
        "account, fee, currency",
        """
        SELECT charge.account_id AS merchant_id, 'charge ' || charge.reference AS subject,
               (charge.account_id, charge.fee_id, charge.currency) AS expected,
               (item.account_id, item.fee_id, item.currency) AS found
        FROM billing_charge charge LEFT JOIN billing_invoiceitem item ON item.id = charge.item_id
        """,
    ),
    # What comes too late for its month's end posts as it arrives, whatever its fee says.
    Check(
        3,
        "a charge's item posts when its fee says, seen from its arrival",
        "posting, day",
        f"""
        SELECT charge.account_id AS merchant_id, 'charge ' || charge.reference AS subject,
               CASE WHEN fee.posting <> 'MONTHLY' THEN (fee.posting, {ARRIVED_ON})
                    WHEN charge.is_late THEN ('IMMEDIATE'::varchar, {ARRIVED_ON})
                    ELSE (fee.posting, {MONTH_ENDS_ON.format(day=ARRIVED_ON)}) END AS expected,
               (item.posting, item.posting_on) AS found
        FROM billing_charge charge
        JOIN billing_billingaccount account ON account.merchant_id = charge.account_id
        JOIN billing_fee fee ON fee.code = charge.fee_id
        LEFT JOIN billing_invoiceitem item ON item.id = charge.item_id
        """,
    ),
    Check(
        3,
        "a charge is dated by its service, and late when that month had ended",
        "day, late",
        f"""
        SELECT charge.account_id AS merchant_id, 'charge ' || charge.reference AS subject,
               ((charge.at AT TIME ZONE account.timezone)::date,
                CASE WHEN date_trunc('month', charge.service_on::timestamp)
                          < date_trunc('month', {ARRIVED_ON}::timestamp)
                     THEN 'late' ELSE 'in time' END) AS expected,
               (charge.service_on,
                CASE WHEN charge.is_late THEN 'late' ELSE 'in time' END) AS found
        FROM billing_charge charge
        JOIN billing_billingaccount account ON account.merchant_id = charge.account_id
        """,
    ),
    Check(
        3,
        "a charge is in the statement of its month, if its category has one",
        "account, month",
        f"""
        SELECT charge.account_id AS merchant_id, 'charge ' || charge.reference AS subject,
               CASE WHEN fee.category IN ({ON_STATEMENTS}) THEN (
                   charge.account_id,
                   date_trunc('month', (CASE WHEN charge.is_late THEN {ARRIVED_ON}
                                             ELSE charge.service_on END)::timestamp)::date
               ) END AS expected,
               CASE WHEN charge.statement_id IS NOT NULL THEN (
                   statement.account_id, statement.month) END AS found
        FROM billing_charge charge
        JOIN billing_billingaccount account ON account.merchant_id = charge.account_id
        JOIN billing_fee fee ON fee.code = charge.fee_id
        LEFT JOIN billing_statement statement ON statement.id = charge.statement_id
        """,
    ),
)

ITEMS = (
    Check(
        4,
        "an item is the sum of its charges",
        "amount, charges",
        """
        SELECT item.account_id AS merchant_id,
               'item ' || item.fee_id || ' ' || item.posting_on AS subject,
               (coalesce(charges.amount, 0), coalesce(charges.count, 0)) AS expected,
               (item.amount, item.charge_count) AS found
        FROM billing_invoiceitem item LEFT JOIN (
            SELECT item_id, sum(amount) AS amount, count(*) AS count
            FROM billing_charge GROUP BY item_id
        ) charges ON charges.item_id = item.id
        """,
    ),
    Check(
        5,
        "outstanding and accruing are the items that are on no bill",
        "outstanding, accruing",
        """
        SELECT account.merchant_id, 'billing account' AS subject,
               (coalesce(items.outstanding, 0), coalesce(items.accruing, 0)) AS expected,
               (account.outstanding, account.accruing) AS found
        FROM billing_billingaccount account LEFT JOIN (
            SELECT account_id, sum(amount) FILTER (WHERE posted_at IS NOT NULL) AS outstanding,
                   sum(amount) FILTER (WHERE posted_at IS NULL AND posting = 'DAILY') AS accruing
            FROM billing_invoiceitem WHERE invoice_id IS NULL GROUP BY account_id
        ) items ON items.account_id = account.merchant_id
        """,
    ),
    Check(
        5,
        "what has not posted is of the open day or month",
        "day it posts on",
        f"""
        SELECT item.account_id AS merchant_id,
               'item ' || item.fee_id || ' ' || item.posting_on AS subject,
               CASE item.posting WHEN 'DAILY' THEN account.open_on
                   WHEN 'MONTHLY' THEN {MONTH_ENDS_ON.format(day="account.open_on")}
                   END AS expected,
               item.posting_on AS found
        FROM billing_invoiceitem item
        JOIN billing_billingaccount account ON account.merchant_id = item.account_id
        WHERE item.posted_at IS NULL
        """,
    ),
    # A day's end is the next day's first instant; the guard may post within the day itself.
    Check(
        5,
        "an item posted at once, at the end of its day, or of its month",
        "day it posts on",
        """
        SELECT item.account_id AS merchant_id,
               'item ' || item.fee_id || ' ' || item.posting_on AS subject,
               item.posting_on AS expected,
               CASE WHEN item.posting = 'IMMEDIATE' THEN local.day
                    WHEN item.posting = 'DAILY' AND local.day = item.posting_on THEN local.day
                    ELSE local.day - 1 END AS found
        FROM billing_invoiceitem item
        JOIN billing_billingaccount account ON account.merchant_id = item.account_id
        CROSS JOIN LATERAL (
            SELECT (item.posted_at AT TIME ZONE account.timezone)::date AS day
        ) local
        WHERE item.posted_at IS NOT NULL
        """,
    ),
)

STATEMENTS = (
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
        """
        SELECT statement.account_id AS merchant_id,
               'statement ' || to_char(statement.month, 'YYYY-MM') AS subject,
               CASE WHEN account.open_on >= next.month THEN (next.month, next.month) END
                   AS expected,
               CASE WHEN statement.closed_at IS NOT NULL THEN (
                   ((statement.closed_at - interval '1 microsecond')
                    AT TIME ZONE account.timezone)::date + 1,
                   (statement.closed_at AT TIME ZONE account.timezone)::date) END AS found
        FROM billing_statement statement
        JOIN billing_billingaccount account ON account.merchant_id = statement.account_id
        CROSS JOIN LATERAL (SELECT (statement.month + interval '1 month')::date AS month) next
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
    Check(
        6,
        "one statement per merchant and month",
        "statements",
        """
        SELECT account_id AS merchant_id, 'statement ' || to_char(month, 'YYYY-MM') AS subject,
               1 AS expected, count(*) AS found
        FROM billing_statement GROUP BY account_id, month
        """,
    ),
)

CHECKS = CHARGES + ITEMS + STATEMENTS
