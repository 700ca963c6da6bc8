"""Payment plans: dated parts in which a bill is paid."""

from decimal import Decimal
from typing import ClassVar

import pgtrigger
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from moneyed import Money

from billing.models.invoices import Invoice
from lib import erasing, money
from lib.fields import AmountField, CurrencyField

FEWEST_PARTS, MOST_PARTS = 2, 12


class PaymentPlan(models.Model):
    """Dated parts in which what is left of a bill is paid. While it is in force, the bill is tried
    on the parts' days only, and freezes nothing.
    """

    class Status(models.TextChoices):
        IN_FORCE = "IN_FORCE", _("In force")
        KEPT = "KEPT", _("Kept")
        BROKEN = "BROKEN", _("A part was not paid")
        CANCELLED = "CANCELLED", _("Cancelled")

    invoice = models.ForeignKey(Invoice, on_delete=models.PROTECT, related_name="payment_plans")
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.IN_FORCE)
    currency = CurrencyField()
    # What was paid of the bill before: the parts are paid by what comes beyond that, oldest first.
    paid_before = AmountField()
    # The day of the oldest part that is not paid; null once all are. Payments move it.
    next_due_on = models.DateField(null=True, blank=True)
    # When the merchant was reminded of that part; null before, and again once it is paid.
    reminded_at = models.DateTimeField(null=True, blank=True)
    actor = models.CharField(max_length=254)
    reason = models.CharField(max_length=500)  # for colleagues
    told = models.CharField(max_length=500)  # what the merchant reads
    made_on = models.DateField()  # the local day of `at`
    at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)  # null while it is in force
    ended_on = models.DateField(null=True, blank=True)
    ended_by = models.CharField(max_length=254, blank=True)  # an operator, or a job's name

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["invoice"],
                condition=Q(status="IN_FORCE"),
                name="one_plan_of_an_invoice_in_force",
            ),
            models.CheckConstraint(
                condition=Q(status="IN_FORCE", ended_at__isnull=True, ended_on__isnull=True)
                | (~Q(status="IN_FORCE") & Q(ended_at__isnull=False, ended_on__isnull=False)),
                name="payment_plan_ends_with_its_status",
            ),
        ]
        indexes: ClassVar = [
            # The operators' queues.
            models.Index(
                fields=["ended_at"], condition=Q(status="BROKEN"), name="payment_plan_broken"
            ),
            models.Index(
                fields=["reminded_at"],
                condition=Q(status="IN_FORCE", reminded_at__isnull=False),
                name="payment_plan_part_due",
            ),
        ]
        triggers: ClassVar = [
            pgtrigger.Protect(name="payment_plan_is_never_deleted", operation=pgtrigger.Delete),
            pgtrigger.FSM(
                name="payment_plan_ends_once",
                field="status",
                transitions=[
                    ("IN_FORCE", "KEPT"),
                    ("IN_FORCE", "BROKEN"),
                    ("IN_FORCE", "CANCELLED"),
                ],
            ),
            erasing.ReadOnly(
                name="payment_plan_never_changes",
                exclude=[
                    *("status", "next_due_on", "reminded_at", "ended_at", "ended_on", "ended_by"),
                ],
            ),
        ]

    def __str__(self) -> str:
        return f"payment plan #{self.pk}"

    @property
    def is_in_force(self) -> bool:
        """Whether its bill is paid by it now: it is neither kept, broken nor cancelled."""
        return self.status == self.Status.IN_FORCE

    def paid_of(self, amount_paid: Money) -> Money:
        """What was paid of the plan's parts, all together, by the time `amount_paid` was paid of
        the bill in all: what the plan found paid already is left out. It is at least 0.
        """
        return max(amount_paid - self.paid_before, money.zero(self.currency))


class PaymentPlanPart(models.Model):
    """One part of a payment plan: what is paid on a day."""

    plan = models.ForeignKey(PaymentPlan, on_delete=models.PROTECT, related_name="parts")
    due_on = models.DateField()
    currency = CurrencyField()
    amount = AmountField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["plan", "due_on"], name="one_part_of_a_plan_on_a_day"),
            models.CheckConstraint(condition=Q(amount__gt=Decimal(0)), name="plan_part_positive"),
        ]
        triggers: ClassVar = [
            pgtrigger.Protect(
                name="plan_part_is_append_only", operation=pgtrigger.Update | pgtrigger.Delete
            ),
        ]

    def __str__(self) -> str:
        return f"{self.due_on} {money.text(self.amount)}"
