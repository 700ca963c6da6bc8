"""Payments: what they come to, and whose money they were."""

from billing.audit.invoices import INVOICE
from billing.models import Payment
from billing.operations.attempts import COLLECTOR
from lib.audit import Check

CHECKS = (
    Check(
        7,
        "a bill is paid exactly when its succeeded payments are its total",
        "paid, state",
        f"""
        SELECT invoice.account_id AS merchant_id, {INVOICE} AS subject,
               (coalesce(payments.amount, 0), CASE
                   WHEN payments.amount = invoice.total THEN 'PAID'
                   WHEN payments.amount > invoice.total THEN 'overpaid'
                   WHEN payments.amount > 0 OR invoice.status <> 'VOID' THEN 'not paid'
                   ELSE 'VOID' END) AS expected,
               (invoice.amount_paid,
                CASE WHEN invoice.status IN ('PAID', 'VOID') THEN invoice.status
                     ELSE 'not paid' END::text) AS found
        FROM billing_invoice invoice LEFT JOIN (
            SELECT invoice_id, sum(amount) AS amount
            FROM billing_payment WHERE status = 'SUCCEEDED' GROUP BY invoice_id
        ) payments ON payments.invoice_id = invoice.id
        """,
    ),
    # With the prefix that the installation had then in front of it.
    Check(
        7,
        "the attempts on a bill are counted, and known by its number and theirs",
        "attempt, key",
        f"""
        SELECT invoice.account_id AS merchant_id, {INVOICE} || ' attempt ' || payment.attempt
            AS subject,
               (row_number() OVER (PARTITION BY invoice.id ORDER BY payment.id),
                CASE WHEN payment.idempotency_key ~ ('^([A-Z][A-Z0-9]{{0,7}}-?)?' || invoice.number
                         || '-' || payment.attempt || '$') THEN payment.idempotency_key::text
                     ELSE invoice.number || '-' || payment.attempt END) AS expected,
               (payment.attempt::bigint, payment.idempotency_key::text) AS found
        FROM billing_payment payment JOIN billing_invoice invoice ON invoice.id = payment.invoice_id
        """,
    ),
    # What a payment plan asks for has a check of its own.
    Check(
        7,
        "an attempt asks for all that was left of its bill, and no payment is more",
        "amount",
        f"""
        SELECT invoice.account_id AS merchant_id, {INVOICE} || ' attempt ' || payment.attempt
            AS subject,
               CASE WHEN payment.provider IN ('manual', 'unapplied', 'credit')
                         OR payment.actor = '{COLLECTOR}' AND EXISTS (
                             SELECT 1 FROM billing_paymentplan plan
                             WHERE plan.invoice_id = invoice.id AND payment.started_at > plan.at
                               AND (plan.ended_at IS NULL OR payment.started_at <= plan.ended_at))
                    THEN least(payment.amount, before.left_to_pay)
                    ELSE before.left_to_pay END AS expected,
               payment.amount AS found
        FROM billing_payment payment JOIN billing_invoice invoice ON invoice.id = payment.invoice_id
        CROSS JOIN LATERAL (
            SELECT invoice.total - coalesce(sum(earlier.amount), 0) AS left_to_pay
            FROM billing_payment earlier WHERE earlier.invoice_id = invoice.id
                AND earlier.attempt < payment.attempt AND earlier.status = 'SUCCEEDED'
        ) before
        """,
    ),
    Check(
        7,
        "an attempt of which its provider told another amount is undecided, and paid nothing",
        "state",
        f"""
        -- Unless a person has ended it.
        SELECT invoice.account_id AS merchant_id, 'payment ' || payment.idempotency_key AS subject,
               CASE WHEN payment.problem = '' THEN payment.status
                    WHEN payment.failure = '{Payment.ENDED_BY_US}' THEN 'FAILED'
                    ELSE 'UNKNOWN' END::text AS expected,
               payment.status::text AS found
        FROM billing_payment payment JOIN billing_invoice invoice ON invoice.id = payment.invoice_id
        """,
    ),
    Check(
        7,
        "what proceeds paid of a bill left them, once",
        "merchant, amount, currency",
        """
        SELECT coalesce(paid.account_id, entry.line_id) AS merchant_id,
               'payment ' || coalesce(paid.idempotency_key, entry.bill_payment) AS subject,
               CASE WHEN paid.id IS NOT NULL THEN (
                   paid.account_id, paid.amount, paid.currency) END AS expected,
               CASE WHEN entry.id IS NOT NULL THEN (
                   entry.line_id, -entry.amount, entry.currency) END AS found
        FROM (
            SELECT payment.*, invoice.account_id
            FROM billing_payment payment
            JOIN billing_invoice invoice ON invoice.id = payment.invoice_id
            WHERE payment.provider = 'proceeds' AND payment.status = 'SUCCEEDED'
        ) paid FULL JOIN (
            SELECT * FROM credit_proceedsentry WHERE kind = 'BILL_PAYMENT'
        ) entry ON entry.bill_payment = paid.idempotency_key
        """,
    ),
)
