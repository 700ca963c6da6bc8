"""What payments and days do to a payment plan: parts are paid, or one is not (rule 27.2).

The caller has locked the account, its line and the bill.
"""

from collections.abc import Sequence
from datetime import date, datetime

from django.utils.translation import gettext_lazy as _

from billing.models import BillingAccount, Invoice, PaymentPlan
from billing.notices.invoices import PART_DUE, PAYMENT_PLAN
from billing.providers.minimums import is_too_little
from billing.queries import payment_plans, undecided
from billing.queries.payment_plans import REMINDED_BEFORE
from lib import calendar, money, prepared
from lib.refusals import Refused
from merchants.queries import day_start
from notices.operations import notices

Status = PaymentPlan.Status
DAY_END = "day-end"  # ends a plan of which a part was not paid on its day
PAYMENTS = "payments"  # and one that is paid, or of which an attempt failed


# Asked at each day-end of many accounts, of which hardly one has a plan.
ARE_NEAR = """
SELECT FROM billing_paymentplan plan JOIN billing_invoice invoice ON invoice.id = plan.invoice_id
WHERE plan.status = 'IN_FORCE' AND plan.next_due_on <= %(by)s
  AND invoice.account_id = ANY(%(accounts)s::bigint[])
LIMIT 1
"""


class UnderAPlan(Refused):
    """The bill is paid by a payment plan, which has to be cancelled first."""

    code = "under_a_plan"
    sentence = _("This bill is paid by a payment plan.")


def check_none(invoice: Invoice) -> None:
    """Raise UnderAPlan if a payment plan of the bill is in force."""
    if payment_plans.in_force(invoice):
        raise UnderAPlan(f"bill: {invoice} is paid by a payment plan; cancel that first")


def next_attempt(
    account: BillingAccount, invoice: Invoice, plan: PaymentPlan, *, after: date | None = None
) -> datetime | None:
    """The instant at which the bill is tried next by the plan: as the day of its oldest part that
    is not paid starts, which may be past, or of the first such part after the day `after`. None if
    the account pays by bank transfer, or no part is left.
    """
    day = payment_plans.next_day(plan, invoice, after=after)
    if day is None or not account.pays_by_itself:
        return None
    return day_start(account, day)


def note_payment(account: BillingAccount, invoice: Invoice, *, now: datetime) -> None:
    """Move the plan of the locked bill to its oldest part that is not paid, after a payment that
    the bill's amount and status count already; it is KEPT once the bill is paid, and the merchant
    told. Otherwise it sets `invoice.next_attempt_at` by the plan, which the caller saves. Does
    nothing without a plan in force.
    """
    plan = payment_plans.in_force(invoice)
    if plan is None:
        return
    day = payment_plans.next_day(plan, invoice)
    if day != plan.next_due_on:
        plan.next_due_on, plan.reminded_at = day, None
        plan.save(update_fields=["next_due_on", "reminded_at"])
    if invoice.is_unpaid:
        invoice.next_attempt_at = next_attempt(account, invoice, plan)
    else:
        end(plan, invoice, Status.KEPT, by=PAYMENTS, on=account.open_on, now=now)


def break_off(plan: PaymentPlan, invoice: Invoice, *, by: str, on: date, now: datetime) -> None:
    """End the plan of the locked bill, as a part was not paid, and tell the merchant; the caller
    goes on with the bill's old schedule. `by` is the actor on record as who ended it, and `on` the
    local day of `now`.
    """
    end(plan, invoice, Status.BROKEN, by=by, on=on, now=now)


def end(
    plan: PaymentPlan,
    invoice: Invoice,
    status: Status,
    *,
    by: str,
    on: date,
    now: datetime,
    told: str = "",
) -> None:
    """Give the plan its final status, by whom and when, and tell the merchant, who reads `told`;
    `on` is the local day of `now`. Unless the plan was KEPT, the bill may fail and freeze the line
    from the next day on. Writes no trail row.
    """
    missed = plan.next_due_on or on
    plan.status, plan.ended_at, plan.ended_on, plan.ended_by = status, now, on, by
    plan.save(update_fields=["status", "ended_at", "ended_on", "ended_by"])
    if status != Status.KEPT:
        invoice.held_until = on + calendar.ONE_DAY
        invoice.save(update_fields=["held_until"])
    notices.write(
        merchant_id=invoice.account_id,
        kind=PAYMENT_PLAN,
        cause=f"{plan.pk} {status}",
        at=now,
        status=str(status),
        number=str(invoice),
        parts=str(plan.parts.count()),
        amount=money.text(invoice.left_to_pay),
        currency=invoice.currency,
        day=missed.isoformat(),
        reason=told,
    )


def are_near(account_ids: Sequence[int], *, by: date) -> bool:
    """Whether a payment plan in force of one of these accounts has its next part due within
    REMINDED_BEFORE of the day `by`, or had it before.
    """
    near = {"accounts": list(account_ids), "by": by + REMINDED_BEFORE}
    return prepared.row(ARE_NEAR, near) is not None


def end_days(
    account_ids: Sequence[int], *, last: Sequence[date], at: Sequence[datetime]
) -> list[tuple[BillingAccount, Invoice]]:
    """End as broken those payment plans in force of the locked accounts of which a part is not paid
    that was due on the day that ends, or before, and that nothing is going to collect; each
    merchant is notified. Returns the accounts and bills of these plans. A part that is to be tried
    by the next run, has an attempt without an answer, or is too little for its provider is not
    missed.

    `last` and `at` have the day that ends and its instant for each of the accounts, in their order.
    """
    days = dict(zip(account_ids, zip(last, at, strict=True), strict=True))
    plans = PaymentPlan.objects.filter(
        status=Status.IN_FORCE, invoice__account__in=account_ids, next_due_on__lte=max(last)
    )
    broken = []
    for plan in plans.select_related("invoice__account").order_by("pk"):
        invoice, account = plan.invoice, plan.invoice.account
        day, ended_at = days[account.pk]
        if _is_missed(plan, invoice, account, day):
            on = day + calendar.ONE_DAY
            break_off(plan, invoice, by=DAY_END, on=on, now=ended_at)
            broken.append((account, invoice))
    return broken


def remind(account_ids: Sequence[int], *, opens: Sequence[date], at: Sequence[datetime]) -> None:
    """Remind merchants once, by a notice, of the next part of a payment plan, if it is due after
    the local day that opens and within REMINDED_BEFORE of it. On the part's own day nobody is
    reminded. Rule 20.8.

    `opens` and `at` have that day and its instant for each of the locked accounts, in their order.
    """
    days = dict(zip(account_ids, zip(opens, at, strict=True), strict=True))
    plans = PaymentPlan.objects.filter(
        status=Status.IN_FORCE,
        invoice__account__in=account_ids,
        reminded_at__isnull=True,
        next_due_on__lte=max(opens) + REMINDED_BEFORE,
    )
    for plan in plans.select_related("invoice").order_by("pk"):
        day, opened_at = days[plan.invoice.account_id]
        if plan.next_due_on and day < plan.next_due_on <= day + REMINDED_BEFORE:
            _remind(plan, plan.next_due_on, opened_at)


def _remind(plan: PaymentPlan, day: date, now: datetime) -> None:
    """Notify the merchant of how much is due of the plan's parts by `day`, and save on the plan
    that this was at `now`.
    """
    plan.reminded_at = now
    plan.save(update_fields=["reminded_at"])
    notices.write(
        merchant_id=plan.invoice.account_id,
        kind=PART_DUE,
        cause=f"{plan.pk} {day}",
        at=now,
        number=str(plan.invoice),
        amount=money.text(payment_plans.due_by(plan, plan.invoice, day)),
        currency=plan.currency,
        day=day.isoformat(),
    )


def _is_missed(plan: PaymentPlan, invoice: Invoice, account: BillingAccount, day: date) -> bool:
    """Look up whether a part of local day `day` or before is not paid, and nothing is to collect
    it. False if what is missing is too little to be collected, or while an attempt has no answer.
    """
    due = payment_plans.due_by(plan, invoice, day)
    if due.amount <= 0 or is_too_little(account, due):
        return False
    is_tried = account.pays_by_itself and invoice.next_attempt_at is not None
    return not is_tried and not undecided.exists(invoice)
