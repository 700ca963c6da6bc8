"""Splits what is left of a bill into dated parts, and ends that (rule 27.2)."""

from collections.abc import Sequence
from datetime import date, datetime
from itertools import pairwise

from django.db import transaction
from moneyed import Money

from billing.models import BillingAccount, Invoice, PaymentPlan, PaymentPlanPart
from billing.models.payment_plans import FEWEST_PARTS, MOST_PARTS
from billing.notices.invoices import PAYMENT_PLAN
from billing.operations import dunning, pauses, plan_parts
from billing.operations.invoice_decisions import InvoiceNotOpen, hold
from billing.operations.payments import PaymentUnderWay
from billing.providers.minimums import is_too_little, minimum
from billing.queries import payment_plans, undecided
from billing.trail import Action
from lib import calendar, money, wording
from lib.refusals import Invalid, Refused
from notices.operations import notices
from trail import operations as trail

MOST_MONTHS = 12

Part = tuple[date, Money]


class NoPlan(Refused):
    """The bill has no payment plan in force."""

    code = "no_plan"


@transaction.atomic
def make(
    *,
    invoice_id: int,
    parts: Sequence[Part],
    reason: str,
    told: str,
    actor: str,
    now: datetime,
) -> PaymentPlan:
    """Have what is left of an open or uncollectible bill paid in 2 to 12 `parts`, pairs of a day
    and an amount, with a trail row: the account's method is asked for each as its day starts, or a
    transfer has to come by its end.

    The days rise, from tomorrow on and within 12 months; the parts make what is left, and none is
    less than the provider takes. While the plan is in force the bill is not tried otherwise, does
    not fail and freezes nothing; a freeze is lifted if no bill without a plan is unpaid. A pause of
    the bill ends. The merchant is notified and reads `told`; `reason` is for colleagues. Raises
    UnknownInvoice, InvoiceNotOpen, UnderAPlan, PaymentUnderWay, CurrencyMismatch, Invalid for other
    parts or without both texts. It locks the bill, its account and its credit line. Rule 27.2.
    """
    reason = wording.checked("reason", reason, wording.LONGEST_REASON)
    told = wording.checked("told", told)
    account, invoice = hold(invoice_id, now=now)
    _check_invoice(invoice)
    wanted = [(day, money.accepted(amount, account.currency)) for day, amount in parts]
    _check_parts(account, invoice, wanted)
    pauses.end_for_a_plan(account, invoice, by=actor)
    plan = PaymentPlan.objects.create(
        invoice=invoice,
        currency=invoice.currency,
        paid_before=invoice.amount_paid,
        next_due_on=wanted[0][0],
        actor=actor,
        reason=reason,
        told=told,
        made_on=account.open_on,
        at=account.now,
    )
    PaymentPlanPart.objects.bulk_create(
        PaymentPlanPart(plan=plan, due_on=day, currency=invoice.currency, amount=amount)
        for day, amount in wanted
    )
    invoice.next_attempt_at = plan_parts.next_attempt(account, invoice, plan)
    invoice.next_attempt_by = ""
    invoice.save(update_fields=["next_attempt_at", "next_attempt_by", "held_until"])
    dunning.reconsider(account, by=actor, now=account.now)
    _tell_of_new(account, invoice, plan, wanted)
    return plan


@transaction.atomic
def cancel(*, invoice_id: int, reason: str, told: str, actor: str, now: datetime) -> PaymentPlan:
    """End the bill's payment plan, with a trail row: its old schedule goes on, and it may fail and
    freeze the line from tomorrow on. The merchant is notified and reads `told`; `reason` is for
    colleagues.

    Raises UnknownInvoice, NoPlan, PaymentUnderWay, Invalid without both texts. It locks the bill,
    its account and its credit line. Rule 27.2.
    """
    reason = wording.checked("reason", reason, wording.LONGEST_REASON)
    told = wording.checked("told", told)
    account, invoice = hold(invoice_id, now=now)
    plan = payment_plans.in_force(invoice)
    if plan is None:
        raise NoPlan(f"bill: {invoice} has no payment plan in force")
    if undecided.exists(invoice):
        raise PaymentUnderWay(f"payment: one of bill {invoice} is being checked")
    plan_parts.end(
        plan, invoice, PaymentPlan.Status.CANCELLED, by=actor, on=account.open_on,
        now=account.now, told=told,
    )  # fmt: skip
    dunning.go_on(account, invoice, now=account.now)
    trail.write(
        Action.PAYMENT_PLAN_CANCELLED,
        merchant_id=account.pk,
        subject=str(invoice),
        before={"plan": "in force"},
        after={"plan": "cancelled"},
        actor=actor,
        reason=reason,
        now=account.now,
    )
    return plan


def _check_invoice(invoice: Invoice) -> None:
    """Raise InvoiceNotOpen if the bill is not unpaid, UnderAPlan if a payment plan of it is in
    force, and PaymentUnderWay if an attempt on it has no answer yet.
    """
    if not invoice.is_unpaid:
        raise InvoiceNotOpen(f"bill: {invoice} is {invoice.status}")
    plan_parts.check_none(invoice)
    if undecided.exists(invoice):
        raise PaymentUnderWay(f"payment: one of bill {invoice} is being checked")


def _check_parts(account: BillingAccount, invoice: Invoice, parts: Sequence[Part]) -> None:
    """Raise Invalid unless these can be the parts of the bill: as many as a plan may have, on
    rising days from tomorrow on within 12 months, none too little, and together what is left to
    pay.
    """
    if not FEWEST_PARTS <= len(parts) <= MOST_PARTS:
        raise Invalid("parts", f"must be from {FEWEST_PARTS} to {MOST_PARTS}")
    days = [day for day, _amount in parts]
    if any(later <= earlier for earlier, later in pairwise(days)):
        raise Invalid("parts", "must each be on a later day than the one before")
    last = _months_later(account.open_on)
    if days[0] <= account.open_on or days[-1] > last:
        raise Invalid("parts", f"must be from tomorrow to {last}")
    for day, amount in parts:
        if amount.amount <= 0 or is_too_little(account, amount):
            least = money.text(max(minimum(account), money.smallest(account.currency)))
            raise Invalid("parts", f"must each be {least} at least; {day} is {money.text(amount)}")
    total = money.total((amount for _day, amount in parts), account.currency)
    if total != invoice.left_to_pay:
        raise Invalid(
            "parts",
            f"come to {money.text(total)}, and {money.text(invoice.left_to_pay)} is left to pay",
        )


def _months_later(day: date) -> date:
    """The same day of the month 12 months later, or the last one that there is by then."""
    year = day.year + MOST_MONTHS // 12
    last = calendar.month_end(date(year, day.month, 1))
    return min(last, date(year, day.month, min(day.day, last.day)))


def _tell_of_new(
    account: BillingAccount, invoice: Invoice, plan: PaymentPlan, parts: Sequence[Part]
) -> None:
    """Write the new plan of the bill on the trail, and write a notice about it for the merchant.
    `parts` are (day, amount).
    """
    trail.write(
        Action.PAYMENT_PLAN_MADE,
        merchant_id=account.pk,
        subject=str(invoice),
        after={
            "left_to_pay": money.full(invoice.left_to_pay),
            "parts": ", ".join(f"{day.isoformat()} {money.text(amount)}" for day, amount in parts),
        },
        actor=plan.actor,
        reason=plan.reason,
        now=account.now,
    )
    notices.write(
        merchant_id=account.pk,
        kind=PAYMENT_PLAN,
        cause=f"{plan.pk} {plan.status}",
        at=account.now,
        status=str(plan.status),
        number=str(invoice),
        parts=str(len(parts)),
        amount=money.text(invoice.left_to_pay),
        currency=invoice.currency,
        day=parts[0][0].isoformat(),
        reason=plan.told,
    )
