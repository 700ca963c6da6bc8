"""Bills that were not paid: when they failed, what is tried next, and the freeze of the line."""

from billing.audit.invoices import INVOICE
from billing.models import Fee, Payment
from billing.models.accounts import FREEZE_DAYS
from billing.operations.attempts import COLLECTOR
from billing.providers.minimums import RELATION
from lib.audit import Check
from lib.audit_days import day, eve, is_recounted, join_zone

FAILED_ON = day("failed", "invoice.first_failed_at")
FAILED_EVE = day("before", eve("invoice.first_failed_at"))
PLACED_ON = day("placed", "frozen.placed_at", stood="'infinity'")
# Whether an account's payment method was chosen anew meanwhile: then nobody can tell any more
# whether an attempt counted, or what was to be tried.
CHOSEN = """EXISTS (
    SELECT 1 FROM billing_accountchange change WHERE change.account_id = invoice.account_id
        AND change.what = 'PAYMENT_METHOD' AND {when})"""
CHOSEN_MEANWHILE = CHOSEN.format(when="change.at BETWEEN payment.started_at AND payment.ended_at")
CHOSEN_TODAY = CHOSEN.format(when="change.effective_on = account.open_on")

# Whether the bill is paid by a payment plan, which has days of its own (audit.payment_plans).
UNDER_A_PLAN = """EXISTS (
    SELECT 1 FROM billing_paymentplan plan
    WHERE plan.invoice_id = invoice.id AND plan.status = 'IN_FORCE')"""

# The least that the account's provider takes.
LEAST = f"""coalesce((
    SELECT minimum.least FROM {RELATION}
    WHERE minimum.method = account.payment_method AND minimum.currency = account.currency), 0)"""

FAILURES = (
    # Of a person's attempts those count that nothing automatic can follow. One that failed after
    # its card was replaced is not counted.
    Check(
        7,
        "a bill has failed since the first attempt that did",
        "failed",
        f"""
        SELECT invoice.account_id AS merchant_id, {INVOICE} || ' attempt ' || payment.attempt
            AS subject,
               'by then' AS expected,
               CASE WHEN invoice.first_failed_at <= payment.ended_at THEN 'by then'
                    WHEN {CHOSEN_MEANWHILE} THEN 'by then' ELSE 'later' END AS found
        FROM billing_payment payment JOIN billing_invoice invoice ON invoice.id = payment.invoice_id
        WHERE payment.status = 'FAILED'
          AND payment.failure NOT IN {Payment.NOBODYS_FAILURES}
          AND (payment.actor = '{COLLECTOR}' OR payment.is_hard AND NOT EXISTS (
              -- A plan goes on after what a person tried.
              SELECT 1 FROM billing_paymentplan plan
              WHERE plan.invoice_id = invoice.id AND plan.at <= payment.started_at
                AND (plan.ended_at IS NULL OR payment.ended_at <= plan.ended_at)))
        """,
    ),
    Check(
        7,
        "a bill's first failure is an attempt's, or the start of a day by which it was due",
        "day, of what",
        f"""
        SELECT invoice.account_id AS merchant_id, {INVOICE} AS subject,
               ({FAILED_ON}, 'yes'::text) AS expected,
               (invoice.first_failed_on,
                CASE WHEN EXISTS (
                         SELECT 1 FROM billing_payment payment WHERE payment.invoice_id = invoice.id
                             AND payment.status = 'FAILED'
                             AND payment.ended_at = invoice.first_failed_at) THEN 'yes'
                     WHEN invoice.first_failed_on >= invoice.due_on
                         AND invoice.first_failed_on > {FAILED_EVE} THEN 'yes'
                     ELSE 'no' END) AS found
        FROM billing_invoice invoice
        {join_zone("failed", merchant="invoice.account_id", instant="invoice.first_failed_at")}
        {join_zone("before", merchant="invoice.account_id", instant=eve("invoice.first_failed_at"))}
        WHERE invoice.first_failed_at IS NOT NULL
          AND {is_recounted("before", eve("invoice.first_failed_at"))}
        """,
    ),
    Check(
        7,
        "a bill that nothing collects has failed once it is due",
        "failed",
        f"""
        SELECT invoice.account_id AS merchant_id, {INVOICE} AS subject,
               CASE WHEN account.open_on >= greatest(invoice.due_on, invoice.held_until)
                         AND NOT {CHOSEN_TODAY} AND NOT {UNDER_A_PLAN} THEN true
                    ELSE invoice.first_failed_at IS NOT NULL END AS expected,
               invoice.first_failed_at IS NOT NULL AS found
        FROM billing_invoice invoice
        JOIN billing_billingaccount account ON account.merchant_id = invoice.account_id
        WHERE invoice.status = 'OPEN' AND account.payment_method = 'manual'
          AND NOT EXISTS (SELECT 1 FROM billing_payment payment
          WHERE payment.invoice_id = invoice.id
                              AND payment.status IN ('PENDING', 'UNKNOWN'))
        """,
    ),
    Check(
        7,
        "an open bill is tried by itself until it has failed, and no other is",
        "next",
        f"""
        SELECT invoice.account_id AS merchant_id, {INVOICE} AS subject,
               CASE WHEN invoice.status <> 'OPEN' AND NOT {UNDER_A_PLAN} THEN 'not tried'
                    WHEN attempt.id IS NOT NULL OR {UNDER_A_PLAN} THEN next.what
                    WHEN account.payment_method = 'manual' THEN 'not tried'
                    WHEN invoice.total - invoice.amount_paid < {LEAST} THEN next.what
                    WHEN last.failure IN {Payment.NOT_TRIED_AGAIN} THEN next.what
                    WHEN invoice.first_failed_at IS NULL THEN 'tried'
                    ELSE next.what END AS expected,
               next.what AS found
        FROM billing_invoice invoice
        JOIN billing_billingaccount account ON account.merchant_id = invoice.account_id
        LEFT JOIN billing_payment attempt ON attempt.invoice_id = invoice.id
             AND attempt.status IN ('PENDING', 'UNKNOWN')
        LEFT JOIN LATERAL (
            SELECT failure FROM billing_payment
            WHERE invoice_id = invoice.id AND provider NOT IN {Payment.OWN_PROVIDERS}
            ORDER BY attempt DESC LIMIT 1
        ) last ON true
        CROSS JOIN LATERAL (
            SELECT CASE WHEN invoice.next_attempt_at IS NULL
                THEN 'not tried' ELSE 'tried' END AS what
        ) next
        """,
    ),
)

# Operators note why they lift a freeze; the rule does not.
LIFTED_BY_HAND = """EXISTS (
    SELECT 1 FROM credit_freeze frozen WHERE frozen.line_id = line.merchant_id
        AND frozen.reason = 'UNPAID_BILL' AND frozen.lift_note <> '')"""
IN_FORCE = """EXISTS (
    SELECT 1 FROM credit_freeze frozen WHERE frozen.line_id = line.merchant_id
        AND frozen.reason = 'UNPAID_BILL' AND frozen.lifted_at IS NULL)"""
# Those of which less is left than their provider takes freeze nothing.
# One that asks again for a payment that was taken back freezes the line at its first failure.
FREEZES_AFTER = f"""CASE WHEN EXISTS (
        SELECT 1 FROM billing_invoiceline line
        WHERE line.invoice_id = invoice.id AND line.fee_code = '{Fee.REVERSAL}') THEN 0
    ELSE {FREEZE_DAYS} END"""
UNPAID = f"""
SELECT invoice.*, greatest(invoice.first_failed_on + {FREEZES_AFTER},
                          CASE WHEN invoice.first_failed_on IS NOT NULL
                               THEN invoice.held_until END) AS freezes_on
FROM billing_invoice invoice
JOIN billing_billingaccount account ON account.merchant_id = invoice.account_id
WHERE invoice.status IN ('OPEN', 'UNCOLLECTIBLE') AND invoice.total - invoice.amount_paid >= {LEAST}
  AND NOT {UNDER_A_PLAN}
"""

FREEZES = (
    # A day that has come waits no longer, unless the line heard of it late: from an account whose
    # days were worked off weeks later.
    Check(
        7,
        "a line expects the freezes for its unpaid bills",
        "days",
        f"""
        SELECT line.merchant_id, 'credit line' AS subject,
               ARRAY(SELECT DISTINCT invoice.freezes_on FROM ({UNPAID}) invoice
                     WHERE invoice.account_id = line.merchant_id AND (
                         invoice.freezes_on > line.open_on
                         OR invoice.freezes_on = ANY(line.unpaid_bill_days))
                     ORDER BY invoice.freezes_on) AS expected,
               line.unpaid_bill_days AS found
        FROM credit_creditline line
        """,
    ),
    Check(
        7,
        "a line is frozen for a bill too long unpaid, unless an operator lifted that",
        "frozen",
        f"""
        SELECT invoice.account_id AS merchant_id, {INVOICE} AS subject, true AS expected,
               invoice.freezes_on = ANY(line.unpaid_bill_days) OR {IN_FORCE} OR {LIFTED_BY_HAND}
                   AS found
        FROM ({UNPAID}) invoice JOIN credit_creditline line ON line.merchant_id = invoice.account_id
        WHERE invoice.freezes_on <= line.open_on
        """,
    ),
    # The rule's freezes; a person may place one for this reason too.
    Check(
        7,
        "a freeze for an unpaid bill is one's, and ends when all are paid",
        "placed for a bill, may stand",
        f"""
        SELECT frozen.line_id AS merchant_id, 'freeze ' || frozen.id AS subject,
               (true, true) AS expected,
               (EXISTS (SELECT 1 FROM billing_invoice invoice
                        WHERE invoice.account_id = frozen.line_id
                            AND invoice.first_failed_on + {FREEZES_AFTER}
                                <= {PLACED_ON}),
                frozen.lifted_at IS NOT NULL OR EXISTS (
                    SELECT 1 FROM billing_invoice invoice WHERE invoice.account_id = frozen.line_id
                        AND invoice.status IN ('OPEN', 'UNCOLLECTIBLE') AND NOT {UNDER_A_PLAN}
                )) AS found
        FROM credit_freeze frozen
        {join_zone("placed", merchant="frozen.line_id", instant="frozen.placed_at")}
        WHERE frozen.reason = 'UNPAID_BILL' AND frozen.placed_by = 'day-end'
        """,
    ),
)

PAUSES = (
    Check(
        7,
        "nothing tries a bill by itself while its collecting is paused",
        "attempts",
        f"""
        SELECT invoice.account_id AS merchant_id, {INVOICE} || ' paused on ' || pause.began_on
            AS subject,
               0 AS expected, count(payment.id) AS found
        FROM billing_collectionpause pause JOIN billing_invoice invoice
             ON invoice.id = pause.invoice_id
        LEFT JOIN billing_payment payment ON payment.invoice_id = invoice.id
             AND payment.actor = '{COLLECTOR}' AND payment.chosen_by = ''
             AND payment.started_at > pause.at
             AND payment.started_at < least(pause.until_at, pause.ended_at)
        GROUP BY invoice.id, pause.id
        """,
    ),
    Check(
        7,
        "a bill is held until its last pause or payment plan has ended",
        "day",
        f"""
        SELECT invoice.account_id AS merchant_id, {INVOICE} AS subject,
               held.until_on AS expected, invoice.held_until AS found
        FROM billing_invoice invoice LEFT JOIN LATERAL (
            SELECT max(until_on) AS until_on FROM (
                SELECT CASE WHEN ended_on < until_on THEN ended_on + 1 ELSE until_on END AS until_on
                FROM billing_collectionpause WHERE invoice_id = invoice.id
                UNION ALL
                SELECT ended_on + 1 FROM billing_paymentplan
                WHERE invoice_id = invoice.id AND status IN ('BROKEN', 'CANCELLED')
            ) ended
        ) held ON true
        """,
    ),
)

CHECKS = FAILURES + FREEZES + PAUSES
