"""Payment plans: what their parts come to, how far they are paid, and what they asked for."""

from billing.audit.invoices import INVOICE
from billing.models.payment_plans import FEWEST_PARTS, MOST_PARTS
from billing.operations.attempts import COLLECTOR
from lib.audit import Check
from lib.audit_days import day, is_recounted, join_zone

# The plan's parts, each with the sum of it and those before.
PARTS = """
SELECT part.*, sum(part.amount) OVER (PARTITION BY plan_id ORDER BY due_on) AS up_to
FROM billing_paymentplanpart part
"""
STARTED_ON = day("started", "payment.started_at")

CHECKS = (
    Check(
        7,
        "the parts of a payment plan were what was left of its bill, on days after it was made",
        "amount, parts, days",
        f"""
        SELECT invoice.account_id AS merchant_id, 'plan of ' || {INVOICE} AS subject,
               (invoice.total - plan.paid_before, true, true) AS expected,
               (coalesce(sum(part.amount), 0),
                count(part.id) BETWEEN {FEWEST_PARTS} AND {MOST_PARTS},
                coalesce(min(part.due_on) > plan.made_on
                         AND max(part.due_on) <= plan.made_on + interval '12 months', false)
               ) AS found
        FROM billing_paymentplan plan JOIN billing_invoice invoice ON invoice.id = plan.invoice_id
        LEFT JOIN billing_paymentplanpart part ON part.plan_id = plan.id
        GROUP BY plan.id, invoice.id
        """,
    ),
    Check(
        7,
        "a payment plan is in force until its bill is paid, or a part was not",
        "state, next part",
        f"""
        SELECT invoice.account_id AS merchant_id, 'plan of ' || {INVOICE} AS subject,
               CASE WHEN plan.status NOT IN ('IN_FORCE', 'KEPT') THEN (plan.status, NULL::date)
                    WHEN invoice.status = 'PAID' THEN ('KEPT'::varchar, NULL::date)
                    ELSE ('IN_FORCE'::varchar, next.due_on) END AS expected,
               (plan.status, CASE WHEN plan.status IN ('IN_FORCE', 'KEPT')
                                  THEN plan.next_due_on END) AS found
        FROM billing_paymentplan plan JOIN billing_invoice invoice ON invoice.id = plan.invoice_id
        LEFT JOIN LATERAL (
            SELECT min(part.due_on) AS due_on FROM ({PARTS}) part
            WHERE part.plan_id = plan.id AND part.up_to > invoice.amount_paid - plan.paid_before
        ) next ON true
        """,
    ),
    Check(
        7,
        "a part of a payment plan that nothing collects is paid on its day, or the plan has ended",
        "paid by then",
        f"""
        SELECT invoice.account_id AS merchant_id, 'plan of ' || {INVOICE} AS subject,
               true AS expected, plan.next_due_on >= account.open_on AS found
        FROM billing_paymentplan plan JOIN billing_invoice invoice ON invoice.id = plan.invoice_id
        JOIN billing_billingaccount account ON account.merchant_id = invoice.account_id
        WHERE plan.status = 'IN_FORCE' AND account.payment_method = 'manual'
          AND NOT EXISTS (SELECT 1 FROM billing_payment payment
                          WHERE payment.invoice_id = invoice.id
                              AND payment.status IN ('PENDING', 'UNKNOWN'))
        """,
    ),
    Check(
        7,
        "what a payment plan has asked for were its parts that were due and not paid",
        "amount",
        f"""
        SELECT invoice.account_id AS merchant_id, {INVOICE} || ' attempt ' || payment.attempt
            AS subject,
               due.amount + plan.paid_before - before.amount AS expected,
               payment.amount AS found
        FROM billing_payment payment
        JOIN billing_invoice invoice ON invoice.id = payment.invoice_id
        JOIN billing_paymentplan plan ON plan.invoice_id = invoice.id
             AND payment.started_at > plan.at
             AND (plan.ended_at IS NULL OR payment.started_at < plan.ended_at
                  OR payment.started_at = plan.ended_at AND plan.status <> 'CANCELLED'
                     AND NOT EXISTS (  -- of several of one instant the first one ended it
                         SELECT FROM billing_payment first
                         WHERE first.invoice_id = invoice.id AND first.actor = '{COLLECTOR}'
                           AND first.started_at = payment.started_at
                           AND first.attempt < payment.attempt))
        {join_zone("started", merchant="invoice.account_id", instant="payment.started_at")}
        CROSS JOIN LATERAL (
            SELECT coalesce(sum(part.amount), 0) AS amount FROM billing_paymentplanpart part
            WHERE part.plan_id = plan.id AND part.due_on <= {STARTED_ON}
        ) due
        CROSS JOIN LATERAL (
            SELECT coalesce(sum(earlier.amount), 0) AS amount
            FROM billing_payment earlier WHERE earlier.invoice_id = invoice.id
                AND earlier.attempt < payment.attempt AND earlier.status = 'SUCCEEDED'
        ) before
        WHERE payment.actor = '{COLLECTOR}'
          AND {is_recounted("started", "payment.started_at")}
        """,
    ),
)
