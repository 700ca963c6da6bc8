"""Bills: what they hold, whether it may be there, and who decided about them."""

from lib.audit import Check

# What a bill is called: its number, or, while it has none, that it is a draft.
BILL = "coalesce('bill ' || bill.number, 'draft ' || bill.id)"
# A draft is issued later: what it holds was there when it was drawn up.
DRAWN_UP_AT = "coalesce(bill.drafted_at, bill.issued_at)"

CONTENTS = (
    # Charges and lines are compared with their items, currency included.
    Check(
        4,
        "all that an account is billed is in its currency",
        "currency",
        """
        SELECT account.merchant_id, billed.subject || ' ' || billed.id AS subject,
               account.currency AS expected, billed.currency AS found
        FROM (
            SELECT 'item' AS subject, id, account_id, currency FROM billing_invoiceitem
            UNION ALL SELECT 'statement', id, account_id, currency FROM billing_statement
            UNION ALL SELECT 'bill', id, account_id, currency FROM billing_invoice
            UNION ALL SELECT 'payment', payment.id, bill.account_id, payment.currency
            FROM billing_payment payment JOIN billing_invoice bill ON bill.id = payment.invoice_id
            UNION ALL SELECT 'credit', id, account_id, currency FROM billing_billingcredit
            UNION ALL SELECT 'threshold request', id, account_id, currency
            FROM billing_thresholdrequest
            UNION ALL SELECT 'reversal', id, account_id, currency FROM billing_reversal
            UNION ALL SELECT 'unapplied entry', id, account_id, currency
            FROM billing_unappliedentry
        ) billed JOIN billing_billingaccount account ON account.merchant_id = billed.account_id
        """,
    ),
    Check(
        4,
        "a bill's total is the sum of its lines",
        "total",
        f"""
        SELECT bill.account_id AS merchant_id, {BILL} AS subject,
               coalesce(lines.amount, 0) AS expected, bill.total AS found
        FROM billing_invoice bill LEFT JOIN (
            SELECT invoice_id, sum(amount) AS amount FROM billing_invoiceline GROUP BY invoice_id
        ) lines ON lines.invoice_id = bill.id
        """,
    ),
    # A draft holds its items. A void bill keeps its lines, but its items have gone back.
    Check(
        4,
        "the lines of a bill that is not void are its items",
        "fee, posted, charges, amount, currency",
        f"""
        SELECT coalesce(item.account_id, line.account_id) AS merchant_id,
               coalesce('line of ' || line.bill || ' ' || line.fee_code,
                        'item ' || item.fee_id || ' ' || item.posting_on) AS subject,
               CASE WHEN item.id IS NOT NULL THEN (
                   item.fee_id, item.posting_on, item.charge_count, item.amount, item.currency
               ) END AS expected,
               CASE WHEN line.id IS NOT NULL THEN (
                   line.fee_code, line.posting_on, line.charge_count, line.amount, line.currency
               ) END AS found
        FROM (
            SELECT line.*, bill.account_id, {BILL} AS bill
            FROM billing_invoiceline line JOIN billing_invoice bill ON bill.id = line.invoice_id
            WHERE bill.status <> 'VOID'
        ) line FULL JOIN (
            SELECT * FROM billing_invoiceitem WHERE invoice_id IS NOT NULL
        ) item ON item.id = line.item_id AND item.invoice_id = line.invoice_id
        """,
    ),
    Check(
        5,
        "an item is on at most one bill that is not void",
        "bills",
        f"""
        SELECT item.account_id AS merchant_id,
               'item ' || item.fee_id || ' ' || item.posting_on AS subject,
               CASE WHEN item.invoice_id IS NOT NULL THEN ARRAY[{BILL}] END AS expected,
               billed.bills AS found
        FROM billing_invoiceitem item LEFT JOIN billing_invoice bill ON bill.id = item.invoice_id
        LEFT JOIN (
            SELECT line.item_id, array_agg({BILL} ORDER BY bill.id) AS bills
            FROM billing_invoiceline line JOIN billing_invoice bill ON bill.id = line.invoice_id
            WHERE bill.status <> 'VOID' GROUP BY line.item_id
        ) billed ON billed.item_id = item.id
        """,
    ),
    Check(
        5,
        "a bill takes what its account had posted by its day",
        "account, whether it may be taken",
        f"""
        SELECT item.account_id AS merchant_id,
               'item ' || item.fee_id || ' ' || item.posting_on || ' on ' || {BILL} AS subject,
               (item.account_id, 'yes'::text) AS expected,
               (bill.account_id, CASE
                   WHEN item.posted_at > {DRAWN_UP_AT} THEN 'not posted'
                   WHEN bill.kind = 'THRESHOLD' AND fee.category = 'SUBSCRIPTION' THEN 'plan fee'
                   WHEN bill.kind IN ('THRESHOLD', 'FINAL') AND item.posting_on <= bill.issued_on
                       THEN 'yes'
                   WHEN item.posting_on < bill.issued_on THEN 'yes'
                   WHEN item.posting_on = bill.issued_on AND fee.category = 'SUBSCRIPTION'
                       THEN 'yes'
                   ELSE 'too young' END) AS found
        FROM billing_invoiceitem item JOIN billing_invoice bill ON bill.id = item.invoice_id
        JOIN billing_fee fee ON fee.code = item.fee_id
        """,
    ),
)

STATES = (
    # What it took and is outstanding again came back by a void.
    # A credit may be granted at the very instant, after it.
    Check(
        5,
        "a final bill left nothing behind",
        "items",
        f"""
        SELECT bill.account_id AS merchant_id, {BILL} AS subject,
               0 AS expected, count(item.id) AS found
        FROM billing_invoice bill LEFT JOIN (
            billing_invoiceitem item JOIN billing_fee fee ON fee.code = item.fee_id
        ) ON item.account_id = bill.account_id AND item.invoice_id IS NULL
             AND (item.posted_at < {DRAWN_UP_AT}
                  OR item.posted_at = {DRAWN_UP_AT} AND fee.is_sent_by_platform)
             AND NOT EXISTS (
                 SELECT 1 FROM billing_invoiceline line
                 JOIN billing_invoice void ON void.id = line.invoice_id AND void.status = 'VOID'
                 WHERE line.item_id = item.id)
        WHERE bill.kind = 'FINAL' GROUP BY bill.id
        """,
    ),
    Check(
        6,
        "a bill has its number from its issue on",
        "number",
        f"""
        SELECT bill.account_id AS merchant_id, {BILL} AS subject,
               CASE WHEN bill.status = 'DRAFT' OR decision.invoice_id IS NOT NULL
                    THEN 'none' ELSE 'one' END AS expected,
               CASE WHEN bill.number IS NULL THEN 'none' ELSE 'one' END AS found
        FROM billing_invoice bill LEFT JOIN billing_billdecision decision
             ON decision.invoice_id = bill.id AND decision.decision = 'SENT_BACK'
        """,
    ),
    Check(
        6,
        "a bill's state is what operators decided",
        "decisions",
        f"""
        SELECT bill.account_id AS merchant_id, {BILL} AS subject,
               concat_ws(' ',
                   CASE WHEN bill.drafted_at IS NOT NULL AND bill.number IS NOT NULL
                        THEN 'ISSUED' END,
                   CASE WHEN bill.status = 'VOID' AND bill.number IS NULL THEN 'SENT_BACK' END,
                   CASE WHEN bill.status = 'UNCOLLECTIBLE' THEN 'UNCOLLECTIBLE' END,
                   CASE WHEN bill.status = 'VOID' AND bill.number IS NOT NULL
                        THEN 'VOIDED' END) AS expected,
               coalesce(decided.decisions, '') AS found
        FROM billing_invoice bill LEFT JOIN (
            SELECT decision.invoice_id, string_agg(decision.decision, ' '
                       ORDER BY decision.decision) AS decisions
            FROM billing_billdecision decision JOIN billing_invoice bill
                 ON bill.id = decision.invoice_id
            WHERE decision.decision <> 'UNCOLLECTIBLE' OR bill.status <> 'PAID'
            GROUP BY decision.invoice_id
        ) decided ON decided.invoice_id = bill.id
        """,
    ),
)

CHECKS = CONTENTS + STATES
