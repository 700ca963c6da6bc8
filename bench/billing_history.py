"""Two years of bills and statements, written by SQL, for merchants whose pages are measured.

Parameters are those of `bench.history`.
"""

# Each day of the past has its bills, each with an item of every fee but the monthly ones.
INVOICES = """
INSERT INTO billing_invoice (account_id, number, kind, status, issued_on, issued_at, period_start,
    period_end, threshold, due_on, currency, total, amount_paid, paid_at, first_failed_at,
    first_failed_on, merchant_name, merchant_reference, language)
SELECT line, line || '-' || lpad(place::text, 6, '0'), 'THRESHOLD', status, day, issued_at,
       day - 1, day, 1000, day + 7, 'USD', %(each)s * 10,
       CASE status WHEN 'PAID' THEN %(each)s * 10 ELSE 0 END,
       CASE status WHEN 'PAID' THEN issued_at + interval '1 minute' END,
       CASE WHEN status IN ('OPEN', 'UNCOLLECTIBLE') THEN issued_at END,
       CASE WHEN status IN ('OPEN', 'UNCOLLECTIBLE') THEN day END,
       'Long history', 'history-' || line, 'en'
FROM unnest(%(lines)s::bigint[]) line,
     LATERAL (
         SELECT day::date AS day, day AT TIME ZONE 'UTC' + batch * interval '1 hour' AS issued_at,
                row_number() OVER (ORDER BY day, batch) AS place, count(*) OVER () AS invoices
         FROM generate_series(%(since)s::timestamp, %(month)s::timestamp - interval '1 day',
                              %(step)s * interval '1 day') day,
              generate_series(1, %(batches)s) batch
     ) placed,
     LATERAL (SELECT CASE WHEN place > invoices - 20 THEN 'OPEN'
                          WHEN place <= 20 THEN 'UNCOLLECTIBLE'
                          WHEN place <= 50 THEN 'VOID' ELSE 'PAID' END AS status) as_it_stands
"""
PAYMENTS = """
INSERT INTO billing_payment (invoice_id, attempt, provider, actor, idempotency_key,
    provider_reference, status, failure, is_hard, currency, amount, started_at, ended_at)
SELECT invoice.id, attempt, 'sandbox', 'collect', invoice.number || '-' || attempt, '', outcome,
       CASE outcome WHEN 'FAILED' THEN 'card_declined' ELSE '' END, false, 'USD', total,
       issued_at + attempt * interval '1 day', issued_at + attempt * interval '1 day'
FROM billing_invoice invoice,
     LATERAL (SELECT CASE status WHEN 'PAID' THEN 'SUCCEEDED' ELSE 'FAILED' END AS outcome) _,
     LATERAL generate_series(1, CASE status WHEN 'PAID' THEN 1 ELSE 5 END) attempt
WHERE invoice.account_id = ANY(%(lines)s) AND status <> 'VOID' AND kind = 'THRESHOLD'
"""
# Amounts are of 2.50 a charge; `charge_count` says how many charges are to be written.
BILLED_ITEMS = """
INSERT INTO billing_invoiceitem (account_id, fee_id, posting, posting_on, posted_at, is_collecting,
                                 currency, amount, charge_count, invoice_id)
SELECT invoice.account_id, fee.code, fee.posting, invoice.issued_on, invoice.issued_at, false,
       'USD',
       %(each)s * 2.5, %(each)s, invoice.id
FROM billing_invoice invoice, billing_fee fee
WHERE invoice.account_id = ANY(%(lines)s) AND invoice.kind = 'THRESHOLD'
  AND fee.code = ANY(%(fees)s) AND fee.posting <> 'MONTHLY'
ORDER BY invoice.account_id, invoice.id
"""
OPEN_ITEMS = """
INSERT INTO billing_invoiceitem (account_id, fee_id, posting, posting_on, posted_at, is_collecting,
                                 currency, amount, charge_count)
SELECT line, fee.code, fee.posting, day::date,
       CASE WHEN fee.posting = 'IMMEDIATE' OR day < %(today)s THEN day AT TIME ZONE 'UTC' END,
       day = %(today)s, 'USD', %(each_now)s * 2.5, %(each_now)s
FROM unnest(%(lines)s::bigint[]) line, billing_fee fee,
     generate_series(%(month)s::timestamp, %(today)s::timestamp, interval '1 day') day
WHERE fee.code = ANY(%(fees)s) AND fee.posting <> 'MONTHLY'
"""
# Those of closed months are on a bill of the next one's first day, if it has one.
MONTHLY_ITEMS = """
INSERT INTO billing_invoiceitem (account_id, fee_id, posting, posting_on, posted_at, is_collecting,
                                 currency, amount, charge_count, invoice_id)
SELECT line, fee.code, fee.posting, ends_on, CASE WHEN ends_on < %(month)s THEN ends_on END,
       ends_on >= %(month)s, 'USD', charges * 2.5, charges,
       (SELECT min(invoice.id) FROM billing_invoice invoice
        WHERE invoice.account_id = line AND invoice.issued_on = ends_on + 1)
FROM unnest(%(lines)s::bigint[]) line, billing_fee fee,
     generate_series(%(since)s::timestamp, %(month)s::timestamp, interval '1 month') month,
     LATERAL (
         SELECT (month + interval '1 month - 1 day')::date AS ends_on,
                CASE WHEN month < %(month)s THEN %(monthly)s ELSE %(monthly_now)s END AS charges
     ) _
WHERE fee.code = ANY(%(fees)s) AND fee.posting = 'MONTHLY'
"""
LINES = """
INSERT INTO billing_invoiceline (invoice_id, item_id, category, fee_code, fee_name, posting_on,
                                 charge_count, currency, amount)
SELECT item.invoice_id, item.id, fee.category, fee.code, fee.name, item.posting_on,
       item.charge_count, item.currency, item.amount
FROM billing_invoiceitem item JOIN billing_fee fee ON fee.code = item.fee_id
JOIN billing_invoice invoice ON invoice.id = item.invoice_id
WHERE item.account_id = ANY(%(lines)s) AND invoice.kind = 'THRESHOLD'
"""
INVOICE_TOTALS = """
UPDATE billing_invoice invoice
SET total = line.amount, amount_paid = CASE status WHEN 'PAID' THEN line.amount ELSE 0 END
FROM (SELECT invoice_id, sum(amount) AS amount FROM billing_invoiceline GROUP BY invoice_id) line
WHERE line.invoice_id = invoice.id AND invoice.account_id = ANY(%(lines)s)
"""
STATEMENTS = """
INSERT INTO billing_statement (account_id, month, currency, opened_at, closed_at, merchant_name,
    merchant_reference, language)
SELECT line, month::date, 'USD', month,
       CASE WHEN month < %(month)s THEN (month + interval '1 month') AT TIME ZONE 'UTC' END,
       CASE WHEN month < %(month)s THEN 'Merchant' ELSE '' END,
       CASE WHEN month < %(month)s THEN 'merchant' ELSE '' END,
       CASE WHEN month < %(month)s THEN 'en' ELSE '' END
FROM unnest(%(lines)s::bigint[]) line,
     generate_series(%(since)s::timestamp, %(month)s::timestamp, interval '1 month') month
"""
TOTALS = """
INSERT INTO billing_statementtotal (statement_id, fee_id, amount, charge_count)
SELECT statement.id, item.fee_id, sum(item.amount), sum(item.charge_count)
FROM billing_invoiceitem item JOIN billing_statement statement
     ON statement.account_id = item.account_id
     AND statement.month = date_trunc('month', item.posting_on)::date
WHERE item.account_id = ANY(%(lines)s) AND item.fee_id = ANY(%(fees)s)
GROUP BY statement.id, item.fee_id
"""
# In the order in which they would have come: by the hour, and monthly ones through the month.
CHARGES = """
INSERT INTO billing_charge (account_id, reference, fee_id, item_id, statement_id, request,
    description, quantity, currency, amount, at, service_on, arrived_at, is_late)
SELECT item.account_id, 'C-' || item.id || '-' || n, item.fee_id, item.id, statement.id,
       'FR-' || to_char(at, 'YYMMDD') || '-' || item.id %% 97 || '-' || n / 4, 'Order ' || n,
       1 + n %% 4, 'USD', 2.5, at, at::date, at, false
FROM billing_invoiceitem item
JOIN billing_statement statement ON statement.account_id = item.account_id
     AND statement.month = date_trunc('month', item.posting_on)::date,
     generate_series(1, item.charge_count) n,
     LATERAL (
         SELECT CASE item.posting WHEN 'MONTHLY' THEN statement.month ELSE item.posting_on END
                AS starts_on,
                CASE WHEN item.posting <> 'MONTHLY' THEN 1
                     WHEN item.posting_on < %(month)s THEN 28
                     ELSE %(today)s - %(month)s + 1 END AS days
     ) span,
     LATERAL (
         SELECT (starts_on + days * n / (item.charge_count + 1.0) * interval '1 day')
                AT TIME ZONE 'UTC' AS at
     ) _
WHERE item.account_id = ANY(%(lines)s) AND item.fee_id = ANY(%(fees)s)
ORDER BY item.posting_on, item.id
"""
REQUESTS = """
INSERT INTO billing_fulfilmentrequest (account_id, reference, first_at)
SELECT account_id, request, min(at) FROM billing_charge
WHERE account_id = ANY(%(lines)s) AND request <> ''
GROUP BY account_id, request ORDER BY min(at)
"""
CREDITS = """
INSERT INTO billing_billingcredit (account_id, charge_id, fee_id, status, currency, amount, message,
    request_key, asked_at, asked_by, decided_at, decided_by, reason)
SELECT account_id, id, 'credit-pick-pack',
       CASE WHEN place <= 20 THEN 'REQUESTED' ELSE 'REJECTED' END, 'USD', 1, 'Two were broken.',
       'key-' || id, at, 'owner@history.example',
       CASE WHEN place > 20 THEN at + interval '1 day' END,
       CASE WHEN place > 20 THEN 'officer@tael.example' ELSE '' END,
       CASE WHEN place > 20 THEN 'They were not.' ELSE '' END
FROM (
    SELECT charge.*, row_number() OVER (PARTITION BY account_id ORDER BY id) AS place
    FROM billing_charge charge WHERE account_id = ANY(%(lines)s)
) charge
WHERE place <= %(asked)s ORDER BY id
"""
THRESHOLDS = """
INSERT INTO billing_thresholdrequest (account_id, status, currency, threshold_before,
    threshold_wanted, message, asked_at, asked_by, answer, answered_at, answered_by)
SELECT line, status, 'USD', 1000, 2000, 'We have grown.', asked_at, 'owner@history.example', '',
       CASE status WHEN 'REJECTED' THEN asked_at + interval '1 day' END, ''
FROM unnest(%(lines)s::bigint[]) line, generate_series(1, %(asked)s) n,
     LATERAL (
         SELECT CASE WHEN n < %(asked)s THEN 'REJECTED' ELSE 'PENDING' END AS status,
                %(now)s - (%(asked)s - n) * interval '1 hour' AS asked_at
     ) _
ORDER BY n
"""
PRICES = """
INSERT INTO billing_feeprice (fee_id, currency, merchant_id, from_on, unit_price, introduced_at,
                              introduced_by, reason)
SELECT fee, 'USD', line, %(since)s, 2.5, %(now)s, 'officer@tael.example', 'Agreed'
FROM unnest(%(lines)s::bigint[]) line, unnest(%(fees)s::text[]) fee
"""
ACCOUNTS = """
UPDATE billing_billingaccount account
SET open_on = %(today)s, open_until = (%(today)s::date + 1)::timestamp AT TIME ZONE 'UTC',
    next_plan_on = %(today)s::date + 8, next_cycle_on = %(today)s::date + 8,
    billed_through = %(today)s::date - 22, outstanding = item.posted, accruing = item.accrued
FROM (
    SELECT account_id,
           coalesce(sum(amount) FILTER (WHERE posted_at IS NOT NULL AND invoice_id IS NULL), 0)
               AS posted,
           coalesce(sum(amount) FILTER (WHERE posted_at IS NULL AND posting = 'DAILY'), 0)
               AS accrued
    FROM billing_invoiceitem WHERE account_id = ANY(%(lines)s) GROUP BY account_id
) item
WHERE item.account_id = account.merchant_id
"""

WRITES = (
    INVOICES, BILLED_ITEMS, OPEN_ITEMS, MONTHLY_ITEMS, LINES, INVOICE_TOTALS, PAYMENTS, STATEMENTS,
    TOTALS, CHARGES, REQUESTS, CREDITS, THRESHOLDS, PRICES, ACCOUNTS,
)  # fmt: skip
