"""When plan fees and bills come, what they are called, and what they follow."""

from billing.audit.closings import was_closed_on
from billing.audit.invoices import DRAWN_UP_AT, INVOICE, TAKES_ITS_DATE
from billing.audit.plans import IN_FORCE, PLAN_DATES, SCHEDULED_UNTIL
from billing.models import Fee
from billing.models.accounts import CYCLE_DAYS, DAYS_TO_PAY
from billing.models.credit_notes import SUFFIX
from lib.audit import HERE, Check
from lib.audit_days import day, eve, is_recounted, join_zone
from merchants.moved import LEFT

LAST_DAY = f"""
(invoice.issued_on - CASE WHEN invoice.kind IN {TAKES_ITS_DATE} THEN 0 ELSE 1 END)
"""
# Bills that took nothing for good, and since when.
VOIDED = f"""
SELECT invoice.id, invoice.account_id, {LAST_DAY} AS last_day, decision.at
FROM billing_invoice invoice
JOIN billing_invoicedecision decision ON decision.invoice_id = invoice.id
WHERE invoice.status = 'VOID' AND decision.decision IN ('VOIDED', 'SENT_BACK')
"""
# Of an issue that is not recounted nothing is known but when the bill is due.
ISSUED_ON = day("issue", "invoice.issued_at", stood="invoice.due_on")
# The day after what the bills before took, those included that were undone later.
FOLLOWS = "coalesce(greatest(invoice.through, {undone}) + 1, account.joined_on)"

INVOICES = (
    # A closed account has no dates any more.
    Check(
        6,
        "scheduled bills are of plan dates, or else of the cycle",
        "kind",
        f"""
        SELECT invoice.account_id AS merchant_id, {INVOICE} || ' of ' || invoice.issued_on
            AS subject,
               CASE WHEN date.day IS NOT NULL THEN 'SUBSCRIPTION'
                    WHEN {was_closed_on("invoice.issued_on", "invoice.account_id")}
                      OR invoice.issued_on > {SCHEDULED_UNTIL}
                      OR mod(invoice.issued_on - account.joined_on, {CYCLE_DAYS}) <> 0 THEN NULL
                    WHEN term.plan_interval_days > {CYCLE_DAYS} THEN 'CYCLE' END AS expected,
               invoice.kind::text AS found
        FROM billing_invoice invoice
        JOIN billing_billingaccount account ON account.merchant_id = invoice.account_id
        LEFT JOIN ({PLAN_DATES}) date
             ON date.account_id = invoice.account_id AND date.day = invoice.issued_on
        LEFT JOIN LATERAL ({IN_FORCE.format(on="invoice.issued_on")}) term ON true
        WHERE invoice.kind IN ('SUBSCRIPTION', 'CYCLE')
        """,
    ),
    # A threshold bill of a day's end is dated that day and written as the next one starts. A day
    # that a new time zone passes over lies between two instants.
    Check(
        6,
        "a bill is dated by the day it was issued, or drawn up",
        "date",
        f"""
        SELECT invoice.account_id AS merchant_id, {INVOICE} AS subject, invoice.issued_on
            AS expected,
               CASE WHEN invoice.kind = 'THRESHOLD' AND invoice.issued_on = eve.day THEN eve.day
                    WHEN invoice.issued_on > eve.day AND invoice.issued_on < local.day
                        THEN invoice.issued_on
                    ELSE local.day END AS found
        FROM billing_invoice invoice
        {join_zone("issued", merchant="invoice.account_id", instant=DRAWN_UP_AT)}
        {join_zone("before", merchant="invoice.account_id", instant=eve(DRAWN_UP_AT))}
        CROSS JOIN LATERAL (SELECT {day("issued", DRAWN_UP_AT)} AS day) local
        CROSS JOIN LATERAL (SELECT {day("before", eve(DRAWN_UP_AT))} AS day) eve
        WHERE {is_recounted("before", eve(DRAWN_UP_AT))}
        """,
    ),
    # What was voided or sent back at the very instant came before it or after.
    Check(
        6,
        "a bill's period goes on from the bills before it and holds its lines",
        "from, to, plan from, plan to",
        f"""
        SELECT invoice.account_id AS merchant_id, {INVOICE} AS subject,
               (CASE WHEN lines.oldest_on IS NULL THEN lines.plan_start
                     WHEN invoice.period_start = before.counting THEN before.counting
                     ELSE before.not_counting END,
                CASE WHEN lines.oldest_on IS NULL THEN plan.last_day ELSE invoice.last_day END,
                lines.plan_start, plan.last_day) AS expected,
               (invoice.period_start, invoice.period_end, invoice.plan_start, invoice.plan_end)
                   AS found
        FROM (
            SELECT invoice.*, {LAST_DAY} AS last_day, max({LAST_DAY}) FILTER (
                       WHERE invoice.status <> 'VOID') OVER (
                       PARTITION BY invoice.account_id ORDER BY invoice.id
                       ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS through
            FROM billing_invoice invoice
        ) invoice
        JOIN billing_billingaccount account ON account.merchant_id = invoice.account_id
        JOIN (
            SELECT invoice_id, min(posting_on) FILTER (WHERE category <> 'SUBSCRIPTION')
                       AS oldest_on,
                   min(posting_on) FILTER (WHERE category = 'SUBSCRIPTION') AS plan_start,
                   max(posting_on) FILTER (WHERE category = 'SUBSCRIPTION') AS last_plan_on
            FROM billing_invoiceline GROUP BY invoice_id
        ) lines ON lines.invoice_id = invoice.id
        LEFT JOIN LATERAL (
            SELECT lines.last_plan_on + term.plan_interval_days - 1 AS last_day
            FROM billing_planterm term
            WHERE term.account_id = invoice.account_id AND term.starts_on <= lines.last_plan_on
            ORDER BY term.starts_on DESC, term.id DESC LIMIT 1
        ) plan ON true
        LEFT JOIN LATERAL (
            SELECT max(void.last_day) FILTER (WHERE void.at > {DRAWN_UP_AT}) AS later,
                   max(void.last_day) FILTER (WHERE void.at >= {DRAWN_UP_AT}) AS then_or_later
            FROM ({VOIDED}) void
            WHERE void.account_id = invoice.account_id AND void.id < invoice.id
        ) undone ON true
        CROSS JOIN LATERAL (
            SELECT least({FOLLOWS.format(undone="undone.then_or_later")}, lines.oldest_on)
                       AS counting,
                   least({FOLLOWS.format(undone="undone.later")}, lines.oldest_on)
                       AS not_counting
        ) before
        """,
    ),
    Check(
        10,
        "the lines of a bill but plan fees were posted in its period",
        "in it",
        f"""
        SELECT invoice.account_id AS merchant_id, {INVOICE} || ' line ' || line.fee_code || ' '
                   || line.posting_on AS subject, true AS expected,
               line.posting_on BETWEEN invoice.period_start AND invoice.period_end AS found
        FROM billing_invoiceline line JOIN billing_invoice invoice ON invoice.id = line.invoice_id
        WHERE line.category <> 'SUBSCRIPTION'
        """,
    ),
    # A draft's is that of its issue, whenever it was drawn up.
    Check(
        6,
        "a bill is due on its day, or seven days later where nothing collected it",
        "due",
        # Or on the day that an operator gave it last.
        f"""
        SELECT invoice.account_id AS merchant_id, {INVOICE} AS subject,
               CASE WHEN moved.due_on IS NOT NULL THEN moved.due_on
                    WHEN invoice.due_on IN (issued.day, issued.day + {DAYS_TO_PAY})
                    THEN invoice.due_on ELSE issued.day END AS expected,
               invoice.due_on AS found
        FROM billing_invoice invoice
        LEFT JOIN LATERAL (
            SELECT due_on FROM billing_dueday WHERE invoice_id = invoice.id
            ORDER BY id DESC LIMIT 1
        ) moved ON true
        {join_zone("issue", merchant="invoice.account_id", instant="invoice.issued_at")}
        CROSS JOIN LATERAL (
            SELECT CASE WHEN invoice.drafted_at IS NULL OR invoice.number IS NULL
                THEN invoice.issued_on
                        ELSE {ISSUED_ON} END AS day
        ) issued
        """,
    ),
    Check(
        6,
        "bill numbers run without a gap to the last one given out",
        "bills",
        f"""
        SELECT invoice.account_id AS merchant_id,
               'number ' || coalesce(given_out.number, invoice.number) AS subject,
               CASE WHEN given_out.number IS NOT NULL THEN 1 ELSE 0 END AS expected,
               coalesce(invoice.count, 0) AS found
        FROM (
            SELECT * FROM (
                SELECT year, mark || CASE WHEN series <> '' THEN series || '-' ELSE '' END
                       || year || '-' || lpad(place::text, greatest(6, length(place::text)), '0')
                       AS number
                FROM billing_numberseries, generate_series(1, last) AS place, {HERE}
                WHERE series NOT LIKE '%{SUFFIX}'
            ) every WHERE number NOT IN (SELECT name FROM ({LEFT}) moved)
        ) given_out FULL JOIN (
            SELECT extract(year FROM issued_on)::int AS year, number, count(*) AS count,
                   min(account_id) AS account_id
            FROM billing_invoice JOIN {HERE} ON starts_with(number, mark)
            WHERE number IS NOT NULL GROUP BY 1, 2
        ) invoice ON invoice.year = given_out.year AND invoice.number = given_out.number
        """,
    ),
)

PLAN_FEES = (
    Check(
        6,
        "a plan fee is charged once on each plan date",
        "plan fees, amount",
        f"""
        SELECT coalesce(date.account_id, fee.account_id) AS merchant_id,
               'plan fee of ' || coalesce(date.day, fee.day) AS subject,
               CASE WHEN date.day IS NOT NULL THEN (1::bigint, date.plan_price)
                    ELSE (0::bigint, 0) END AS expected,
               (coalesce(fee.count, 0), coalesce(fee.amount, 0)) AS found
        FROM ({PLAN_DATES}) date FULL JOIN (
            SELECT account_id, service_on AS day, count(*) AS count, sum(amount) AS amount
            FROM billing_charge WHERE fee_id = '{Fee.PLAN}' GROUP BY account_id, service_on
        ) fee ON fee.account_id = date.account_id AND fee.day = date.day
        """,
    ),
    Check(
        6,
        "the next plan and cycle dates follow the open day",
        "plan, cycle, billed through",
        f"""
        SELECT account.merchant_id, 'billing account' AS subject,
               (term.starts_on + term.plan_interval_days * (
                    (account.open_on - term.starts_on) / term.plan_interval_days + 1),
                account.joined_on + {CYCLE_DAYS} * (
                    (account.open_on - account.joined_on) / {CYCLE_DAYS} + 1),
                invoices.through) AS expected,
               (account.next_plan_on, account.next_cycle_on, account.billed_through) AS found
        FROM billing_billingaccount account
        LEFT JOIN LATERAL ({IN_FORCE.format(on=SCHEDULED_UNTIL)}) term ON true
        LEFT JOIN (
            SELECT invoice.account_id, max({LAST_DAY}) AS through FROM billing_invoice invoice
            WHERE invoice.status <> 'VOID' GROUP BY invoice.account_id
        ) invoices ON invoices.account_id = account.merchant_id
        """,
    ),
)

CHECKS = INVOICES + PLAN_FEES
