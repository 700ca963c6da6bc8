"""Items, the sums of charges that post together, and an account's figures, the sums of items."""

from billing.audit.charges import month_end
from lib.audit import Check
from lib.audit_days import day, eve, is_recounted, join_zone

CHECKS = (
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
               CASE WHEN account.closed_on IS NOT NULL THEN NULL
                   WHEN item.posting = 'DAILY' THEN account.open_on
                   WHEN item.posting = 'MONTHLY' THEN {month_end("account.open_on")}
                   END AS expected,
               item.posting_on AS found
        FROM billing_invoiceitem item
        JOIN billing_billingaccount account ON account.merchant_id = item.account_id
        WHERE item.posted_at IS NULL
        """,
    ),
    # A day's end is the next day's first instant. The guard may post within the day itself, and
    # closing an account posts what was to wait. A day that a new time zone passes over ends as it
    # starts: it lies between two instants.
    Check(
        5,
        "an item posted at once, at the end of its day, or of its month",
        "day it posts on",
        f"""
        SELECT item.account_id AS merchant_id,
               'item ' || item.fee_id || ' ' || item.posting_on AS subject,
               item.posting_on AS expected,
               CASE WHEN item.posting_on > eve.day AND item.posting_on < local.day
                         THEN item.posting_on
                    WHEN item.posting = 'IMMEDIATE' THEN local.day
                    WHEN item.posting = 'DAILY' AND item.posting_on = local.day THEN local.day
                    WHEN item.posting = 'MONTHLY' AND EXISTS (
                        SELECT FROM billing_accountchange change
                        WHERE change.account_id = item.account_id AND change.what = 'CLOSED'
                          AND change.at = item.posted_at) THEN local.day
                    ELSE eve.day END AS found
        FROM billing_invoiceitem item
        {join_zone("posted", merchant="item.account_id", instant="item.posted_at")}
        {join_zone("before", merchant="item.account_id", instant=eve("item.posted_at"))}
        CROSS JOIN LATERAL (SELECT {day("posted", "item.posted_at")} AS day) local
        CROSS JOIN LATERAL (SELECT {day("before", eve("item.posted_at"))} AS day) eve
        WHERE item.posted_at IS NOT NULL AND {is_recounted("before", eve("item.posted_at"))}
        """,
    ),
)
