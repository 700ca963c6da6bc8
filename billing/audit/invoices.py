"""Bills: what they hold, whether it may be there, and who decided about them."""

from billing.models import Invoice
from lib.audit import Check

# What a bill is called: its number, or, while it has none, that it is a draft.
INVOICE = "coalesce('bill ' || invoice.number, 'draft ' || invoice.id)"
# A draft is issued later: what it holds was there when it was drawn up.
DRAWN_UP_AT = "coalesce(invoice.drafted_at, invoice.issued_at)"

# The kinds that also take what was posted on their own date, and those that take no plan fee.
TAKES_ITS_DATE = tuple(map(str, Invoice.TAKES_ITS_DATE))
TAKES_NO_PLAN_FEE = (str(Invoice.Kind.THRESHOLD), str(Invoice.Kind.ON_REQUEST))

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
            UNION ALL SELECT 'payment', payment.id, invoice.account_id, payment.currency
            FROM billing_payment payment
            JOIN billing_invoice invoice ON invoice.id = payment.invoice_id
            UNION ALL SELECT 'credit', id, account_id, currency FROM billing_billingcredit
            UNION ALL SELECT 'threshold request', id, account_id, currency
            FROM billing_thresholdrequest
            UNION ALL SELECT 'reversal', id, account_id, currency FROM billing_reversal
            UNION ALL SELECT 'transfer', id, account_id, currency FROM billing_banktransfer
            UNION ALL SELECT 'unapplied entry', id, account_id, currency
            FROM billing_unappliedentry
            UNION ALL SELECT 'waiver', waiver.id, invoice.account_id, waiver.currency
            FROM billing_waiver waiver JOIN billing_invoice invoice
                 ON invoice.id = waiver.invoice_id
            UNION ALL SELECT 'payment plan', plan.id, invoice.account_id, plan.currency
            FROM billing_paymentplan plan JOIN billing_invoice invoice
                 ON invoice.id = plan.invoice_id
            UNION ALL SELECT 'part of a plan', part.id, invoice.account_id, part.currency
            FROM billing_paymentplanpart part
            JOIN billing_paymentplan plan ON plan.id = part.plan_id
            JOIN billing_invoice invoice ON invoice.id = plan.invoice_id
        ) billed JOIN billing_billingaccount account ON account.merchant_id = billed.account_id
        """,
    ),
    Check(
        4,
        "a bill's total is the sum of its lines and its tax",
        "total",
        f"""
        SELECT invoice.account_id AS merchant_id, {INVOICE} AS subject,
               coalesce(lines.amount, 0) + invoice.tax AS expected, invoice.total AS found
        FROM billing_invoice invoice LEFT JOIN (
            SELECT invoice_id, sum(amount) AS amount FROM billing_invoiceline GROUP BY invoice_id
        ) lines ON lines.invoice_id = invoice.id
        """,
    ),
    # A draft holds its items. A void bill keeps its lines, but its items have gone back.
    Check(
        4,
        "the lines of a bill that is not void are its items",
        "fee, posted, charges, amount, currency",
        f"""
        SELECT coalesce(item.account_id, line.account_id) AS merchant_id,
               coalesce('line of ' || line.invoice || ' ' || line.fee_code,
                        'item ' || item.fee_id || ' ' || item.posting_on) AS subject,
               CASE WHEN item.id IS NOT NULL THEN (
                   item.fee_id, item.posting_on, item.charge_count, item.amount, item.currency
               ) END AS expected,
               CASE WHEN line.item_id IS NOT NULL THEN (
                   line.fee_code, line.posting_on, line.charge_count, line.amount, line.currency
               ) END AS found
        FROM (
            SELECT line.invoice_id, line.item_id, line.fee_code, line.posting_on, line.currency,
                   sum(line.charge_count)::bigint AS charge_count, sum(line.amount) AS amount,
                   invoice.account_id, {INVOICE} AS invoice
            FROM billing_invoiceline line
            JOIN billing_invoice invoice ON invoice.id = line.invoice_id
            WHERE invoice.status <> 'VOID'
            GROUP BY invoice.id, line.invoice_id, line.item_id, line.fee_code, line.posting_on,
                     line.currency
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
               CASE WHEN item.invoice_id IS NOT NULL THEN ARRAY[{INVOICE}] END AS expected,
               billed.invoices AS found
        FROM billing_invoiceitem item
        LEFT JOIN billing_invoice invoice ON invoice.id = item.invoice_id
        LEFT JOIN (
            SELECT line.item_id, array_agg({INVOICE} ORDER BY invoice.id) AS invoices
            FROM (SELECT DISTINCT item_id, invoice_id FROM billing_invoiceline) line
            JOIN billing_invoice invoice ON invoice.id = line.invoice_id
            WHERE invoice.status <> 'VOID' GROUP BY line.item_id
        ) billed ON billed.item_id = item.id
        """,
    ),
    Check(
        5,
        "a bill takes what its account had posted by its day",
        "account, whether it may be taken",
        f"""
        SELECT item.account_id AS merchant_id,
               'item ' || item.fee_id || ' ' || item.posting_on || ' on ' || {INVOICE} AS subject,
               (item.account_id, 'yes'::text) AS expected,
               (invoice.account_id, CASE
                   WHEN item.posted_at > {DRAWN_UP_AT} THEN 'not posted'
                   WHEN invoice.kind IN {TAKES_NO_PLAN_FEE} AND fee.category = 'SUBSCRIPTION'
                       THEN 'plan fee'
                   WHEN invoice.kind IN {TAKES_ITS_DATE}
                       AND item.posting_on <= invoice.issued_on
                       THEN 'yes'
                   WHEN item.posting_on < invoice.issued_on THEN 'yes'
                   WHEN item.posting_on = invoice.issued_on AND fee.category = 'SUBSCRIPTION'
                       THEN 'yes'
                   ELSE 'too young' END) AS found
        FROM billing_invoiceitem item JOIN billing_invoice invoice ON invoice.id = item.invoice_id
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
        SELECT invoice.account_id AS merchant_id, {INVOICE} AS subject,
               0 AS expected, count(item.id) AS found
        FROM billing_invoice invoice LEFT JOIN (
            billing_invoiceitem item JOIN billing_fee fee ON fee.code = item.fee_id
        ) ON item.account_id = invoice.account_id AND item.invoice_id IS NULL
             AND (item.posted_at < {DRAWN_UP_AT}
                  OR item.posted_at = {DRAWN_UP_AT} AND fee.is_sent_by_platform)
             AND NOT EXISTS (
                 SELECT 1 FROM billing_invoiceline line
                 JOIN billing_invoice void ON void.id = line.invoice_id AND void.status = 'VOID'
                 WHERE line.item_id = item.id)
        WHERE invoice.kind = 'FINAL' GROUP BY invoice.id
        """,
    ),
    Check(
        6,
        "a bill's state is what operators decided",
        "decisions",
        f"""
        SELECT invoice.account_id AS merchant_id, {INVOICE} AS subject,
               concat_ws(' ',
                   CASE WHEN invoice.drafted_at IS NOT NULL AND invoice.number IS NOT NULL
                        THEN 'ISSUED' END,
                   CASE WHEN invoice.kind = 'ON_REQUEST' THEN 'REQUESTED' END,
                   CASE WHEN invoice.status = 'VOID'
                       AND invoice.number IS NULL THEN 'SENT_BACK' END,
                   CASE WHEN invoice.status = 'UNCOLLECTIBLE' THEN 'UNCOLLECTIBLE' END,
                   CASE WHEN invoice.status = 'VOID' AND invoice.number IS NOT NULL
                        THEN 'VOIDED' END) AS expected,
               coalesce(decided.decisions, '') AS found
        FROM billing_invoice invoice LEFT JOIN (
            SELECT decision.invoice_id, string_agg(decision.decision, ' '
                       ORDER BY decision.decision) AS decisions
            FROM billing_invoicedecision decision JOIN billing_invoice invoice
                 ON invoice.id = decision.invoice_id
            WHERE decision.decision <> 'UNCOLLECTIBLE' OR invoice.status <> 'PAID'
            GROUP BY decision.invoice_id
        ) decided ON decided.invoice_id = invoice.id
        """,
    ),
)

CHECKS = CONTENTS + STATES
