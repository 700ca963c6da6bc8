"""The audit checks of credit lines, reviews and orders (rule 25.1, rule 25.10).

Days are those of the time zone that was in force (lib.audit_days), and a line's payment days and
settlement days those that it had then (proceeds.days_at).
"""

from credit.audit.instants import INSTANTS
from credit.audit.proceeds import PROCEEDS, REFUNDS, counted, days_at, plausible
from credit.audit.two_people import TWO_PEOPLE
from credit.audit.unmatched import CLOSED, UNMATCHED
from credit.audit.withdrawals import WITHDRAWALS
from credit.rules import INSTALMENT_DAYS
from lib.audit import Check
from lib.audit_days import OF_OPEN_DAY, day, is_recounted, join_zone

WRITTEN_OFF_ON = day("lost", "entry.at")

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
        "an entry moves what its kind moves",
        "kind, limit, used, order",
        """
        SELECT line_id AS merchant_id, 'entry ' || id AS subject,
               CASE kind WHEN 'OPENED' THEN 'limit'
                         WHEN 'LIMIT_SET' THEN 'limit'
                         WHEN 'REVIEW' THEN 'limit'
                         WHEN 'HOLD' THEN 'more used by an order'
                         WHEN 'MOVED_IN' THEN 'more used by an order'
                         WHEN 'WRITE_OFF' THEN 'less used by an order, limit not up'
                         ELSE 'less used by an order' END AS expected,
               CASE WHEN order_id IS NULL AND used_change = 0 THEN 'limit'
                    WHEN order_id IS NULL THEN 'used by no order'
                    WHEN kind = 'WRITE_OFF' AND used_change < 0 AND limit_change <= 0
                         THEN 'less used by an order, limit not up'
                    WHEN limit_change <> 0 THEN 'limit by an order'
                    WHEN used_change > 0 THEN 'more used by an order'
                    ELSE 'less used by an order' END AS found
        FROM credit_limitentry
        """,
    ),
    # An approved review's entry is written at the decision.
    Check(
        1,
        "reviews that were applied or approved are what changed the limit, and no others",
        "limit before, limit after",
        """
        SELECT coalesce(review.line_id, entry.line_id) AS merchant_id,
               coalesce('review of ' || review."on", 'entry ' || entry.id || ' of no review')
                   AS subject,
               CASE WHEN review.status IN ('APPLIED', 'APPROVED')
                    THEN (review.limit_before, review.limit_given) END AS expected,
               CASE WHEN entry.id IS NOT NULL
                    THEN (entry.limit_after - entry.limit_change, entry.limit_after) END AS found
        FROM credit_limitreview review FULL JOIN (
            SELECT id, line_id, at, limit_change, limit_after
            FROM credit_limitentry WHERE kind = 'REVIEW'
        ) entry ON entry.line_id = review.line_id
               AND entry.at = CASE review.status WHEN 'APPROVED' THEN review.decided_at
                                                 ELSE review.at END
        """,
    ),
    # A write-off of the same instant came before the review; whatever else changed the limit came
    # after it.
    Check(
        12,
        "a raise that waits is younger than the last change of its limit, and of that limit",
        "limit before, later changes",
        """
        SELECT review.line_id AS merchant_id, 'review of ' || review."on" AS subject,
               CASE review.status WHEN 'PENDING' THEN (line."limit", 0::bigint) END AS expected,
               CASE review.status WHEN 'PENDING' THEN (review.limit_before, (
                   SELECT count(*) FROM credit_limitentry entry
                   WHERE entry.line_id = review.line_id AND entry.limit_change <> 0
                     AND (entry.at > review.at
                          OR entry.at = review.at AND entry.kind IN ('LIMIT_SET', 'REVIEW'))
               )) END AS found
        FROM credit_limitreview review JOIN credit_creditline line
             ON line.merchant_id = review.line_id
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
        "what was brought along came before the line's own trade",
        "what came later",
        """
        SELECT line.merchant_id, 'credit line' AS subject, 0::bigint AS expected, (
                   SELECT count(*) FROM credit_limitentry moved
                   WHERE moved.line_id = line.merchant_id AND moved.kind = 'MOVED_IN'
                     AND EXISTS (
                         SELECT FROM credit_limitentry own
                         WHERE own.line_id = moved.line_id AND own.id < moved.id
                           AND own.kind NOT IN ('OPENED', 'LIMIT_SET', 'MOVED_IN'))
               ) + (
                   SELECT count(*) FROM credit_proceedsentry moved
                   WHERE moved.line_id = line.merchant_id AND moved.kind = 'OPENING'
                     AND EXISTS (
                         SELECT FROM credit_proceedsentry own
                         WHERE own.line_id = moved.line_id AND own.id < moved.id
                           AND own.kind <> 'OPENING')
               ) AS found
        FROM credit_creditline line
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
        "a line counts its open day in the time zone of its history",
        "time zone, since, since",
        f"""
        SELECT books.merchant_id, 'credit line' AS subject,
               (zone.timezone, since.starts_on, since.starts_at) AS expected,
               (books.timezone, books.timezone_since_on, books.timezone_since_at) AS found
        FROM credit_creditline books {OF_OPEN_DAY}
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
            UNION ALL SELECT 'refund', id, line_id, currency FROM credit_orderrefund
            UNION ALL SELECT 'review', id, line_id, currency FROM credit_limitreview
            UNION ALL SELECT 'proceeds', id, line_id, currency FROM credit_proceedsentry
            UNION ALL SELECT 'settlement', id, line_id, currency FROM credit_unmatchedsettlement
            UNION ALL SELECT 'correction', id, line_id, currency FROM credit_proceedscorrection
        ) booked JOIN credit_creditline line ON line.merchant_id = booked.line_id
        """,
    ),
)

DELIVERED_AT = counted("o.delivered_at", "o.delivered_told_at")
# `stood` is the day in the books, which is expected of days that are not recounted.
TOLD_ON = day("told", "o.delivered_told_at", stood="o.delivered_told_on")
PAYMENT_DAYS = days_at("payment_days", "o.delivered_told_at")
DELIVERED_ON = day("delivered", DELIVERED_AT, stood=f"o.first_due_on - {PAYMENT_DAYS}")

ORDERS = (
    # The part of refunds that lowered `outstanding` is in no column of the order: entries have it.
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
    # Of what was paid elsewhere, before the order was brought along, there is no entry.
    Check(
        1,
        "an order's entries are its steps",
        "line, held, paid, written off, refunded while outstanding, cancelled",
        """
        SELECT o.line_id AS merchant_id, 'order ' || o.reference AS subject,
               CASE WHEN o.status <> 'DECLINED' THEN (
                   o.line_id, o.amount, o.paid, o.written_off, coalesce(refunds.amount, 0),
                   CASE o.status WHEN 'CANCELLED' THEN o.amount - o.refunded ELSE 0 END
               ) END AS expected,
               CASE WHEN entries.order_id IS NOT NULL THEN (
                   entries.line_id, entries.held + coalesce(entries.moved_in + elsewhere.paid, 0),
                   entries.paid + coalesce(elsewhere.paid, 0), entries.written_off,
                   entries.refunded, entries.released) END AS found
        FROM credit_order o LEFT JOIN (
            SELECT order_id, sum(from_outstanding) AS amount
            FROM credit_orderrefund GROUP BY order_id
        ) refunds ON refunds.order_id = o.id
        LEFT JOIN (
            SELECT order_id, line_id,
                   sum(used_change) FILTER (WHERE kind = 'MOVED_IN') AS moved_in,
                   coalesce(sum(used_change) FILTER (WHERE kind = 'HOLD'), 0) AS held,
                   coalesce(-sum(used_change) FILTER (WHERE kind = 'PAYMENT'), 0) AS paid,
                   coalesce(-sum(used_change) FILTER (WHERE kind = 'WRITE_OFF'), 0) AS written_off,
                   coalesce(-sum(used_change) FILTER (WHERE kind = 'REFUND'), 0) AS refunded,
                   coalesce(-sum(used_change) FILTER (WHERE kind = 'RELEASE'), 0) AS released
            FROM credit_limitentry WHERE order_id IS NOT NULL GROUP BY order_id, line_id
        ) entries ON entries.order_id = o.id
        CROSS JOIN LATERAL (SELECT greatest(o.amount - entries.moved_in, 0) AS paid) elsewhere
        """,
    ),
    # It counts from the due date of the oldest part that was unpaid then: what was paid before the
    # write-off covers the oldest parts.
    Check(
        1,
        "what a person wrote off was past its due date",
        "past due",
        f"""
        SELECT entry.line_id AS merchant_id, 'order ' || o.reference AS subject, true AS expected,
               o.first_due_on + {INSTALMENT_DAYS} * least(
                   CASE WHEN o.part_amount > 0 THEN floor(o.paid / o.part_amount)
                        ELSE o.instalments - 1 END, o.instalments - 1)::int < {WRITTEN_OFF_ON}
                   AS found
        FROM credit_limitentry entry JOIN credit_order o ON o.id = entry.order_id
        {join_zone("lost", merchant="entry.line_id", instant="entry.at")}
        WHERE entry.kind = 'WRITE_OFF' AND entry.actor LIKE '%@%'
          AND {is_recounted("lost", "entry.at")}
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
        "no step of an order happened before it was placed, or after it was told",
        "such steps",
        f"""
        SELECT o.line_id AS merchant_id, 'order ' || o.reference AS subject, 0::bigint AS expected,
               count(*) FILTER (WHERE NOT step.is_plausible) AS found
        FROM credit_order o CROSS JOIN LATERAL (
            SELECT {plausible("o.placed_said_at", "o.placed_at")} AS is_plausible
            UNION ALL SELECT {plausible("o.shipped_at", "o.shipped_told_at")}
            UNION ALL SELECT {plausible("o.delivered_at", "o.delivered_told_at")}
            UNION ALL SELECT {plausible("o.cancelled_said_at", "o.cancelled_at")}
            UNION ALL SELECT {plausible("payment.at", "payment.arrived_at")}
            FROM credit_orderpayment payment WHERE payment.order_id = o.id
            UNION ALL SELECT {plausible("refund.at", "refund.arrived_at")}
            FROM credit_orderrefund refund WHERE refund.order_id = o.id
        ) step GROUP BY o.id, o.line_id, o.reference
        """,
    ),
    Check(
        1,
        "an order falls due as delivery and payments say",
        "first part, oldest unpaid part, told on",
        f"""
        SELECT o.line_id AS merchant_id, 'order ' || o.reference AS subject,
               (delivery.first_due_on,
                CASE o.status WHEN 'OPEN' THEN
                    delivery.first_due_on + {INSTALMENT_DAYS} * covered.parts END,
                {TOLD_ON}) AS expected,
               (o.first_due_on, o.due_on, o.delivered_told_on) AS found
        FROM credit_order o JOIN credit_creditline line ON line.merchant_id = o.line_id
        {join_zone("delivered", merchant="o.line_id", instant=DELIVERED_AT)}
        {join_zone("told", merchant="o.line_id", instant="o.delivered_told_at")}
        CROSS JOIN LATERAL (
            SELECT {DELIVERED_ON} + {PAYMENT_DAYS} AS first_due_on
        ) delivery
        CROSS JOIN LATERAL (
            SELECT least(coalesce(div(o.paid, nullif(o.part_amount, 0)), o.instalments),
                         o.instalments - 1)::int AS parts
        ) covered
        """,
    ),
)

CHECKS = (
    LINES + ORDERS + REFUNDS + PROCEEDS + UNMATCHED + CLOSED + WITHDRAWALS + INSTANTS + TWO_PEOPLE
)
