"""The days on which an account's unpaid bills are paid next (rule 15.34). Nothing here writes."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from django.db.models import Q
from moneyed import Money

from billing.models import BillingAccount, Invoice, PaymentPlan, PaymentPlanPart
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
    the days of its parts, and others on their due day, also while a card is disputed.
    """
    found = account.invoices.filter(status__in=Invoice.UNPAID).order_by("issued_on", "pk")[:MOST]
    invoices = list(found)
    parts = _parts(invoices)
    due = [one for invoice in invoices for one in _of(account, invoice, parts[invoice.pk])]
    return sorted(due, key=lambda one: (one.on, one.number))


def _parts(invoices: Sequence[Invoice]) -> dict[int, list[PaymentPlanPart]]:
    """Return the parts of these bills' payment plans in force, each with its plan, by the
    bill's primary key and in the order of their days. The result is a defaultdict: looked
    up in brackets, a bill without a plan has an empty list, but `get` returns None for
    it.
    """
    parts: dict[int, list[PaymentPlanPart]] = defaultdict(list)
    in_force = Q(plan__invoice__in=invoices, plan__status=PaymentPlan.Status.IN_FORCE)
    found = PaymentPlanPart.objects.filter(in_force).select_related("plan")
    for part in found.order_by("due_on"):
        parts[part.plan.invoice_id].append(part)
    return parts


def _of(
    account: BillingAccount, invoice: Invoice, parts: Sequence[PaymentPlanPart]
) -> Iterator[Due]:
    """Yield what is to be paid of the bill, by day: what is missing of those `parts` of its payment
    plan that are not wholly paid, or all that is left, on one day, if it has none.
    """
    number, is_collected = invoice.number or "", account.collects_by_itself
    if not parts:
        at = invoice.next_attempt_at if is_collected else None
        on = local_day(account, at) if at else invoice.due_on
        yield Due(number, on, invoice.left_to_pay, at is not None)
        return
    left = parts[0].plan.paid_of(invoice.amount_paid)  # what pays parts, the oldest first
    for part in parts:
        paid = min(part.amount, left)
        left -= paid
        if paid < part.amount:
            yield Due(number, part.due_on, part.amount - paid, is_collected)
