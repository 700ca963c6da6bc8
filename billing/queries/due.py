"""The days on which an account's unpaid bills are paid next (rule 15.34). Nothing here writes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from django.db.models import Prefetch
from moneyed import Money

from billing.models import BillingAccount, Invoice, PaymentPlan
from merchants.queries import local_day

MOST = 50  # unpaid bills; more are on their own page


@dataclass(frozen=True)
class Due:
    """What is to be paid of a bill on a local day; of a payment plan, one of its parts."""

    number: str  # the bill's
    on: date
    amount: Money
    is_collected: bool  # by itself, on that day; otherwise the merchant pays


def unpaid(account: BillingAccount) -> Sequence[Due]:
    """What is to be paid of the account's unpaid bills, soonest first: the oldest MOST of them.

    A bill that is collected by itself counts on the day of its next try, one of a payment plan on
    the days of its parts, and others on their due day.
    """
    plans = PaymentPlan.objects.filter(status=PaymentPlan.Status.IN_FORCE)
    plans = plans.prefetch_related("parts")
    found = (
        account.invoices.filter(status__in=Invoice.UNPAID)
        .prefetch_related(Prefetch("payment_plans", plans, to_attr="in_force"))
        .order_by("issued_on", "pk")[:MOST]
    )
    due = [one for invoice in found for one in _of(account, invoice)]
    return sorted(due, key=lambda one: (one.on, one.number))


def _of(account: BillingAccount, invoice: Invoice) -> Iterator[Due]:
    """Yield what is to be paid of the bill, by day: the parts of its payment plan that are not
    paid, or else all that is left. Its plan in force was read with it.
    """
    number, is_collected = invoice.number or "", account.pays_by_itself
    plan = next(iter(invoice.in_force), None)  # type: ignore[attr-defined]  # prefetched
    if plan is None:
        at = invoice.next_attempt_at if is_collected else None
        on = local_day(account, at) if at else invoice.due_on
        yield Due(number, on, invoice.left_to_pay, at is not None)
        return
    left = plan.paid_of(invoice.amount_paid)  # what pays parts, the oldest first
    for part in sorted(plan.parts.all(), key=lambda part: part.due_on):
        paid = min(part.amount, left)
        left -= paid
        if paid < part.amount:
            yield Due(number, part.due_on, part.amount - paid, is_collected)
