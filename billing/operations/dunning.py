"""When an unpaid bill is tried again, and when it freezes the merchant's line (rule 16.3)."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from billing.models import BillingAccount, Fee, Invoice, Payment, PaymentPlan
from billing.models.accounts import DAYS_TO_PAY, FREEZE_DAYS
from billing.notices.invoices import PAYMENT_FAILED
from billing.operations import plan_parts
from billing.providers.minimums import is_too_little
from billing.queries import arrivals, pauses, payment_plans, undecided
from billing.queries import invoices as invoice_queries
from credit.operations import lines, unpaid_bills
from lib import money, prepared
from lib.parts import InSteps
from merchants.queries import day_start, local_day
from notices.operations import notices

RETRY_DAYS = (1, 3, 5, 7)  # after the first failure
FREEZES_AFTER = timedelta(days=FREEZE_DAYS)
GIVEN_UP = " given up"  # ends the cause of the notice that no retry is left
PAYMENTS = "payments"  # what lifts a freeze once the bills are paid, whoever paid them

# A bill that nothing collects by itself has failed when its due day starts and it is not paid. It
# may be paid while an attempt of an earlier method has no answer: a later day start looks again.
FAIL_MANUAL = InSteps(f"""
WITH failed AS (
    UPDATE billing_invoice invoice SET first_failed_at = due.at, first_failed_on = due.day
    FROM unnest(%(accounts)s::bigint[], %(days)s::date[], %(instants)s::timestamptz[])
         AS due(account_id, day, at)
    JOIN billing_billingaccount account ON account.merchant_id = due.account_id
    WHERE invoice.account_id = due.account_id AND account.payment_method = 'manual'
      AND invoice.status IN ('OPEN', 'UNCOLLECTIBLE')
      AND invoice.first_failed_at IS NULL
      AND greatest(invoice.due_on, invoice.held_until) <= due.day
      AND NOT EXISTS (SELECT 1 FROM billing_payment payment WHERE payment.invoice_id = invoice.id
                          AND payment.status IN ('PENDING', 'UNKNOWN'))
      AND NOT EXISTS (SELECT 1 FROM billing_paymentplan plan
                      WHERE plan.invoice_id = invoice.id AND plan.status = 'IN_FORCE')
    RETURNING invoice.id, invoice.account_id, invoice.number, invoice.currency,
              invoice.total - invoice.amount_paid
                  AS left, invoice.due_on, invoice.first_failed_on, invoice.first_failed_at,
              EXISTS (SELECT 1 FROM billing_invoiceline line
                      WHERE line.invoice_id = invoice.id AND line.fee_code = %(reversal)s)
                  AS asks_again
), told AS (
    {notices.INTO}
    SELECT account_id, '{PAYMENT_FAILED}', number, jsonb_build_object('number', number,
               'amount', "left"::text, 'currency', currency, 'failure', 'not_paid_when_due')
               || CASE WHEN asks_again THEN '{{}}' ELSE jsonb_build_object('status', 'PAST_DUE',
                   'due_on', due_on, 'freezes_on', first_failed_on + {FREEZE_DAYS}) END,
           first_failed_at
    FROM failed ORDER BY account_id, number
    {notices.ONCE}
)
SELECT account_id, first_failed_on, first_failed_at, asks_again
FROM failed ORDER BY account_id, id
""")


def fail_manual_invoices(
    account_ids: Sequence[int], *, due_by: Sequence[date], at: Sequence[datetime]
) -> None:
    """Mark unpaid bills of accounts that pay by transfer as failed, if they were due by `due_by`
    and have not failed yet; notify the merchants, and set when the bills freeze the credit line;
    one that asks again for a payment that was taken back freezes it at once.

    A bill with an attempt that has no answer yet is left for a later day, one whose collecting is
    paused for the day as which that ends, and one under a payment plan for the plan. `due_by` and
    `at` have the day that starts and its instant for each of the locked accounts, in the same
    order. Rule 16.6.
    """
    failed = prepared.rows(
        FAIL_MANUAL,
        {
            "accounts": list(account_ids),
            "days": list(due_by),
            "instants": list(at),
            "reversal": Fee.REVERSAL,
        },
    )
    unpaid_bills.expect(
        [account_id for account_id, *_ in failed],
        [day if at_once else day + FREEZES_AFTER for _, day, _, at_once in failed],
    )
    unpaid_bills.freeze_at_once(
        {account_id: instant for account_id, _, instant, at_once in failed if at_once}
    )


def fail(
    account: BillingAccount, invoice: Invoice, *, failure: str, is_hard: bool, now: datetime
) -> None:
    """Record the first failed attempt on the locked bill, notify the merchant, and set the day on
    which the bill freezes the credit line. If the bill has failed before, the merchant is told only
    when no retry is left, once. When the bill is tried next is for the caller to set.

    After a hard decline (`is_hard`) the merchant is told that nothing tries it again. A bill with a
    charge for a payment that was taken back freezes the line at once. Rule 11.4.
    """
    if invoice.first_failed_at is not None:
        if is_hard or next_retry(invoice, after=now) is None:
            _tell(account, invoice, GIVEN_UP, failure, _after_the_last(account, invoice), now)
        return
    invoice.first_failed_at = now
    invoice.first_failed_on = account.open_on
    invoice.save(update_fields=["first_failed_at", "first_failed_on"])
    freezes_on = _freezes_on(invoice, account.open_on)
    unpaid_bills.expect([account.pk], [freezes_on])
    follows: dict[str, str] = {}
    if _asks_again(invoice):
        unpaid_bills.freeze_at_once({account.pk: now})
    else:
        retry = None if is_hard else next_retry(invoice, after=now)
        follows = _what_follows(account, invoice, retry) | {"freezes_on": freezes_on.isoformat()}
    _tell(account, invoice, "", failure, follows, now)


def _tell(
    account: BillingAccount,
    invoice: Invoice,
    which: str,
    failure: str,
    follows: dict[str, str],
    now: datetime,
) -> None:
    """Notify the merchant that the bill was not paid by an attempt, with what follows from that:
    once for each bill and `which`, "" for its first failure or GIVEN_UP.
    """
    if failure == Payment.CARD_DISPUTED and follows.get("status") == "WAITS":
        follows = follows | {"status": "WAITS_FOR_METHOD"}  # nor can it be paid now (rule 18.7)
    notices.write(
        merchant_id=account.pk,
        kind=PAYMENT_FAILED,
        cause=f"{invoice}{which}",
        at=now,
        number=str(invoice),
        amount=money.text(invoice.left_to_pay),
        currency=invoice.currency,
        failure=failure,
        **follows,
    )


def _after_the_last(account: BillingAccount, invoice: Invoice) -> dict[str, str]:
    """The details of the notice that no retry is left: the day on which the bill freezes the line.
    Without any if that day has come.
    """
    assert invoice.first_failed_on is not None
    freezes_on = _freezes_on(invoice, invoice.first_failed_on)
    if freezes_on <= account.open_on:
        return {}
    return {"status": "WAITS", "freezes_on": freezes_on.isoformat()}


def _what_follows(
    account: BillingAccount, invoice: Invoice, retry: datetime | None
) -> dict[str, str]:
    """The details of a notice of a first failure that say what comes next: that the bill waits, if
    `retry` is None or it is not open, or else the day of the next try, which is at `retry` or, if
    the bill is paused, at the end of that.
    """
    if retry is None or not invoice.is_open:
        return {"status": "WAITS"}
    retry = pauses.not_before_its_end(invoice, retry, on=account.open_on)
    return {"status": "RETRIED", "retry_on": local_day(account, retry).isoformat()}


def next_retry(invoice: Invoice, *, after: datetime) -> datetime | None:
    """The first retry of a failed bill that is after the instant `after`; None if none is left, or
    the bill has not failed. Whether the bill is still open, or paused, is not looked at.

    Rule 16.3.
    """
    if invoice.first_failed_at is None:
        return None
    retries = (invoice.first_failed_at + timedelta(days=days) for days in RETRY_DAYS)
    return next((retry for retry in retries if retry > after), None)


def next_with_new_method(
    account: BillingAccount, invoice: Invoice, *, now: datetime
) -> datetime | None:
    """The instant at which an unpaid bill is tried after a choice of method: now, if it has failed
    or is due, even while it is paused; otherwise its due day, or the end of its pause if that is
    later; under a payment plan, the day of its next part. None if the method does not collect it:
    bank transfer, or too little is left. Nothing is written.

    Rule 16.8.
    """
    if not account.pays_by_itself or is_too_little(account, invoice.left_to_pay):
        return None
    plan = payment_plans.in_force(invoice)
    if plan is not None:
        return plan_parts.next_attempt(account, invoice, plan)
    if invoice.first_failed_at is not None:
        return now
    due_at = day_start(account, invoice.due_on)
    return now if due_at <= now else pauses.not_before_its_end(invoice, due_at, on=account.open_on)


def plan_attempts(account: BillingAccount, *, now: datetime, chosen_by: str = "") -> None:
    """Set when each open bill of the locked account, and each uncollectible one under a payment
    plan, is tried next, after its payment method has changed (next_with_new_method); a bill that is
    now paid by transfer is not tried any more, and may get a later due day (give_days_to_pay).
    Bills with an attempt that has no answer yet are left alone. It locks the unpaid bills.

    `chosen_by` is who chose the method. Attempts that become due only because of the choice are
    recorded as caused by them.
    """
    for invoice in account.invoices.select_for_update().filter(status__in=Invoice.UNPAID):
        if not invoice.is_open and not payment_plans.in_force(invoice):
            continue  # given up
        if undecided.exists(invoice):
            continue  # what follows from its answer sees the new method
        was_due = invoice.next_attempt_at is not None and invoice.next_attempt_at <= now
        invoice.next_attempt_at = next_with_new_method(account, invoice, now=now)
        if invoice.next_attempt_at != now:
            invoice.next_attempt_by = ""
        elif not was_due:
            invoice.next_attempt_by = chosen_by
        invoice.save(update_fields=["next_attempt_at", "next_attempt_by"])
        give_days_to_pay(account, invoice)


def give_days_to_pay(account: BillingAccount, invoice: Invoice) -> bool:
    """Move the due day of the locked open bill to DAYS_TO_PAY (7) days after its issue, if the
    account pays by transfer now, the bill has not failed, no payment plan is in force and no
    provider was ever asked for it; returns whether the day was moved. It is never moved to an
    earlier day.

    Rule 16.7.
    """
    if account.pays_by_itself or not invoice.is_open or invoice.first_failed_at is not None:
        return False
    if payment_plans.in_force(invoice):
        return False
    issued_on = local_day(account, invoice.issued_at) if invoice.drafted_at else invoice.issued_on
    due_on = issued_on + timedelta(days=DAYS_TO_PAY)
    if invoice.due_on >= due_on or invoice_queries.was_asked_for(invoice):
        return False
    invoice.due_on = due_on
    invoice.save(update_fields=["due_on"])
    return True


def reconsider(account: BillingAccount, *, by: str = PAYMENTS, now: datetime) -> None:
    """Adjust the freeze of the account's credit line for unpaid bills, after a bill was paid or
    voided: lift the freeze if no bill is unpaid, or those that caused it were paid in time after
    all, and set anew the days on which the others freeze the line. The merchant is notified of a
    freeze that is lifted. Does nothing if the line is not frozen for an unpaid bill and no such day
    is set.

    A bill under a payment plan counts as if it were paid. One with less left to pay than its
    provider's minimum causes no freeze; one that it has caused already is lifted only when all
    bills are paid. `by` is who is on record as having lifted it: an operator who voided the last
    bill, otherwise nobody of our team. It locks the line, whose ended days are worked off first
    (lines.lock).
    """
    if not unpaid_bills.concern([account.pk]):
        return
    found = Invoice.objects.filter(account=account, status__in=Invoice.UNPAID)
    unpaid = list(found.exclude(payment_plans__status=PaymentPlan.Status.IN_FORCE))
    line = lines.lock(account.pk, now=now)
    unpaid_bills.settle(
        line,
        next_days=[
            _freezes_on(invoice, invoice.first_failed_on)
            for invoice in unpaid
            if invoice.first_failed_on is not None
            and not is_too_little(account, invoice.left_to_pay)
        ],
        is_over=not unpaid or _were_all_in_time(account, line.open_on),
        by=by,
    )


def _were_all_in_time(account: BillingAccount, today: date) -> bool:
    """Whether the line is frozen for unpaid bills, and all bills whose day to freeze it has come
    since, by `today`, were paid in time, of which we heard later. VOID ones do not count, nor those
    that were paid before that day, however late: they froze nothing. Those of an earlier freeze did
    not cause this one. Rule 16.19.
    """
    placed_at = unpaid_bills.frozen_since(account.pk)
    if placed_at is None:
        return False
    since = local_day(account, placed_at)
    failed = account.invoices.filter(first_failed_on__lte=today)
    found = [
        invoice
        for invoice in failed.exclude(status=Invoice.Status.VOID).prefetch_related("payments")
        if invoice.first_failed_on
        and since
        <= _freezes_on(invoice, invoice.first_failed_on)
        <= _unpaid_until(account, invoice, today)
    ]
    return bool(found) and all(
        arrivals.was_in_time(invoice, list(invoice.payments.all())) for invoice in found
    )


def _unpaid_until(account: BillingAccount, invoice: Invoice, today: date) -> date:
    """The local day on which the bill became PAID; `today` if it has not."""
    return local_day(account, invoice.paid_at) if invoice.paid_at else today


def expect_freezes(account: BillingAccount, invoices: Sequence[Invoice]) -> None:
    """Set the day on which each of these unpaid bills of the locked account freezes the credit
    line, counted from its first failure, besides the days that are set already; for a day that has
    come, it is frozen as the next one starts. Bills that never failed, or are under a payment plan,
    are left out.

    Rule 16.11.
    """
    days = [
        _freezes_on(invoice, invoice.first_failed_on)
        for invoice in invoices
        if invoice.first_failed_on and not payment_plans.in_force(invoice)
    ]
    unpaid_bills.expect([account.pk] * len(days), days)


def go_on(account: BillingAccount, invoice: Invoice, *, now: datetime) -> None:
    """Set when the locked bill, whose payment plan has ended, is tried next, and the day on which
    it freezes the credit line.

    If it has failed before, that is the next retry of its schedule after `now`; if it never has,
    its due day, or the end of its pause if that is later, or now if it is due already. It is not
    tried any more if no retry is left, the bill is not open, the account pays by bank transfer, or,
    never failed, it has too little left to be collected.
    """
    invoice.next_attempt_at = None
    if invoice.is_open and invoice.first_failed_at is not None and account.pays_by_itself:
        invoice.next_attempt_at = next_retry(invoice, after=now)
    elif invoice.is_open:
        invoice.next_attempt_at = next_with_new_method(account, invoice, now=now)
    invoice.save(update_fields=["next_attempt_at"])
    expect_freezes(account, [invoice])


def end_plans(account_ids: Sequence[int], *, last: Sequence[date], at: Sequence[datetime]) -> None:
    """End the payment plans of which a part of the day in `last`, which ends, or of one before is
    not paid and nothing is going to collect it (plan_parts.end_days); tell their merchants, and go
    on with the schedules of their bills. `at` has the instants at which these days end, for each of
    the locked accounts in the same order. It locks the credit lines of all these merchants if a
    plan ends. Rule 27.2.
    """
    broken = plan_parts.end_days(account_ids, last=last, at=at)
    if not broken:
        return
    lines.hold(account_ids)  # all at once: the loop comes to them in another order
    instants = dict(zip(account_ids, at, strict=True))
    for account, invoice in broken:
        go_on(account, invoice, now=instants[account.pk])


def _freezes_on(invoice: Invoice, first_failed_on: date) -> date:
    """The local day from which the bill freezes the line: 28 days after `first_failed_on`, or that
    day if the bill asks again for a payment that was taken back; not before the day until which it
    was held (Invoice.held_until).
    """
    day = first_failed_on if _asks_again(invoice) else first_failed_on + FREEZES_AFTER
    return max(day, invoice.held_until or day)


def _asks_again(invoice: Invoice) -> bool:
    """Look up whether the bill has a line that charges again for a payment that was taken back."""
    return invoice.lines.filter(fee_code=Fee.REVERSAL).exists()
