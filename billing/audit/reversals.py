"""What providers took back of payments, and what followed."""

from billing.models import Fee
from billing.models.charges import RESERVED_PREFIX
from lib.audit import Check

REVERSAL = "'reversal ' || reversal.provider_reference"
# What its merchant got back when a reversal came back: what it had lost by it.
LOST = "CASE WHEN reversal.status = 'CHARGED' THEN reversal.amount ELSE reversal.taken END"

CHECKS = (
    Check(
        9,
        "reversals of a payment's money are no more than it",
        "account, currency, amount",
        """
        SELECT invoice.account_id AS merchant_id, 'payment ' || payment.idempotency_key || ' '
                   || reversed.money_reference AS subject,
               (ARRAY[invoice.account_id], ARRAY[payment.currency],
                least(reversed.amount, payment.amount)) AS expected,
               (reversed.accounts, reversed.currencies, reversed.amount) AS found
        FROM (
            SELECT payment_id, money_reference, array_agg(DISTINCT account_id) AS accounts,
                   array_agg(DISTINCT currency) AS currencies,
                   coalesce(sum(amount) FILTER (WHERE came_back_at IS NULL), 0) AS amount
            FROM billing_reversal GROUP BY payment_id, money_reference
        ) reversed
        JOIN billing_payment payment ON payment.id = reversed.payment_id
        JOIN billing_invoice invoice ON invoice.id = payment.invoice_id
        """,
    ),
    Check(
        9,
        "what was taken back had come: it paid a bill, or was unapplied",
        "came",
        f"""
        SELECT reversal.account_id AS merchant_id, {REVERSAL} AS subject, true AS expected,
               payment.provider = reversal.provider AND (
                   payment.status = 'SUCCEEDED'
                   AND payment.provider_reference = reversal.money_reference
                   OR EXISTS (
                       SELECT 1 FROM billing_unappliedentry entry
                       WHERE entry.payment_id = payment.id AND entry.kind = 'RECEIVED'
                         AND entry.reference = reversal.money_reference)) AS found
        FROM billing_reversal reversal JOIN billing_payment payment
             ON payment.id = reversal.payment_id
        """,
    ),
    Check(
        9,
        "a reversal is charged exactly when one charge is of it",
        "account, amount",
        f"""
        SELECT coalesce(reversal.account_id, charge.account_id) AS merchant_id,
               coalesce({REVERSAL}, 'charge ' || charge.reference) AS subject,
               CASE WHEN reversal.id IS NOT NULL THEN (
                   reversal.account_id, reversal.amount - reversal.taken) END AS expected,
               CASE WHEN charge.id IS NOT NULL THEN (charge.account_id, charge.amount) END AS found
        FROM (
            SELECT * FROM billing_reversal WHERE status = 'CHARGED'
        ) reversal FULL JOIN (
            SELECT * FROM billing_charge WHERE fee_id = '{Fee.REVERSAL}'
        ) charge ON charge.id = reversal.charge_id
            AND charge.reference = '{RESERVED_PREFIX}{Fee.REVERSAL}:' || reversal.id
        """,
    ),
    Check(
        9,
        "unapplied money was taken back exactly as reversals say",
        "account, amount",
        f"""
        SELECT coalesce(reversal.account_id, entry.account_id) AS merchant_id,
               coalesce({REVERSAL}, entry.source) AS subject,
               CASE WHEN reversal.id IS NOT NULL THEN (
                   reversal.account_id, reversal.taken) END AS expected,
               CASE WHEN entry.id IS NOT NULL THEN (entry.account_id, -entry.amount) END AS found
        FROM (
            SELECT * FROM billing_reversal WHERE taken > 0
        ) reversal FULL JOIN (
            SELECT * FROM billing_unappliedentry WHERE kind = 'REVERSED'
        ) entry ON entry.source = 'reversal:' || reversal.provider_reference
        """,
    ),
    Check(
        9,
        "what came back of a reversal is unapplied, as far as its merchant had lost it",
        "account, amount",
        f"""
        SELECT coalesce(reversal.account_id, entry.account_id) AS merchant_id,
               coalesce({REVERSAL}, entry.source) AS subject,
               CASE WHEN reversal.id IS NOT NULL THEN (
                   reversal.account_id, {LOST}) END AS expected,
               CASE WHEN entry.id IS NOT NULL THEN (entry.account_id, entry.amount) END AS found
        FROM (
            SELECT * FROM billing_reversal reversal
            WHERE came_back_at IS NOT NULL AND {LOST} > 0
        ) reversal FULL JOIN (
            SELECT * FROM billing_unappliedentry
            WHERE kind = 'RECEIVED' AND starts_with(source, 'returned:')
        ) entry ON entry.source = 'returned:' || reversal.provider_reference
        """,
    ),
    Check(
        9,
        "a card that was disputed is asked for nothing before its merchant chooses anew",
        "asked",
        """
        SELECT account.merchant_id, 'payment ' || payment.idempotency_key AS subject,
               'not asked' AS expected,
               CASE WHEN payment.failure = 'card_disputed' THEN 'not asked'
                    ELSE 'asked' END AS found
        FROM billing_billingaccount account
        JOIN billing_invoice invoice ON invoice.account_id = account.merchant_id
        JOIN billing_payment payment ON payment.invoice_id = invoice.id
            AND payment.card_id = account.card_id AND payment.started_at > account.card_disputed_at
        """,
    ),
    Check(
        9,
        "a disputed card is one of a dispute that was written down then",
        "disputes",
        """
        SELECT account.merchant_id, 'billing account' AS subject, true AS expected, EXISTS (
                   SELECT 1 FROM billing_reversal reversal
                   JOIN billing_payment payment ON payment.id = reversal.payment_id
                   WHERE reversal.kind = 'DISPUTE' AND payment.card_id = account.card_id
                     AND reversal.account_id = account.merchant_id
                     AND reversal.recorded_at = account.card_disputed_at) AS found
        FROM billing_billingaccount account WHERE account.card_disputed_at IS NOT NULL
        """,
    ),
)
