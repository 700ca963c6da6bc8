"""When a bill that was not paid is tried again, and what it leads to (domain: payment)."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from django.db import connection

from billing.models import BillingAccount, Invoice
from credit.operations import unpaid_bills
from merchants import calendar, money
from merchants.models import Notice
from merchants.operations import notices

RETRY_DAYS = (1, 3, 5, 7)  # after the first failure
FREEZE_DAYS = 28  # after the local day of the first failure

# A bill that nothing collects by itself has failed when its due day starts and it is not paid. It
# may be paid while an attempt of an earlier method has no answer: a later day start looks again.
FAIL_MANUAL = f"""
WITH failed AS (
    UPDATE billing_invoice bill SET first_failed_at = due.at, first_failed_on = due.day
    FROM unnest(%(accounts)s::bigint[], %(days)s::date[], %(instants)s::timestamptz[])
         AS due(account_id, day, at)
    JOIN billing_billingaccount account ON account.merchant_id = due.account_id
    WHERE bill.account_id = due.account_id AND account.payment_method = 'manual'
      AND bill.status IN ('OPEN', 'UNCOLLECTIBLE')
      AND bill.first_failed_at IS NULL AND bill.due_on <= due.day
      AND NOT EXISTS (SELECT 1 FROM billing_payment payment WHERE payment.invoice_id = bill.id
                          AND payment.status IN ('PENDING', 'UNKNOWN'))
    RETURNING bill.account_id, bill.number, bill.currency, bill.total - bill.amount_paid AS left,
              bill.first_failed_on, bill.first_failed_at
), told AS (
    {notices.INTO}
    SELECT account_id, 'PAYMENT_FAILED', number, jsonb_build_object('number', number,
               'amount', "left"::text, 'currency', currency, 'failure', 'not_paid_when_due'),
           first_failed_at
    FROM failed ORDER BY account_id, number
    {notices.ONCE}
)
SELECT account_id, min(first_failed_on) FROM failed GROUP BY account_id ORDER BY account_id
"""


def fail_manual_bills(
    account_ids: Sequence[int], *, due_by: Sequence[date], at: Sequence[datetime]
) -> None:
    """As a day of each locked account starts, its unpaid manual bills due by then have failed."""
    with connection.cursor() as cursor:
        cursor.execute(
            FAIL_MANUAL,
            {"accounts": list(account_ids), "days": list(due_by), "instants": list(at)},
        )
        failed = cursor.fetchall()
    unpaid_bills.expect(
        [account_id for account_id, _ in failed], [_freezes_on(day) for _, day in failed]
    )


def fail(account: BillingAccount, bill: Invoice, *, failure: str, now: datetime) -> None:
    """An attempt on the locked bill failed: the first time the merchant is told, and days count."""
    if bill.first_failed_at is not None:
        return
    bill.first_failed_at = now
    bill.first_failed_on = account.open_on
    bill.save(update_fields=["first_failed_at", "first_failed_on"])
    unpaid_bills.expect([account.pk], [_freezes_on(account.open_on)])
    notices.write(
        merchant_id=account.pk,
        kind=Notice.Kind.PAYMENT_FAILED,
        cause=str(bill),
        at=now,
        number=str(bill),
        amount=money.text(bill.left_to_pay, bill.currency),
        currency=bill.currency,
        failure=failure,
    )


def next_retry(bill: Invoice, *, after: datetime) -> datetime | None:
    """The next retry of a bill that failed; those that an outage missed are not made up for."""
    if bill.first_failed_at is None:
        return None
    retries = (bill.first_failed_at + timedelta(days=days) for days in RETRY_DAYS)
    return next((retry for retry in retries if retry > after), None)


def next_with_new_method(
    account: BillingAccount, bill: Invoice, *, now: datetime
) -> datetime | None:
    """When an open bill is tried by a method chosen just now: at once, unless it is not due yet."""
    if not account.pays_by_itself:
        return None
    if bill.first_failed_at is not None:
        return now
    return max(now, calendar.day_start(bill.due_on, account.timezone))


def reconsider(account: BillingAccount, *, actor: str, now: datetime) -> None:
    """After a bill of the locked account was paid or voided: lift or put off the line's freeze."""
    if not unpaid_bills.concern(account.pk):
        return
    unpaid = list(
        Invoice.objects.filter(account=account, status__in=Invoice.UNPAID).values_list(
            "first_failed_on", flat=True
        )
    )
    unpaid_bills.settle(
        account.pk,
        next_days=[_freezes_on(day) for day in unpaid if day is not None],
        all_paid=not unpaid,
        actor=actor,
        now=now,
    )


def _freezes_on(first_failed_on: date) -> date:
    return first_failed_on + timedelta(days=FREEZE_DAYS)
