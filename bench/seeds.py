"""Months full of charges, written by SQL: recording them one by one would take too long."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from django.db import connection

# Some that posted at once, some that wait for the day's end, some for the month's.
FEES = ["pick-pack", "packaging", "receiving", "shipping-label", "storage"]

# A tenth of the accounts reach their threshold as the day ends, and a thirtieth has a plan date.
OPEN_LAST_DAY = """
UPDATE billing_billingaccount
SET open_on = %(day)s, open_until = (%(day)s::date + 1)::timestamp AT TIME ZONE 'UTC',
    next_plan_on = %(day)s::date + 1 + (merchant_id %% 30)::int,
    next_cycle_on = %(day)s::date + 1 + (merchant_id %% 30)::int,
    threshold = CASE merchant_id %% 10 WHEN 0 THEN outstanding ELSE 1000000000 END
WHERE merchant_id = ANY(%(accounts)s)
"""
STATEMENTS = """
INSERT INTO billing_statement (account_id, month, currency, opened_at)
SELECT account_id, date_trunc('month', %(day)s::date), 'USD', %(day)s::timestamp AT TIME ZONE 'UTC'
FROM unnest(%(accounts)s) account_id
"""
ITEMS = """
INSERT INTO billing_invoiceitem (account_id, fee_id, posting, posting_on, posted_at, is_collecting,
                                 currency, amount, charge_count)
SELECT account_id, fee.code, fee.posting, %(day)s::date,
       CASE fee.posting WHEN 'IMMEDIATE' THEN %(day)s::timestamp AT TIME ZONE 'UTC' END,
       true, 'USD', 0, 0
FROM unnest(%(accounts)s) account_id, billing_fee fee WHERE fee.code = ANY(%(fees)s)
"""
CHARGES = """
INSERT INTO billing_charge (account_id, reference, fee_id, item_id, statement_id, request,
    description, quantity, currency, amount, at, service_on, arrived_at, is_late)
SELECT item.account_id, item.fee_id || '-' || %(day)s || '-' || n, item.fee_id, item.id,
       statement.id, 'request-' || n / 3, 'Order ' || n, 1 + n %% 4, 'USD', (n %% 1000) * 0.01,
       at, %(day)s::date, at, false
FROM billing_invoiceitem item
JOIN billing_statement statement ON statement.account_id = item.account_id
     AND statement.month = date_trunc('month', item.posting_on),
     generate_series(1, %(charges)s) n,
     LATERAL (SELECT (%(day)s::date + n %% 86400 * interval '1 second') AT TIME ZONE 'UTC' AS at) _
WHERE item.account_id = ANY(%(accounts)s) AND item.posting_on = %(day)s AND item.is_collecting
      AND item.fee_id = ANY(%(fees)s)
"""
TOTALS = """
INSERT INTO billing_statementtotal (statement_id, fee_id, amount, charge_count)
SELECT statement.id, charge.fee_id, sum(charge.amount), count(*)
FROM billing_charge charge JOIN billing_statement statement ON statement.id = charge.statement_id
WHERE statement.account_id = ANY(%(accounts)s)
      AND statement.month = date_trunc('month', %(day)s::date)
GROUP BY statement.id, charge.fee_id
"""
SUMS = """
UPDATE billing_invoiceitem item SET amount = total.amount, charge_count = total.charge_count
FROM billing_statementtotal total JOIN billing_statement statement ON statement.id = statement_id
WHERE statement.account_id = item.account_id AND total.fee_id = item.fee_id
      AND statement.month = date_trunc('month', item.posting_on) AND item.posting_on = %(day)s
      AND item.account_id = ANY(%(accounts)s)
"""
FIGURES = """
UPDATE billing_billingaccount account
SET outstanding = account.outstanding + item.posted, accruing = account.accruing + item.accrued
FROM (
    SELECT account_id, sum(amount) FILTER (WHERE posting = 'IMMEDIATE') AS posted,
           sum(amount) FILTER (WHERE posting = 'DAILY') AS accrued
    FROM billing_invoiceitem WHERE posting_on = %(day)s GROUP BY account_id
) item
WHERE item.account_id = account.merchant_id AND merchant_id = ANY(%(accounts)s)
"""


def fill_month(accounts: Sequence[int], *, last_day: date, charges: int) -> None:
    """Write `charges` charges for each account, all dated on this last day of a month, in as many
    of each fee, and the account's statement, totals and sums with them. Make that day the account's
    open one.
    """
    values: dict[str, Any] = {
        "accounts": list(accounts),
        "day": last_day,
        "fees": FEES,
        "charges": charges // len(FEES),
    }
    with connection.cursor() as cursor:
        for write in (STATEMENTS, ITEMS, CHARGES, TOTALS, SUMS, FIGURES, OPEN_LAST_DAY):
            cursor.execute(write, values)
        cursor.execute("ANALYZE")
