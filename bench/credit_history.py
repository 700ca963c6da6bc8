"""Two years of orders and proceeds, written by SQL, for merchants whose pages are measured.

Two fifths of the orders are of the open month. Parameters are those of `bench.history`.
"""

ORDERS = """
INSERT INTO credit_order (line_id, reference, buyer, buyer_risk, currency, amount, instalments,
    part_amount, status, decline_code, outstanding, paid, refunded, refunded_written_off,
    written_off, recovered, placed_at, placed_said_at, cancel_reason, shipped_at, shipped_told_at,
    delivered_at, delivered_told_at, delivered_told_on, cancelled_at, cancelled_said_at,
    written_off_at, first_due_on, due_on)
SELECT line, 'A-' || lpad(n::text, 6, '0'), 'buyer-' || n %% greatest(%(orders)s / 20, 1), 1, 'USD',
       amount, parts, trunc(amount / parts, 2), status,
       CASE WHEN status <> 'DECLINED' THEN ''
            WHEN n / %(declined_every)s %% 2 = 0 THEN 'line_frozen'
            ELSE 'insufficient_credit' END,
       CASE status WHEN 'OPEN' THEN amount ELSE 0 END,
       CASE WHEN status IN ('PAID', 'REFUNDED') THEN amount ELSE 0 END,
       CASE status WHEN 'REFUNDED' THEN amount ELSE 0 END, 0,
       CASE status WHEN 'WRITTEN_OFF' THEN amount ELSE 0 END, 0, placed_at, placed_at, '',
       shipped_at, shipped_at, delivered_at, delivered_at,
       (delivered_at AT TIME ZONE 'UTC')::date, cancelled_at, cancelled_at,
       CASE status WHEN 'WRITTEN_OFF' THEN placed_at + interval '100 days' END, due_on,
       CASE status WHEN 'OPEN' THEN due_on END
FROM unnest(%(lines)s::bigint[]) line, generate_series(1, %(orders)s) n,
     LATERAL (
         SELECT CASE WHEN n %% %(declined_every)s = 0 THEN 'DECLINED'
                     WHEN n > %(open_after)s AND n %% %(open_every)s = 1 THEN 'OPEN'
                     WHEN n %% %(rare_every)s = 8 THEN 'REFUNDED'
                     WHEN n %% %(rare_every)s = 6 THEN 'CANCELLED'
                     WHEN n %% %(rare_every)s = 4 THEN 'WRITTEN_OFF'
                     ELSE 'PAID' END AS status,
                25.00 + n %% 100 AS amount,
                CASE WHEN n %% 3 = 0 THEN 3 ELSE 1 END AS parts,
                CASE WHEN n <= %(orders)s * 0.6
                     THEN %(since)s::timestamp AT TIME ZONE 'UTC'
                          + (%(month)s::timestamp - %(since)s::timestamp) * (n / (%(orders)s * 0.6))
                     ELSE %(month)s::timestamp AT TIME ZONE 'UTC'
                          + (%(now)s - %(month)s::timestamp AT TIME ZONE 'UTC')
                          * ((n - %(orders)s * 0.6) / (%(orders)s * 0.4)) END::timestamptz(0)
                    AS placed_at
     ) placed,
     LATERAL (
         SELECT status NOT IN ('DECLINED', 'CANCELLED') AS has_left,
                status NOT IN ('DECLINED', 'CANCELLED') AND n %% 16 <> 1 AS is_there
     ) sent,
     LATERAL (
         SELECT CASE WHEN has_left THEN placed_at + interval '1 hour' END AS shipped_at,
                CASE WHEN is_there THEN placed_at + interval '2 hours' END AS delivered_at,
                CASE status WHEN 'CANCELLED' THEN placed_at + interval '10 minutes' END
                    AS cancelled_at
     ) step,
     LATERAL (
         SELECT CASE WHEN status = 'OPEN' AND is_there
                     THEN %(today)s::date - 20 + (n / %(open_every)s) %% 50
                     WHEN is_there THEN placed_at::date + 10 END AS due_on
     ) due
ORDER BY placed_at, line, n
"""
# What each order did to the limit when it was placed, and when it was paid or the like.
LIMIT_ENTRIES = """
INSERT INTO credit_limitentry (line_id, order_id, kind, currency, limit_change, used_change,
                               limit_after, used_after, actor, reason, at)
SELECT line_id, order_id, kind, 'USD', 0, change, 9000000,
       sum(change) OVER (PARTITION BY line_id ORDER BY at, order_id, change DESC), 'platform', '',
       at
FROM (
    SELECT line_id, id AS order_id, 'HOLD' AS kind, amount AS change, placed_at AS at
    FROM credit_order WHERE line_id = ANY(%(lines)s) AND status <> 'DECLINED'
    UNION ALL
    SELECT line_id, id, CASE status WHEN 'CANCELLED' THEN 'RELEASE'
                                    WHEN 'WRITTEN_OFF' THEN 'WRITE_OFF' ELSE 'PAYMENT' END,
           -amount, least(placed_at + (1 + id %% %(pay_within)s) * interval '1 day', %(now)s)
    FROM credit_order WHERE line_id = ANY(%(lines)s) AND status NOT IN ('DECLINED', 'OPEN')
) change
ORDER BY at, order_id, change DESC
"""
PAYMENTS = """
INSERT INTO credit_orderpayment (line_id, order_id, reference, currency, amount, status, refusal,
                                 at, arrived_at, settled)
SELECT line_id, id, 'P-' || reference, 'USD', amount, 'APPLIED', '', cash.at, cash.at, 0
FROM credit_order,
     LATERAL (SELECT least(placed_at + (1 + id %% %(pay_within)s) * interval '1 day', %(now)s)
              AS at) cash
WHERE line_id = ANY(%(lines)s) AND paid > 0 ORDER BY 8
"""
REFUNDS = """
INSERT INTO credit_orderrefund (line_id, order_id, reference, currency, amount, from_outstanding,
                                from_written_off, from_proceeds, at, arrived_at)
SELECT line_id, id, 'R-' || reference, 'USD', amount, 0, 0, amount, given.at, given.at
FROM credit_order, LATERAL (SELECT least(placed_at + 14 * interval '1 day', %(now)s) AS at) given
WHERE line_id = ANY(%(lines)s) AND refunded > 0 ORDER BY 9
"""
DESTINATIONS = """
INSERT INTO credit_payoutdestination (line_id, kind, holder, bank, country, routing, number,
                                      last_four, added_at, added_by, usable_from, removed_by)
SELECT line, 'ALIPAY', 'Mei Lin', '', '', '', '', '0123', at, 'owner@history.example',
       at + interval '1 day', ''
FROM unnest(%(lines)s::bigint[]) line, generate_series(1, 3) n,
     LATERAL (SELECT %(since)s::timestamp AT TIME ZONE 'UTC' AS at) _
"""
WITHDRAWALS = """
INSERT INTO credit_withdrawal (line_id, destination_id, reference, request_key, currency, amount,
    fee, status, needs_approval, provider, batch, requested_at, requested_by, approved_by, sent_by,
    ended_by, ended_at, sent_at, provider_reference, reason)
SELECT line, destination, 'W' || line || '-' || lpad(n::text, 6, '0'), 'key-' || n, 'USD', 10, 1,
       status, false, 'manual', '', requested_at, 'owner@history.example', '', '', '',
       CASE status WHEN 'REQUESTED' THEN NULL ELSE requested_at + interval '2 hours' END,
       CASE status WHEN 'PAID' THEN requested_at + interval '1 hour' END, '', ''
FROM unnest(%(lines)s::bigint[]) line, generate_series(1, %(asked)s) n,
     LATERAL (SELECT min(id) AS destination FROM credit_payoutdestination
              WHERE line_id = line) first,
     LATERAL (
         SELECT CASE WHEN n > %(asked)s - 10 THEN 'REQUESTED' WHEN n <= 60 THEN 'FAILED'
                     WHEN n <= 80 THEN 'CANCELLED' ELSE 'PAID' END AS status,
                %(now)s - (%(asked)s - n) * interval '1 hour' AS requested_at
     ) _
ORDER BY n
"""
PROCEEDS = """
INSERT INTO credit_proceedsentry (line_id, kind, currency, amount, order_id, payment_id, matures_on,
                                  refund_id, withdrawal_id, bill_payment, at)
SELECT * FROM (
    SELECT line_id, 'SALE', 'USD', amount, order_id, id, at::date + %(settlement_days)s,
           NULL::bigint, NULL::bigint, '', at
    FROM credit_orderpayment WHERE line_id = ANY(%(lines)s)
    UNION ALL
    SELECT line_id, 'REFUND', 'USD', -amount, order_id, NULL, NULL, id, NULL, '', at
    FROM credit_orderrefund WHERE line_id = ANY(%(lines)s)
    UNION ALL
    SELECT line_id, kind, 'USD', change, NULL, NULL, NULL, NULL, id, '', requested_at
    FROM credit_withdrawal,
         LATERAL (VALUES ('WITHDRAWAL', -amount), ('FEE', -fee), ('RETURNED', amount + fee))
             entry(kind, change)
    WHERE line_id = ANY(%(lines)s) AND (kind <> 'RETURNED' OR status IN ('FAILED', 'CANCELLED'))
) entry
ORDER BY 11
"""
REQUESTS = """
INSERT INTO credit_limitrequest (line_id, kind, status, currency, limit_wanted, message, asked_at,
                                 asked_by, answer, answered_at, answered_by)
SELECT line, kind, status, 'USD', CASE kind WHEN 'RAISE' THEN 9000 END, 'A season starts.',
       %(now)s - (%(asked)s - n) * interval '1 hour', 'owner@history.example',
       CASE status WHEN 'PENDING' THEN '' ELSE 'We have seen it.' END,
       CASE status WHEN 'PENDING' THEN NULL ELSE %(now)s END, ''
FROM unnest(%(lines)s::bigint[]) line, generate_series(1, %(asked)s) n,
     LATERAL (
         SELECT CASE WHEN n = %(asked)s THEN 'RAISE' ELSE 'QUESTION' END AS kind,
                CASE WHEN n > %(asked)s - 20 THEN 'PENDING' ELSE 'ANSWERED' END AS status
     ) _
ORDER BY n
"""
FREEZES = """
INSERT INTO credit_freeze (line_id, reason, note, placed_at, placed_by, lifted_at, lifted_by,
                           lift_note)
SELECT line, 'MANUAL', 'A closer look.', at, 'officer@tael.example', at + interval '1 hour',
       'officer@tael.example', 'Nothing was wrong.'
FROM unnest(%(lines)s::bigint[]) line, generate_series(1, %(asked)s) n,
     LATERAL (SELECT %(now)s - (%(asked)s + 1 - n) * interval '1 hour' AS at) _
ORDER BY n
"""
REVIEWS = """
INSERT INTO credit_limitreview (line_id, policy_id, "on", at, currency, limit_before, rating, paid,
    listing_quality, profile_completeness, profile_reported, profile_confirmed, profile_rejected,
    after_sales, overdue, was_frozen, rating_points,
    volume_points, listing_points, profile_points, after_sales_points, score, grade,
    limit_proposed, notes, status, decided_by, decision_reason)
SELECT line, policy.id, month::date, month, 'USD', 9000000, 4.4, 1000, 60, 80, 80, 0, false, 85,
       0, false,
       15, 1.67, 9, 12, 12.75, 50.42, 'C', 9000000, '{}', 'UNCHANGED', '', ''
FROM unnest(%(lines)s::bigint[]) line,
     (SELECT min(id) AS id FROM credit_creditpolicy WHERE currency = 'USD') policy,
     generate_series(%(since)s::timestamp, %(month)s::timestamp, interval '1 month') month
ORDER BY 3
"""
METRICS = """
INSERT INTO credit_shopmetrics (line_id, rating, listing_quality, profile_completeness, after_sales,
                                at, arrived_at)
SELECT line, 4.4, 60, 80, 85, day, day
FROM unnest(%(lines)s::bigint[]) line,
     generate_series(%(since)s::timestamp, %(today)s::timestamp, %(step)s * interval '1 day') day
"""
NOTICES = """
INSERT INTO notices_notice (merchant_id, kind, cause, details, at, addressed_at)
SELECT line_id, kind, 'order:' || reference,
       jsonb_build_object('order', reference, 'amount', amount::text, 'currency', currency,
                          'due', amount::text, 'due_on', %(today)s::text, 'code',
                          decline_code),
       placed_at, placed_at
FROM credit_order,
     LATERAL (SELECT CASE status WHEN 'DECLINED' THEN 'ORDER_DECLINED' ELSE 'ORDER_OVERDUE' END
              AS kind) _
WHERE line_id = ANY(%(lines)s) AND (status = 'DECLINED' OR status = 'OPEN' AND due_on < %(today)s)
ORDER BY placed_at
"""
LINES = """
UPDATE credit_creditline line
SET open_on = %(today)s, open_until = (%(today)s::date + 1)::timestamp AT TIME ZONE 'UTC',
    "limit" = 9000000, settlement_days = %(settlement_days)s,
    used = (SELECT coalesce(sum(outstanding), 0) FROM credit_order o
            WHERE o.line_id = line.merchant_id),
    proceeds = (SELECT coalesce(sum(amount), 0) FROM credit_proceedsentry entry
                WHERE entry.line_id = line.merchant_id),
    paid_out = (SELECT coalesce(sum(amount + fee), 0) FROM credit_withdrawal withdrawal
                WHERE withdrawal.line_id = line.merchant_id AND status = 'PAID')
WHERE merchant_id = ANY(%(lines)s)
"""

WRITES = (
    ORDERS, LIMIT_ENTRIES, PAYMENTS, REFUNDS, DESTINATIONS, WITHDRAWALS, PROCEEDS, REQUESTS,
    FREEZES, REVIEWS, METRICS, NOTICES, LINES,
)  # fmt: skip
