"""Reads payment plans and their parts. Nothing here writes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from moneyed import Money

from billing.models import Invoice, PaymentPlan, PaymentPlanPart
from lib import money

REMINDED_BEFORE = timedelta(days=3)  # the merchant is told of a part so long before its day


@dataclass(frozen=True)
class Part:
    """A part of a plan, and how much of it is paid."""

    due_on: date
    amount: Money
    paid: Money

    @property
    def left(self) -> Money:
        """What is not paid of the part yet."""
        return self.amount - self.paid

    @property
    def is_paid(self) -> bool:
        """Whether the whole part is paid."""
        return self.paid == self.amount


def in_force(invoice: Invoice) -> PaymentPlan | None:
    """The payment plan by which the bill is paid; None without one."""
    found: PaymentPlan | None = invoice.payment_plans.filter(
        status=PaymentPlan.Status.IN_FORCE
    ).first()
    return found


def latest(invoice: Invoice) -> PaymentPlan | None:
    """The bill's last plan, in force or ended; None without any."""
    found: PaymentPlan | None = invoice.payment_plans.order_by("-pk").first()
    return found


def parts(plan: PaymentPlan, amount_paid: Money) -> Sequence[Part]:
    """The plan's parts by day, each with what is paid of it when `amount_paid` is paid of the bill
    in all. What was paid before the plan pays none of them; the rest pays the oldest first.
    """
    found, left = [], plan.paid_of(amount_paid)
    rows = PaymentPlanPart.objects.filter(plan=plan).order_by("due_on")
    for row in rows:
        paid = min(row.amount, left)
        found.append(Part(row.due_on, row.amount, paid))
        left -= paid
    return found


def due_by(plan: PaymentPlan, invoice: Invoice, on: date) -> Money:
    """What is not paid of the plan's parts whose day has come on local day `on`."""
    due = (part.left for part in parts(plan, invoice.amount_paid) if part.due_on <= on)
    return money.total(due, plan.currency)


def next_day(plan: PaymentPlan, invoice: Invoice, *, after: date | None = None) -> date | None:
    """The day of the plan's oldest part that is not paid, or of the first such part after the day
    `after`; None if there is none.
    """
    days = (part.due_on for part in parts(plan, invoice.amount_paid) if not part.is_paid)
    return next((day for day in days if after is None or day > after), None)
