"""Bills: what they take, when they come, how they are numbered, and what was paid of them.

Local days are told as in `billing.audit.charges`. Plan and cycle dates are counted from the join
day, by the account's present interval: whatever will change a plan has to say here from when on.
"""

from billing.models import Fee
from billing.models.accounts import CYCLE_DAYS
from merchants.audit import Check

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
        ) billed JOIN billing_billingaccount account ON account.merchant_id = billed.account_id
        """,
    ),
    Check(
        4,
        "a bill's total is the sum of its lines",
        "total",
        """
        SELECT bill.account_id AS merchant_id, 'bill ' || bill.number AS subject,
               coalesce(lines.amount, 0) AS expected, bill.total AS found
        FROM billing_invoice bill LEFT JOIN (
            SELECT invoice_id, sum(amount) AS amount FROM billing_invoiceline GROUP BY invoice_id
        ) lines ON lines.invoice_id = bill.id
        """,
    ),
    # A void bill keeps its lines, but its items have gone back.
    Check(
        4,
        "the lines of a bill that is not void are its items",
        "fee, posted, charges, amount, currency",
        """
        SELECT coalesce(item.account_id, line.account_id) AS merchant_id,
               coalesce('line of bill ' || line.number || ' ' || line.fee_code,
                        'item ' || item.fee_id || ' ' || item.posting_on) AS subject,
               CASE WHEN item.id IS NOT NULL THEN (
                   item.fee_id, item.posting_on, item.charge_count, item.amount, item.currency
               ) END AS expected,
               CASE WHEN line.id IS NOT NULL THEN (
                   line.fee_code, line.posting_on, line.charge_count, line.amount, line.currency
               ) END AS found
        FROM (
            SELECT line.*, bill.account_id, bill.number
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
        """
        SELECT item.account_id AS merchant_id,
               'item ' || item.fee_id || ' ' || item.posting_on AS subject,
               CASE WHEN item.invoice_id IS NOT NULL THEN ARRAY[bill.number] END AS expected,
               billed.numbers AS found
        FROM billing_invoiceitem item LEFT JOIN billing_invoice bill ON bill.id = item.invoice_id
        LEFT JOIN (
            SELECT line.item_id, array_agg(bill.number ORDER BY bill.number) AS numbers
            FROM billing_invoiceline line JOIN billing_invoice bill ON bill.id = line.invoice_id
            WHERE bill.status <> 'VOID' GROUP BY line.item_id
        ) billed ON billed.item_id = item.id
        """,
    ),
    Check(
        5,
        "a bill takes what its account had posted by its day",
        "account, whether it may be taken",
        """
        SELECT item.account_id AS merchant_id,
               'item ' || item.fee_id || ' ' || item.posting_on || ' on ' || bill.number AS subject,
               (item.account_id, 'yes'::text) AS expected,
               (bill.account_id, CASE
                   WHEN item.posted_at > bill.issued_at THEN 'not posted'
                   WHEN bill.kind = 'THRESHOLD' AND fee.category = 'SUBSCRIPTION' THEN 'plan fee'
                   WHEN bill.kind = 'THRESHOLD' AND item.posting_on <= bill.issued_on THEN 'yes'
                   WHEN item.posting_on < bill.issued_on THEN 'yes'
                   WHEN item.posting_on = bill.issued_on AND fee.category = 'SUBSCRIPTION'
                       THEN 'yes'
                   ELSE 'too young' END) AS found
        FROM billing_invoiceitem item JOIN billing_invoice bill ON bill.id = item.invoice_id
        JOIN billing_fee fee ON fee.code = item.fee_id
        """,
    ),
)

DATES = (
    Check(
        6,
        "one scheduled bill per merchant and date",
        "bills",
        """
        SELECT account_id AS merchant_id, 'bills of ' || issued_on AS subject,
               1 AS expected, count(*) AS found
        FROM billing_invoice WHERE kind <> 'THRESHOLD' GROUP BY account_id, issued_on
        """,
    ),
    Check(
        6,
        "scheduled bills are of plan dates, or else of the cycle",
        "kind",
        f"""
        SELECT bill.account_id AS merchant_id,
               'bill ' || bill.number || ' of ' || bill.issued_on AS subject,
               CASE WHEN bill.issued_on < account.joined_on THEN NULL
                    WHEN mod(bill.issued_on - account.joined_on, account.plan_interval_days) = 0
                        THEN 'SUBSCRIPTION'
                    WHEN mod(bill.issued_on - account.joined_on, {CYCLE_DAYS}) = 0
                        THEN 'CYCLE' END AS expected,
               bill.kind::text AS found
        FROM billing_invoice bill
        JOIN billing_billingaccount account ON account.merchant_id = bill.account_id
        WHERE bill.kind <> 'THRESHOLD'
        """,
    ),
    # A threshold bill of a day's end is dated that day and written as the next one starts.
    Check(
        6,
        "a bill is dated by the day it was issued",
        "date",
        """
        SELECT bill.account_id AS merchant_id, 'bill ' || bill.number AS subject,
               bill.issued_on AS expected,
               CASE WHEN bill.kind = 'THRESHOLD' AND local.day > bill.issued_on
                    THEN local.day_before ELSE local.day END AS found
        FROM billing_invoice bill
        JOIN billing_billingaccount account ON account.merchant_id = bill.account_id
        CROSS JOIN LATERAL (
            SELECT (bill.issued_at AT TIME ZONE account.timezone)::date AS day,
                   ((bill.issued_at - interval '1 microsecond')
                    AT TIME ZONE account.timezone)::date AS day_before
        ) local
        """,
    ),
    Check(
        6,
        "bill periods follow one another",
        "from, to",
        """
        SELECT bill.account_id AS merchant_id, 'bill ' || bill.number AS subject,
               (least(coalesce(lag(bill.issued_on) OVER history + 1, account.joined_on),
                      bill.issued_on), bill.issued_on) AS expected,
               (bill.period_start, bill.period_end) AS found
        FROM billing_invoice bill
        JOIN billing_billingaccount account ON account.merchant_id = bill.account_id
        WINDOW history AS (PARTITION BY bill.account_id ORDER BY bill.id)
        """,
    ),
    Check(
        6,
        "the next plan and cycle dates follow the open day",
        "plan, cycle, last bill",
        f"""
        SELECT account.merchant_id, 'billing account' AS subject,
               (account.joined_on + account.plan_interval_days * (
                    (account.open_on - account.joined_on) / account.plan_interval_days + 1),
                account.joined_on + {CYCLE_DAYS} * (
                    (account.open_on - account.joined_on) / {CYCLE_DAYS} + 1),
                bills.last_on) AS expected,
               (account.next_plan_on, account.next_cycle_on, account.last_bill_on) AS found
        FROM billing_billingaccount account LEFT JOIN (
            SELECT account_id, max(issued_on) AS last_on FROM billing_invoice GROUP BY account_id
        ) bills ON bills.account_id = account.merchant_id
        """,
    ),
    Check(
        6,
        "a plan fee is charged once on each plan date",
        "plan fees",
        f"""
        SELECT coalesce(date.account_id, fee.account_id) AS merchant_id,
               'plan fee of ' || coalesce(date.day, fee.day) AS subject,
               CASE WHEN date.day IS NOT NULL THEN 1 ELSE 0 END AS expected,
               coalesce(fee.count, 0) AS found
        FROM (
            SELECT merchant_id AS account_id, joined_on + step AS day
            FROM billing_billingaccount,
                 generate_series(0, open_on - joined_on, plan_interval_days) AS step
        ) date FULL JOIN (
            SELECT account_id, service_on AS day, count(*) AS count
            FROM billing_charge WHERE fee_id = '{Fee.PLAN}' GROUP BY account_id, service_on
        ) fee ON fee.account_id = date.account_id AND fee.day = date.day
        """,
    ),
    Check(
        6,
        "bill numbers run without a gap to the last one given out",
        "bills",
        """
        SELECT bill.account_id AS merchant_id,
               'number ' || coalesce(given_out.number, bill.number) AS subject,
               CASE WHEN given_out.number IS NOT NULL THEN 1 ELSE 0 END AS expected,
               coalesce(bill.count, 0) AS found
        FROM (
            SELECT year, year || '-' || lpad(place::text, greatest(6, length(place::text)), '0')
                   AS number
            FROM billing_numberseries, generate_series(1, last) AS place
        ) given_out FULL JOIN (
            SELECT extract(year FROM issued_on)::int AS year, number, count(*) AS count,
                   min(account_id) AS account_id
            FROM billing_invoice GROUP BY 1, 2
        ) bill ON bill.year = given_out.year AND bill.number = given_out.number
        """,
    ),
)

PAYMENTS = (
    Check(
        7,
        "a bill is paid exactly when its succeeded payments are its total",
        "paid, state",
        """
        SELECT bill.account_id AS merchant_id, 'bill ' || bill.number AS subject,
               (coalesce(payments.amount, 0), CASE
                   WHEN payments.amount = bill.total THEN 'PAID'
                   WHEN payments.amount > bill.total THEN 'overpaid'
                   WHEN payments.amount > 0 OR bill.status <> 'VOID' THEN 'not paid'
                   ELSE 'VOID' END) AS expected,
               (bill.amount_paid,
                CASE WHEN bill.status IN ('PAID', 'VOID') THEN bill.status
                     ELSE 'not paid' END::text) AS found
        FROM billing_invoice bill LEFT JOIN (
            SELECT invoice_id, sum(amount) AS amount
            FROM billing_payment WHERE status = 'SUCCEEDED' GROUP BY invoice_id
        ) payments ON payments.invoice_id = bill.id
        """,
    ),
)

CHECKS = CONTENTS + DATES + PAYMENTS
