"""When plan fees and bills come, what they are called, and what they follow."""

from billing.audit.bills import BILL, DRAWN_UP_AT
from billing.audit.plans import IN_FORCE, PLAN_DATES, SCHEDULED_UNTIL
from billing.models import Fee
from billing.models.accounts import CYCLE_DAYS
from merchants.audit import Check
from merchants.audit_days import day, eve, join_zone

BILLS = (
    Check(
        6,
        "one scheduled bill per merchant and date",
        "bills",
        """
        SELECT account_id AS merchant_id, 'bills of ' || issued_on AS subject,
               1 AS expected, count(*) AS found
        FROM billing_invoice WHERE kind IN ('SUBSCRIPTION', 'CYCLE')
        GROUP BY account_id, issued_on
        """,
    ),
    # A closed account has no dates any more.
    Check(
        6,
        "scheduled bills are of plan dates, or else of the cycle",
        "kind",
        f"""
        SELECT bill.account_id AS merchant_id, {BILL} || ' of ' || bill.issued_on AS subject,
               CASE WHEN date.day IS NOT NULL THEN 'SUBSCRIPTION'
                    WHEN bill.issued_on > {SCHEDULED_UNTIL}
                      OR mod(bill.issued_on - account.joined_on, {CYCLE_DAYS}) <> 0 THEN NULL
                    WHEN term.plan_interval_days > {CYCLE_DAYS} THEN 'CYCLE' END AS expected,
               bill.kind::text AS found
        FROM billing_invoice bill
        JOIN billing_billingaccount account ON account.merchant_id = bill.account_id
        LEFT JOIN ({PLAN_DATES}) date
             ON date.account_id = bill.account_id AND date.day = bill.issued_on
        LEFT JOIN LATERAL ({IN_FORCE.format(on="bill.issued_on")}) term ON true
        WHERE bill.kind IN ('SUBSCRIPTION', 'CYCLE')
        """,
    ),
    # A threshold bill of a day's end is dated that day and written as the next one starts. A day
    # that a new time zone passes over lies between two instants.
    Check(
        6,
        "a bill is dated by the day it was issued, or drawn up",
        "date",
        f"""
        SELECT bill.account_id AS merchant_id, {BILL} AS subject, bill.issued_on AS expected,
               CASE WHEN bill.kind = 'THRESHOLD' AND bill.issued_on = eve.day THEN eve.day
                    WHEN bill.issued_on > eve.day AND bill.issued_on < local.day
                        THEN bill.issued_on
                    ELSE local.day END AS found
        FROM billing_invoice bill
        {join_zone("issued", merchant="bill.account_id", instant=DRAWN_UP_AT)}
        {join_zone("before", merchant="bill.account_id", instant=eve(DRAWN_UP_AT))}
        CROSS JOIN LATERAL (SELECT {day("issued", DRAWN_UP_AT)} AS day) local
        CROSS JOIN LATERAL (SELECT {day("before", eve(DRAWN_UP_AT))} AS day) eve
        """,
    ),
    Check(
        6,
        "bill periods follow one another",
        "from, to",
        f"""
        SELECT bill.account_id AS merchant_id, {BILL} AS subject,
               (least(coalesce(lag(bill.issued_on) OVER history + 1, account.joined_on),
                      bill.issued_on), bill.issued_on) AS expected,
               (bill.period_start, bill.period_end) AS found
        FROM billing_invoice bill
        JOIN billing_billingaccount account ON account.merchant_id = bill.account_id
        WINDOW history AS (PARTITION BY bill.account_id ORDER BY bill.id)
        """,
    ),
    Check(
        6,
        "bill numbers run without a gap to the last one given out",
        "bills",
        """
        SELECT bill.account_id AS merchant_id,
               'number ' || coalesce(given_out.number, bill.number) AS subject,
               CASE WHEN given_out.number IS NOT NULL THEN 1 ELSE 0 END AS expected,
               coalesce(bill.count, 0) AS found
        FROM (
            SELECT year, year || '-' || lpad(place::text, greatest(6, length(place::text)), '0')
                   AS number
            FROM billing_numberseries, generate_series(1, last) AS place
        ) given_out FULL JOIN (
            SELECT extract(year FROM issued_on)::int AS year, number, count(*) AS count,
                   min(account_id) AS account_id
            FROM billing_invoice WHERE number IS NOT NULL GROUP BY 1, 2
        ) bill ON bill.year = given_out.year AND bill.number = given_out.number
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
        "plan, cycle, last bill",
        f"""
        SELECT account.merchant_id, 'billing account' AS subject,
               (term.starts_on + term.plan_interval_days * (
                    (account.open_on - term.starts_on) / term.plan_interval_days + 1),
                account.joined_on + {CYCLE_DAYS} * (
                    (account.open_on - account.joined_on) / {CYCLE_DAYS} + 1),
                bills.last_on) AS expected,
               (account.next_plan_on, account.next_cycle_on, account.last_bill_on) AS found
        FROM billing_billingaccount account
        LEFT JOIN LATERAL ({IN_FORCE.format(on=SCHEDULED_UNTIL)}) term ON true
        LEFT JOIN (
            SELECT account_id, max(issued_on) AS last_on FROM billing_invoice GROUP BY account_id
        ) bills ON bills.account_id = account.merchant_id
        """,
    ),
)

CHECKS = BILLS + PLAN_FEES
