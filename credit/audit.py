"""What must be true of credit lines, orders and proceeds (domain: invariants 1 and 2).

Days and time zones are those of the line now: whatever will change a line's time zone, payment days
or settlement days has to say here from when on they count.
"""

from credit.rules import INSTALMENT_DAYS
from merchants.audit import Check

LINES = (
    Check(
        1,
        "limit and used are the sums of the line's entries",
        "limit, used",
        """
        SELECT line.merchant_id, 'credit line' AS subject,
               (coalesce(entries.limit_change, 0), coalesce(entries.used_change, 0)) AS expected,
               (line."limit", line.used) AS found
        FROM credit_creditline line LEFT JOIN (
            SELECT line_id, sum(limit_change) AS limit_change, sum(used_change) AS used_change
            FROM credit_limitentry GROUP BY line_id
        ) entries ON entries.line_id = line.merchant_id
        """,
    ),
    # From one entry to the next, so that a wrong one does not make wrong all that follow.
    Check(
        1,
        "an entry's balances go on from those of the entry before",
        "limit, used after it",
        """
        SELECT line_id AS merchant_id, 'entry ' || id || ' ' || kind AS subject,
               (coalesce(lag(limit_after) OVER history, 0) + limit_change,
                coalesce(lag(used_after) OVER history, 0) + used_change) AS expected,
               (limit_after, used_after) AS found
        FROM credit_limitentry WINDOW history AS (PARTITION BY line_id ORDER BY id)
        """,
    ),
    Check(
        1,
        "used is what open orders hold",
        "used",
        """
        SELECT line.merchant_id, 'credit line' AS subject,
               coalesce(orders.outstanding, 0) AS expected, line.used AS found
        FROM credit_creditline line LEFT JOIN (
            SELECT line_id, sum(outstanding) AS outstanding
            FROM credit_order WHERE status = 'OPEN' GROUP BY line_id
        ) orders ON orders.line_id = line.merchant_id
        """,
    ),
    Check(
        1,
        "limit and used are not negative",
        "limit, used",
        """
        SELECT merchant_id, 'credit line' AS subject,
               (greatest("limit", 0), greatest(used, 0)) AS expected, ("limit", used) AS found
        FROM credit_creditline
        """,
    ),
    Check(
        1,
        "freezes in force are those not lifted",
        "freezes",
        """
        SELECT line.merchant_id, 'credit line' AS subject,
               coalesce(freezes.in_force, 0) AS expected, line.freezes_in_force AS found
        FROM credit_creditline line LEFT JOIN (
            SELECT line_id, count(*) AS in_force
            FROM credit_freeze WHERE lifted_at IS NULL GROUP BY line_id
        ) freezes ON freezes.line_id = line.merchant_id
        """,
    ),
    Check(
        1,
        "all that happens on a line is in its currency",
        "currency",
        """
        SELECT line.merchant_id, booked.subject || ' ' || booked.id AS subject,
               line.currency AS expected, booked.currency AS found
        FROM (
            SELECT 'entry' AS subject, id, line_id, currency FROM credit_limitentry
            UNION ALL SELECT 'order', id, line_id, currency FROM credit_order
            UNION ALL SELECT 'payment', id, line_id, currency FROM credit_orderpayment
            UNION ALL SELECT 'proceeds', id, line_id, currency FROM credit_proceedsentry
        ) booked JOIN credit_creditline line ON line.merchant_id = booked.line_id
        """,
    ),
)

ORDERS = (
    # What a refund took from the outstanding is in no figure of the order, but in the entries.
    Check(
        1,
        "an order's amount is paid, outstanding, written off or given back",
        "amount",
        """
        SELECT o.line_id AS merchant_id, 'order ' || o.reference AS subject,
               CASE o.status WHEN 'DECLINED' THEN 0 ELSE o.amount END AS expected,
               o.paid + o.outstanding + o.written_off + coalesce(given_back.amount, 0) AS found
        FROM credit_order o LEFT JOIN (
            SELECT order_id, -sum(used_change) AS amount
            FROM credit_limitentry WHERE kind IN ('RELEASE', 'REFUND') GROUP BY order_id
        ) given_back ON given_back.order_id = o.id
        """,
    ),
    Check(
        1,
        "an order's entries are its steps",
        "line, held, paid, written off, cancelled",
        """
        SELECT o.line_id AS merchant_id, 'order ' || o.reference AS subject,
               CASE WHEN o.status <> 'DECLINED' THEN (
                   o.line_id, o.amount, o.paid, o.written_off,
                   CASE o.status WHEN 'CANCELLED' THEN o.amount ELSE 0 END) END AS expected,
               CASE WHEN entries.order_id IS NOT NULL THEN (
                   entries.line_id, entries.held, entries.paid, entries.written_off,
                   entries.released) END AS found
        FROM credit_order o LEFT JOIN (
            SELECT order_id, line_id,
                   coalesce(sum(used_change) FILTER (WHERE kind = 'HOLD'), 0) AS held,
                   coalesce(-sum(used_change) FILTER (WHERE kind = 'PAYMENT'), 0) AS paid,
                   coalesce(-sum(used_change) FILTER (WHERE kind = 'WRITE_OFF'), 0) AS written_off,
                   coalesce(-sum(used_change) FILTER (WHERE kind = 'RELEASE'), 0) AS released
            FROM credit_limitentry WHERE order_id IS NOT NULL GROUP BY order_id, line_id
        ) entries ON entries.order_id = o.id
        """,
    ),
    Check(
        1,
        "an order's status is what its figures say",
        "status",
        """
        SELECT line_id AS merchant_id, 'order ' || reference AS subject,
               CASE WHEN decline_code <> '' THEN 'DECLINED'
                    WHEN cancelled_at IS NOT NULL THEN 'CANCELLED'
                    WHEN refunded = amount THEN 'REFUNDED'
                    WHEN outstanding > 0 THEN 'OPEN'
                    WHEN written_off_at IS NOT NULL THEN 'WRITTEN_OFF'
                    ELSE 'PAID' END AS expected,
               status::text AS found
        FROM credit_order
        """,
    ),
    Check(
        1,
        "an order falls due as delivery and payments say",
        "first part, oldest unpaid part",
        f"""
        SELECT o.line_id AS merchant_id, 'order ' || o.reference AS subject,
               (delivery.first_due_on,
                CASE o.status WHEN 'OPEN' THEN
                    delivery.first_due_on + {INSTALMENT_DAYS} * covered.parts END) AS expected,
               (o.first_due_on, o.due_on) AS found
        FROM credit_order o JOIN credit_creditline line ON line.merchant_id = o.line_id
        CROSS JOIN LATERAL (
            SELECT (o.delivered_at AT TIME ZONE line.timezone)::date + line.payment_days
                   AS first_due_on
        ) delivery
        CROSS JOIN LATERAL (
            SELECT least(coalesce(div(o.paid, nullif(o.part_amount, 0)), o.instalments),
                         o.instalments - 1)::int AS parts
        ) covered
        """,
    ),
)

PROCEEDS = (
    Check(
        2,
        "proceeds are the sum of their entries, maturing and matured",
        "proceeds, maturing + matured",
        """
        SELECT line.merchant_id, 'credit line' AS subject,
               (coalesce(sum(entry.amount), 0), coalesce(sum(entry.amount), 0)) AS expected,
               (line.proceeds,
                coalesce(sum(entry.amount) FILTER (
                    WHERE entry.kind = 'SALE' AND entry.matures_on > line.open_on), 0)
                + coalesce(sum(entry.amount) FILTER (
                    WHERE entry.kind <> 'SALE' OR entry.matures_on <= line.open_on), 0)) AS found
        FROM credit_creditline line
        LEFT JOIN credit_proceedsentry entry ON entry.line_id = line.merchant_id
        GROUP BY line.merchant_id
        """,
    ),
    Check(
        2,
        "sales are the payments that orders took, one each",
        "line, order, amount, day it matures",
        """
        SELECT coalesce(payment.line_id, sale.line_id) AS merchant_id,
               coalesce('payment ' || payment.reference, 'sale without a payment') AS subject,
               CASE WHEN payment.status IN ('APPLIED', 'RECOVERY') THEN (
                   payment.line_id, payment.order_id, payment.amount,
                   (payment.at AT TIME ZONE line.timezone)::date + line.settlement_days
               ) END AS expected,
               CASE WHEN sale.line_id IS NOT NULL THEN (
                   sale.line_id, sale.order_id, sale.amount, sale.matures_on) END AS found
        FROM credit_orderpayment payment
        JOIN credit_creditline line ON line.merchant_id = payment.line_id
        FULL JOIN (
            SELECT payment_id, line_id, order_id, matures_on, sum(amount) AS amount
            FROM credit_proceedsentry WHERE kind = 'SALE'
            GROUP BY payment_id, line_id, order_id, matures_on
        ) sale ON sale.payment_id = payment.id
        """,
    ),
    Check(
        2,
        "an order's paid and recovered are its payments",
        "paid, recovered",
        """
        SELECT o.line_id AS merchant_id, 'order ' || o.reference AS subject,
               (coalesce(payments.applied, 0), coalesce(payments.recovered, 0)) AS expected,
               (o.paid, o.recovered) AS found
        FROM credit_order o LEFT JOIN (
            SELECT order_id, sum(amount) FILTER (WHERE status = 'APPLIED') AS applied,
                   sum(amount) FILTER (WHERE status = 'RECOVERY') AS recovered
            FROM credit_orderpayment GROUP BY order_id
        ) payments ON payments.order_id = o.id
        """,
    ),
)

# Of invariant 7, withdrawals and their debits belong here, once there are withdrawals.
CHECKS = LINES + ORDERS + PROCEEDS
