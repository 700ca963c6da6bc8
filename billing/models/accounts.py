from datetime import date, timedelta
from decimal import Decimal
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from moneyed import Money

from merchants import money
from merchants.fields import AmountField, CurrencyField
from merchants.models import Merchant

CYCLE_DAYS = 30
CYCLE = timedelta(days=CYCLE_DAYS)
DAYS_TO_PAY = 7  # of a bill that nothing collects by itself


class BillingAccount(models.Model):
    class Method(models.TextChoices):
        MANUAL = "manual", _("Bank transfer")
        SANDBOX = "sandbox", _("Sandbox")

    merchant = models.OneToOneField(
        Merchant, on_delete=models.PROTECT, primary_key=True, related_name="billing_account"
    )
    currency = CurrencyField()  # of every figure of this account; never changes
    # Running figures, written in the transaction that moves their rows and recomputed by `audit`.
    outstanding = AmountField(
        default=Decimal(0)
    )  # posted items on no bill; credits make it negative
    accruing = AmountField(default=Decimal(0))  # DAILY charges of the open day, not yet posted
    threshold = AmountField()  # outstanding of this much is billed the same day
    plan = models.CharField(max_length=50)
    plan_price = AmountField()
    plan_interval_days = models.PositiveIntegerField()
    payment_method = models.CharField(max_length=10, choices=Method.choices, default=Method.MANUAL)
    joined_on = models.DateField()  # day 0 of plan and cycle
    next_plan_on = models.DateField()  # the next bill date that carries a plan fee
    next_cycle_on = models.DateField()  # the next 30th day from joining, plan date or not
    last_bill_on = models.DateField(null=True, blank=True)  # date of the previous bill of any kind
    timezone = models.CharField(max_length=64)  # whose days this account counts now
    open_on = models.DateField()  # the local day that is open; all before it are worked off
    open_until = models.DateTimeField()  # the instant at which that day ends

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(plan_interval_days__gte=CYCLE_DAYS),
                name="plan_interval_not_shorter_than_the_cycle",
            ),
            models.CheckConstraint(condition=Q(plan_price__gte=0), name="plan_price_not_negative"),
            models.CheckConstraint(condition=Q(threshold__gte=0), name="threshold_not_negative"),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["open_until"], name="account_by_day_end"
            ),  # the day-end job's question
        ]

    def __str__(self) -> str:
        return f"Billing account #{self.pk}"

    @property
    def outstanding_money(self) -> Money:
        return money.of(self.outstanding, self.currency)

    @property
    def accruing_money(self) -> Money:
        return money.of(self.accruing, self.currency)

    @property
    def threshold_money(self) -> Money:
        return money.of(self.threshold, self.currency)

    @property
    def pays_by_itself(self) -> bool:
        """Whether bills are collected without anybody doing something."""
        return self.payment_method != self.Method.MANUAL

    @property
    def next_bill_on(self) -> date:
        """The next date that brings a bill, whatever the threshold does before."""
        return min(self.next_plan_on, self.next_cycle_on)

    @property
    def next_bill_has_plan(self) -> bool:
        return self.next_plan_on <= self.next_cycle_on
