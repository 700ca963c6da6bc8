"""The audit checks of UNMATCHED cash and of closed lines (rule 25.2, rule 25.12)."""

from lib.audit import Check

UNMATCHED = (
    Check(
        2,
        "what was settled of unmatched cash is its settlements, and no more than it was",
        "line, settled",
        """
        SELECT payment.line_id AS merchant_id, 'payment ' || payment.reference AS subject,
               (payment.line_id, CASE payment.status
                    WHEN 'UNMATCHED' THEN least(coalesce(settled.amount, 0), payment.amount)
                    ELSE 0 END) AS expected,
               (coalesce(settled.line_id, payment.line_id), payment.settled) AS found
        FROM credit_orderpayment payment LEFT JOIN (
            SELECT payment_id, line_id, sum(amount) AS amount
            FROM credit_unmatchedsettlement GROUP BY payment_id, line_id
        ) settled ON settled.payment_id = payment.id
        """,
    ),
    Check(
        2,
        "what was released is in proceeds, once each, and nothing else is",
        "line, amount",
        """
        SELECT coalesce(settlement.line_id, entry.line_id) AS merchant_id,
               coalesce('settlement ' || settlement.id, 'entry of no settlement') AS subject,
               CASE WHEN settlement.kind = 'RELEASED'
                    THEN (settlement.line_id, settlement.amount) END AS expected,
               CASE WHEN entry.line_id IS NOT NULL
                    THEN (entry.line_id, entry.amount) END AS found
        FROM credit_unmatchedsettlement settlement FULL JOIN (
            SELECT settlement_id, line_id, sum(amount) AS amount
            FROM credit_proceedsentry WHERE kind = 'RELEASED' GROUP BY settlement_id, line_id
        ) entry ON entry.settlement_id = settlement.id
        """,
    ),
    Check(
        2,
        "what was applied is a payment of its order, once each",
        "line, order, amount, instant",
        """
        SELECT settlement.line_id AS merchant_id, 'settlement ' || settlement.id AS subject,
               CASE settlement.kind WHEN 'APPLIED' THEN (
                   settlement.line_id, settlement.order_id, settlement.amount, settlement.at
               ) END AS expected,
               CASE WHEN payment.status = 'APPLIED'
                      OR payment.status = 'RECOVERY' AND o.written_off_at <= settlement.at THEN (
                   payment.line_id, payment.order_id, payment.amount, payment.at) END AS found
        FROM credit_unmatchedsettlement settlement
        LEFT JOIN credit_orderpayment payment ON payment.settlement_id = settlement.id
        LEFT JOIN credit_order o ON o.id = payment.order_id
        """,
    ),
)

CLOSED = (
    Check(
        12,
        "a closed merchant has no raise that waits, and no open order placed after it closed",
        "raises that wait, orders",
        """
        SELECT line.merchant_id, 'credit line' AS subject, (0::bigint, 0::bigint) AS expected,
               ((SELECT count(*) FROM credit_limitreview review
                 WHERE review.line_id = line.merchant_id AND review.status = 'PENDING')
                + (SELECT count(*) FROM credit_limitrequest request
                   WHERE request.line_id = line.merchant_id AND request.status = 'PENDING'
                     AND request.kind = 'RAISE'),
                (SELECT count(*) FROM credit_order o
                 WHERE o.line_id = line.merchant_id AND o.status = 'OPEN'
                   AND o.placed_at > line.closed_at)) AS found
        FROM credit_creditline line WHERE line.closed_at IS NOT NULL
        """,
    ),
)
