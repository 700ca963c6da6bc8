"""The audit checks of proceeds and refunds (rule 25.2). credit.audit.lines lists them."""

from credit.rules import FORGIVEN
from lib.audit import Check
from lib.audit_days import day, join_zone


def counted(said: str, told: str) -> str:
    """SQL for the instant at which a step of order `o` counts, as `credit.rules.happened` computes
    it for a step that can have happened then (`plausible`).

    `said` is the SQL of when the step is said to have happened, `told` of when it was reported. The
    result is null if `said` is null; `least` and `greatest` alone would ignore that null.
    """
    counted_at = f"least(greatest({said}, least(o.placed_said_at, o.placed_at)), {told})"
    return f"(CASE WHEN {said} IS NOT NULL THEN {counted_at} END)"


def days_at(which: str, instant: str) -> str:
    """SQL for the payment or settlement days of the line `line` that were in force at an instant.
    `which` is the name of the column that has them, and `instant` is SQL.
    """
    return f"""
        coalesce((
            SELECT former.{which} FROM credit_formerdays former
            WHERE former.line_id = line.merchant_id AND former.until_at > {instant}
            ORDER BY former.until_at LIMIT 1
        ), line.{which})
    """


def plausible(said: str, told: str) -> str:
    """SQL for whether a step of order `o` can have happened when it is said to have: after the
    order was placed and before the step was reported. `said` is the SQL of when it is said to have
    happened, `told` of when it was reported. Both ends are widened by the few minutes by which
    clocks may differ (FORGIVEN).
    """
    forgiven = f"interval '{FORGIVEN.total_seconds():.0f} seconds'"
    return (
        f"{said} BETWEEN least(o.placed_said_at, o.placed_at) - {forgiven} AND {told} + {forgiven}"
    )


REFUNDS = (
    Check(
        2,
        "an order's refunded is its refunds",
        "refunded, of what was written off",
        """
        SELECT o.line_id AS merchant_id, 'order ' || o.reference AS subject,
               (coalesce(refunds.amount, 0), coalesce(refunds.from_written_off, 0)) AS expected,
               (o.refunded, o.refunded_written_off) AS found
        FROM credit_order o LEFT JOIN (
            SELECT order_id, sum(amount) AS amount, sum(from_written_off) AS from_written_off
            FROM credit_orderrefund GROUP BY order_id
        ) refunds ON refunds.order_id = o.id
        """,
    ),
    Check(
        2,
        "a refund's parts add up, and what came from proceeds left them",
        "line, order, amount, from proceeds",
        """
        SELECT coalesce(refund.line_id, entry.line_id) AS merchant_id,
               coalesce('refund ' || refund.reference, 'entry of no refund') AS subject,
               CASE WHEN refund.id IS NOT NULL THEN (
                   refund.line_id, refund.order_id, refund.amount, refund.from_proceeds
               ) END AS expected,
               CASE WHEN refund.id IS NOT NULL OR entry.line_id IS NOT NULL THEN (
                   coalesce(entry.line_id, refund.line_id),
                   coalesce(entry.order_id, refund.order_id),
                   refund.from_outstanding + refund.from_written_off + refund.from_proceeds,
                   coalesce(entry.amount, 0)) END AS found
        FROM credit_orderrefund refund FULL JOIN (
            SELECT refund_id, line_id, order_id, -sum(amount) AS amount
            FROM credit_proceedsentry WHERE kind = 'REFUND'
            GROUP BY refund_id, line_id, order_id
        ) entry ON entry.refund_id = refund.id
        """,
    ),
    # A refund's entry matures on the day of the sale that it takes from.
    Check(
        2,
        "refunds take from their own order's sales, and no more than each was",
        "line, order, day it matures, taken",
        """
        SELECT sale.line_id AS merchant_id, 'sale ' || sale.id AS subject,
               (sale.line_id, sale.order_id, sale.matures_on,
                least(sale.amount, taken.amount)) AS expected,
               (taken.line_id, taken.order_id, taken.matures_on, taken.amount) AS found
        FROM credit_proceedsentry sale JOIN (
            SELECT sale_id, line_id, order_id, matures_on, -sum(amount) AS amount
            FROM credit_proceedsentry WHERE kind = 'REFUND'
            GROUP BY sale_id, line_id, order_id, matures_on
        ) taken ON taken.sale_id = sale.id
        """,
    ),
)

PAID_AT = counted("payment.at", "payment.arrived_at")
SETTLEMENT_DAYS = days_at("settlement_days", "payment.arrived_at")
# `stood` is the day in the books, which is expected of days that are not recounted.
PAID_ON = day("paid", PAID_AT, stood=f"sale.matures_on - {SETTLEMENT_DAYS}")

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
                    WHERE entry.matures_on > line.open_on), 0)
                + coalesce(sum(entry.amount) FILTER (
                    WHERE entry.matures_on <= line.open_on
                       OR entry.matures_on IS NULL AND entry.kind <> 'SALE'), 0)) AS found
        FROM credit_creditline line
        LEFT JOIN credit_proceedsentry entry ON entry.line_id = line.merchant_id
        GROUP BY line.merchant_id
        """,
    ),
    Check(
        2,
        "proceeds are corrected exactly as operators' corrections say",
        "line, amount, instant",
        """
        SELECT coalesce(correction.line_id, entry.line_id) AS merchant_id,
               coalesce('correction ' || correction.id, 'entry of no correction') AS subject,
               CASE WHEN correction.id IS NOT NULL THEN (
                   correction.line_id, correction.amount, correction.at) END AS expected,
               CASE WHEN entry.id IS NOT NULL THEN (
                   entry.line_id, entry.amount, entry.at) END AS found
        FROM credit_proceedscorrection correction FULL JOIN (
            SELECT * FROM credit_proceedsentry WHERE kind = 'CORRECTION'
        ) entry ON entry.correction_id = correction.id
        """,
    ),
    Check(
        2,
        "a counter-entry takes back exactly what was corrected",
        "line, amount, itself none",
        """
        SELECT counter.line_id AS merchant_id, 'correction ' || counter.id AS subject,
               (corrected.line_id, -corrected.amount, true) AS expected,
               (counter.line_id, counter.amount, corrected.undoes_id IS NULL) AS found
        FROM credit_proceedscorrection counter
        JOIN credit_proceedscorrection corrected ON corrected.id = counter.undoes_id
        """,
    ),
    Check(
        2,
        "sales are the payments that orders took, one each",
        "line, order, amount, day it matures",
        f"""
        SELECT coalesce(payment.line_id, sale.line_id) AS merchant_id,
               coalesce('payment ' || payment.reference, 'sale without a payment') AS subject,
               CASE WHEN payment.status IN ('APPLIED', 'RECOVERY') THEN (
                   payment.line_id, payment.order_id, payment.amount,
                   {PAID_ON} + {SETTLEMENT_DAYS}
               ) END AS expected,
               CASE WHEN sale.line_id IS NOT NULL THEN (
                   sale.line_id, sale.order_id, sale.amount, sale.matures_on) END AS found
        FROM credit_orderpayment payment
        JOIN credit_creditline line ON line.merchant_id = payment.line_id
        JOIN credit_order o ON o.id = payment.order_id
        {join_zone("paid", merchant="payment.line_id", instant=PAID_AT)}
        FULL JOIN (
            SELECT payment_id, line_id, order_id, matures_on, sum(amount) AS amount
            FROM credit_proceedsentry WHERE kind = 'SALE'
            GROUP BY payment_id, line_id, order_id, matures_on
        ) sale ON sale.payment_id = payment.id
        """,
    ),
    Check(
        2,
        "an order's paid and recovered are its payments, here and where it was brought from",
        "paid, recovered",
        """
        SELECT o.line_id AS merchant_id, 'order ' || o.reference AS subject,
               (coalesce(payments.applied, 0) + coalesce(o.amount - moved_in.held, 0),
                coalesce(payments.recovered, 0)) AS expected,
               (o.paid, o.recovered) AS found
        FROM credit_order o LEFT JOIN (
            SELECT order_id, sum(amount) FILTER (WHERE status = 'APPLIED') AS applied,
                   sum(amount) FILTER (WHERE status = 'RECOVERY') AS recovered
            FROM credit_orderpayment GROUP BY order_id
        ) payments ON payments.order_id = o.id
        LEFT JOIN (
            SELECT order_id, sum(used_change) AS held
            FROM credit_limitentry WHERE kind = 'MOVED_IN' GROUP BY order_id
        ) moved_in ON moved_in.order_id = o.id
        """,
    ),
)
