"""What must be true of webhooks: none was lost, none invented, each said what came of it.

Every row of the books that is the cause of an event has exactly one, and every event has its cause.
They are written by the database itself (gateway.webhooks.models.causes); here the same is asked
once more of the rows as they stand.
"""

from lib.audit import Check

# (type, key, merchant) of everything that has happened and is told of. A freeze that was lifted is
# one of them if no other was in force; that is asked separately, by instants.
CAUSES = """
SELECT 'order.declined' AS type, id, line_id AS merchant_id FROM credit_order
WHERE status = 'DECLINED'
UNION ALL
SELECT 'limit.changed', id, line_id FROM credit_limitentry WHERE limit_change <> 0
UNION ALL
SELECT 'line.frozen', id, line_id FROM credit_freeze
UNION ALL
SELECT 'review.decided', id, line_id FROM credit_limitreview WHERE status <> 'PENDING'
UNION ALL
SELECT 'withdrawal.paid', id, line_id FROM credit_withdrawal
WHERE status IN ('PAID', 'RETURNED_BY_BANK')
UNION ALL
SELECT 'withdrawal.failed', id, line_id FROM credit_withdrawal
WHERE status = 'FAILED' OR corrected_at IS NOT NULL
UNION ALL
SELECT 'withdrawal.returned', id, line_id FROM credit_withdrawal WHERE status = 'RETURNED_BY_BANK'
UNION ALL
SELECT 'statement.closed', id, account_id FROM billing_statement WHERE closed_at IS NOT NULL
UNION ALL
SELECT 'invoice.issued', id, account_id FROM billing_invoice WHERE number IS NOT NULL
UNION ALL
SELECT 'invoice.paid', id, account_id FROM billing_invoice WHERE status = 'PAID'
UNION ALL
SELECT 'invoice.unpaid', id, account_id FROM billing_invoice WHERE first_failed_at IS NOT NULL
UNION ALL
SELECT 'invoice.voided', decision.id, invoice.account_id
FROM billing_invoicedecision decision
JOIN billing_invoice invoice ON invoice.id = decision.invoice_id
WHERE decision.decision = 'VOIDED'
UNION ALL
SELECT CASE WHEN ended THEN 'payment_plan.' || lower(plan.status) ELSE 'payment_plan.made' END,
       plan.id, invoice.account_id
FROM billing_paymentplan plan JOIN billing_invoice invoice ON invoice.id = plan.invoice_id
CROSS JOIN (VALUES (false), (true)) AS told(ended)
WHERE NOT ended OR plan.status <> 'IN_FORCE'
UNION ALL
SELECT 'payment.failed', payment.id, invoice.account_id
FROM billing_payment payment JOIN billing_invoice invoice ON invoice.id = payment.invoice_id
WHERE payment.status = 'FAILED'
  AND payment.failure NOT IN ('never_received', 'amount_not_possible', 'ended_by_us')
"""

WEBHOOKS = (
    Check(
        15,
        "whatever webhooks tell of is in the outbox once, and nothing else is",
        "merchant",
        f"""
        SELECT coalesce(cause.merchant_id, event.merchant_id) AS merchant_id,
               coalesce(cause.type, event.type) || ' ' || coalesce(cause.id, event.cause_id)
                   AS subject,
               cause.merchant_id AS expected, event.merchant_id AS found
        FROM ({CAUSES}) cause FULL JOIN (
            SELECT * FROM gateway_webhookevent WHERE type <> 'line.unfrozen'
        ) event ON event.type = cause.type AND event.cause_id = cause.id
        """,
    ),
    # At the instant at which a freeze is lifted another one may be placed or lifted, before or
    # after it: then there may be an event or not.
    Check(
        15,
        "a line is told of as no longer frozen when its last freeze was lifted",
        "told",
        """
        SELECT ended.line_id AS merchant_id, 'freeze ' || ended.id AS subject,
               CASE WHEN around.during THEN false WHEN around.same THEN event.id IS NOT NULL
                    ELSE true END AS expected,
               event.id IS NOT NULL AS found
        FROM credit_freeze ended LEFT JOIN gateway_webhookevent event
             ON event.type = 'line.unfrozen' AND event.cause_id = ended.id
        CROSS JOIN LATERAL (
            SELECT coalesce(bool_or(other.placed_at < ended.lifted_at
                       AND coalesce(other.lifted_at > ended.lifted_at, true)), false) AS during,
                   coalesce(bool_or(other.placed_at = ended.lifted_at
                       OR other.lifted_at = ended.lifted_at), false) AS same
            FROM credit_freeze other
            WHERE other.line_id = ended.line_id AND other.id <> ended.id
        ) around
        WHERE ended.lifted_at IS NOT NULL
        UNION ALL
        SELECT event.merchant_id, 'event ' || event.uid, true, ended.lifted_at IS NOT NULL
        FROM gateway_webhookevent event
        LEFT JOIN credit_freeze ended ON ended.id = event.cause_id
        WHERE event.type = 'line.unfrozen'
        """,
    ),
    Check(
        15,
        "a merchant's webhook events are numbered without a gap",
        "how many have a number",
        """
        SELECT merchant_id, 'webhook events' AS subject, max(sequence) AS expected,
               count(sequence) AS found
        FROM gateway_webhookevent GROUP BY merchant_id HAVING count(sequence) > 0
        """,
    ),
    Check(
        15,
        "a webhook is delivered exactly when its receiver took it, and every attempt is on its log",
        "attempts, taken",
        """
        SELECT event.merchant_id, 'delivery ' || delivery.id AS subject,
               (coalesce(log.attempts, 0),
                CASE WHEN delivery.status = 'DELIVERED' THEN coalesce(log.taken, false)
                     ELSE true END) AS expected,
               (delivery.attempts::bigint, true) AS found
        FROM gateway_webhookdelivery delivery
        JOIN gateway_webhookevent event ON event.id = delivery.event_id
        LEFT JOIN (
            SELECT delivery_id, count(*) AS attempts, bool_or(status BETWEEN 200 AND 299) AS taken
            FROM gateway_webhookattempt GROUP BY delivery_id
        ) log ON log.delivery_id = delivery.id
        """,
    ),
)
