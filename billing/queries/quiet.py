"""Finds days at whose end nothing happens to a billing account (rule 20.2)."""

from collections.abc import Sequence
from datetime import date, datetime

from billing.queries.payment_plans import REMINDED_BEFORE
from lib import day_ends, prepared

# Day-ends post the items of that day, write the bills of their dates, check bills that nothing
# collects as their due day starts, end payment plans of which a part was not paid, and remind of
# parts that come.
THROUGH = f"""
least(
    (SELECT min(item.posting_on) FROM billing_invoiceitem item
     WHERE item.account_id = account.merchant_id AND item.posted_at IS NULL),
    account.next_plan_on - 1, account.next_cycle_on - 1,
    (SELECT min(greatest(invoice.due_on, invoice.held_until)) - 1 FROM billing_invoice invoice
     WHERE account.payment_method = 'manual' AND invoice.account_id = account.merchant_id
         AND invoice.status IN ('OPEN', 'UNCOLLECTIBLE') AND invoice.first_failed_at IS NULL),
    (SELECT min(plan.next_due_on - CASE WHEN plan.reminded_at IS NULL
                                        THEN {REMINDED_BEFORE.days} + 1 ELSE 0 END)
     FROM billing_paymentplan plan
     JOIN billing_invoice invoice ON invoice.id = plan.invoice_id
     WHERE invoice.account_id = account.merchant_id AND plan.status = 'IN_FORCE')
) - 1
"""
QUIET = f"""
SELECT account.merchant_id, {THROUGH} FROM billing_billingaccount account
WHERE account.merchant_id = ANY(%(accounts)s::bigint[])
"""
# What is quiet through the latest day anywhere, in the month of its open day, can wait.
ENDED = f"""
SELECT merchant_id, timezone, open_on, open_until, quiet_through + 1 FROM (
    SELECT account.merchant_id, account.timezone, account.open_on, account.open_until,
           {THROUGH} AS quiet_through
    FROM billing_billingaccount account WHERE account.open_until <= %(now)s OFFSET 0
) ended
WHERE quiet_through < %(latest)s::date
   OR date_trunc('month', open_on) < date_trunc('month', %(latest)s::date)
ORDER BY merchant_id
"""


def quiet_through(account_ids: Sequence[int]) -> dict[int, date]:
    """For each of these locked accounts, by its primary key, the last local day up to which nothing
    has to be done as a day ends: no posting, bill, due day or payment plan. It may be a day that is
    over, if something is to be done as the open day ends.

    That the last day of a month closes a statement is not taken into account.
    """
    return dict(prepared.rows(QUIET, {"accounts": list(account_ids)}))


def that_cannot_wait(now: datetime) -> Sequence[int]:
    """The primary keys of the accounts that have a day to work off by `now` as whose end something
    happens; the ended days of all others may pass later, together.
    """
    ended = prepared.rows(ENDED, {"now": now, "latest": day_ends.latest_day(now)})
    return day_ends.that_cannot_wait(ended, now)
