"""Posts items: their amounts become outstanding, and bills take them (rule 13.2)."""

from collections.abc import Sequence
from datetime import datetime

from billing.models import BillingAccount, InvoiceItem
from lib import prepared

# `due` says which items post; the figures of the accounts change by exactly their amounts.
POST = """
WITH posted AS (
    UPDATE billing_invoiceitem item SET posted_at = {at}, is_collecting = false
    FROM billing_billingaccount account
    WHERE account.merchant_id = ANY(%(accounts)s::bigint[])
      AND item.account_id = account.merchant_id
      AND item.posted_at IS NULL AND {due}
    RETURNING item.account_id, item.amount, item.posting
), total AS (
    SELECT account_id, sum(amount) AS posted,
           coalesce(sum(amount) FILTER (WHERE posting = 'DAILY'), 0) AS accrued
    FROM posted GROUP BY account_id
)
UPDATE billing_billingaccount account
SET outstanding = account.outstanding + total.posted, accruing = account.accruing - total.accrued
FROM total WHERE account.merchant_id = total.account_id
RETURNING account.merchant_id, account.outstanding >= account.threshold
"""

# A MONTHLY item waits for its posting day, the last of its month; a month's end needs no more.
POST_DAY = POST.format(at="account.open_until", due="item.posting_on <= account.open_on")
POST_ACCRUED = POST.format(at="%(now)s", due="item.posting = 'DAILY'")
POST_ALL = POST.format(at="%(now)s", due="true")


def post_day(account_ids: Sequence[int]) -> list[int]:
    """Post the items of these locked accounts that are due by the end of their open day, as of that
    end.

    Returns the keys of the accounts, in their order, of which something was posted and whose
    outstanding amount has reached their threshold; the caller writes the bills. Rule 13.2.
    """
    posted = prepared.rows(POST_DAY, {"accounts": list(account_ids)})
    return sorted(account_id for account_id, reached in posted if reached)


def post_accrued(account: BillingAccount, *, now: datetime) -> bool:
    """Post at once the DAILY items of the locked account, which would otherwise wait for the end of
    the day (the guard). What is outstanding changes in the database alone; the caller loads
    `account` again.

    Returns whether something was posted and the outstanding amount has reached the threshold; no
    bill is written here. Rule 15.7.
    """
    posted = prepared.rows(POST_ACCRUED, {"accounts": [account.pk], "now": now})
    return any(reached for _, reached in posted)


def post_everything(account: BillingAccount, *, now: datetime) -> None:
    """Post all items of the locked account that are not posted yet, as the account is closed; those
    of a later date get today's. What is outstanding changes in the database alone; the caller loads
    `account` again.

    Rule 19.3.
    """
    today = account.open_on
    waiting = InvoiceItem.objects.filter(account=account, posted_at=None, posting_on__gt=today)
    waiting.update(posting_on=today)
    prepared.run(POST_ALL, {"accounts": [account.pk], "now": now})
