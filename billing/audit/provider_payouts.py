"""What providers paid out: each payout is the sum of its rows, and each payment is in one."""

from lib.audit import Check

CHECKS = (
    Check(
        24,
        "a provider's payout has the sums of its rows",
        "gross, fees, net, rows",
        """
        SELECT NULL::bigint AS merchant_id, 'payout ' || payout.reference AS subject,
               (coalesce(sum(written.gross), 0), coalesce(sum(written.fee), 0),
                coalesce(sum(written.gross - written.fee), 0), count(written.id)) AS expected,
               (payout.gross, payout.fee, payout.net, payout.count::bigint) AS found
        FROM billing_providerpayout payout
        LEFT JOIN billing_providermovement written ON written.payout_id = payout.id
             AND written.currency = payout.currency
        GROUP BY payout.id
        """,
    ),
    Check(
        25,
        "a payment is in one payout once, as its own merchant's",
        "rows, merchant, provider",
        """
        SELECT invoice.account_id AS merchant_id, 'payment ' || payment.idempotency_key AS subject,
               (1::bigint, ARRAY[invoice.account_id], ARRAY[payment.provider]) AS expected,
               (greatest(count(*) FILTER (WHERE written.kind = 'PAYMENT'), 1),
                array_agg(DISTINCT written.account_id), array_agg(DISTINCT payout.provider)
               ) AS found
        FROM billing_providermovement written
        JOIN billing_providerpayout payout ON payout.id = written.payout_id
        JOIN billing_payment payment ON payment.id = written.payment_id
        JOIN billing_invoice invoice ON invoice.id = payment.invoice_id
        GROUP BY payment.id, invoice.account_id
        """,
    ),
    Check(
        26,
        "the journal has of payouts what arrived of our own payments, and only that",
        "is ours, has arrived, currency",
        """
        SELECT written.account_id AS merchant_id, 'row ' || written.reference AS subject,
               (true, true, written.currency::text) AS expected,
               (written.kind = 'PAYMENT' OR written.reversal_id IS NOT NULL,
                payout.state IN ('paid', 'failed'), right(written.asked, 3)) AS found
        FROM billing_providermovement written
        JOIN billing_providerpayout payout ON payout.id = written.payout_id
        WHERE written.entered_at IS NOT NULL
        """,
    ),
)
