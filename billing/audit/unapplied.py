"""What merchants have with us: unapplied money, and what closed accounts have left."""

from billing.models import Fee
from billing.models.charges import RESERVED_PREFIX
from lib.audit import Check

ENTRY = "lower(replace(entry.kind, '_', ' ')) || ' ' || entry.source"

CHECKS = (
    Check(
        8,
        "an account's unapplied money is the sum of its entries",
        "unapplied, not negative",
        """
        SELECT account.merchant_id, 'billing account' AS subject,
               (coalesce(entries.amount, 0), true) AS expected,
               (account.unapplied, account.unapplied >= 0) AS found
        FROM billing_billingaccount account LEFT JOIN (
            SELECT account_id, sum(amount) AS amount
            FROM billing_unappliedentry GROUP BY account_id
        ) entries ON entries.account_id = account.merchant_id
        """,
    ),
    # It goes to nothing, comes again, and waits from then on.
    Check(
        8,
        "unapplied money waits since it came",
        "since",
        """
        SELECT account.merchant_id, 'billing account' AS subject, (
                   SELECT min(entry.at) FROM billing_unappliedentry entry
                   WHERE entry.account_id = account.merchant_id AND entry.id > coalesce((
                       SELECT max(nothing.id) FROM billing_unappliedentry nothing
                       WHERE nothing.account_id = account.merchant_id AND nothing.balance = 0), 0)
               ) AS expected, account.unapplied_since AS found
        FROM billing_billingaccount account
        """,
    ),
    Check(
        8,
        "each unapplied entry tells what the account then had",
        "balance",
        f"""
        SELECT entry.account_id AS merchant_id, {ENTRY} AS subject,
               sum(entry.amount) OVER (PARTITION BY entry.account_id ORDER BY entry.id)
                   AS expected, entry.balance AS found
        FROM billing_unappliedentry entry
        """,
    ),
    Check(
        8,
        "unapplied money that was used is a payment of a bill, once",
        "account, amount, currency, status",
        f"""
        SELECT coalesce(paid.account_id, entry.account_id) AS merchant_id,
               coalesce('payment ' || paid.idempotency_key, {ENTRY}) AS subject,
               CASE WHEN paid.id IS NOT NULL THEN (
                   paid.account_id, paid.amount, paid.currency, paid.status) END AS expected,
               CASE WHEN entry.id IS NOT NULL THEN (
                   entry.account_id, -entry.amount, entry.currency, 'SUCCEEDED'::varchar)
               END AS found
        FROM (
            SELECT payment.*, invoice.account_id
            FROM billing_payment payment
            JOIN billing_invoice invoice ON invoice.id = payment.invoice_id
            WHERE payment.provider = 'unapplied'
        ) paid FULL JOIN (
            SELECT * FROM billing_unappliedentry WHERE kind = 'USED'
        ) entry ON entry.payment_id = paid.id
        """,
    ),
    Check(
        8,
        "money that came for an attempt unexpectedly is as much, and another than it took",
        "account, amount, currency, whether it is another",
        f"""
        SELECT entry.account_id AS merchant_id, {ENTRY} AS subject,
               (invoice.account_id, payment.amount, payment.currency, true) AS expected,
               (entry.account_id, entry.amount, entry.currency,
                payment.status = 'FAILED' OR payment.provider_reference <> entry.reference
               ) AS found
        FROM billing_unappliedentry entry
        JOIN billing_payment payment ON payment.id = entry.payment_id
        JOIN billing_invoice invoice ON invoice.id = payment.invoice_id
        WHERE entry.kind = 'RECEIVED'
        """,
    ),
    Check(
        8,
        "a payment by credit is a charge that uses as much of it, once",
        "account, amount, status",
        f"""
        SELECT coalesce(paid.account_id, charge.account_id) AS merchant_id,
               coalesce('payment ' || paid.idempotency_key, 'charge ' || charge.reference)
                   AS subject,
               CASE WHEN paid.id IS NOT NULL THEN (
                   paid.account_id, paid.amount, paid.status) END AS expected,
               CASE WHEN charge.id IS NOT NULL THEN (
                   charge.account_id, charge.amount, 'SUCCEEDED'::varchar) END AS found
        FROM (
            SELECT payment.*, invoice.account_id
            FROM billing_payment payment
            JOIN billing_invoice invoice ON invoice.id = payment.invoice_id
            WHERE payment.provider = 'credit'
        ) paid FULL JOIN (
            SELECT * FROM billing_charge WHERE fee_id = '{Fee.CREDIT_USED}'
        ) charge ON charge.account_id = paid.account_id AND charge.reference
            = '{RESERVED_PREFIX}{Fee.CREDIT_USED}:' || paid.idempotency_key
        """,
    ),
)
