from decimal import Decimal
from typing import ClassVar

import pgtrigger
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from moneyed import Money

from billing.models.accounts import BillingAccount
from billing.models.fees import Category
from merchants import money
from merchants.fields import AmountField, CurrencyField


class NumberSeries(models.Model):
    """Bill numbers of one year; its row is locked last and only while bills are written."""

    year = models.PositiveSmallIntegerField(primary_key=True)
    last = models.PositiveBigIntegerField(default=0)  # given out so far: 1, 2, … without a gap

    class Meta:
        verbose_name_plural = "number series"

    def __str__(self) -> str:
        return str(self.year)


# Every step a bill can take.
TRANSITIONS = [
    ("OPEN", "PAID"),
    ("OPEN", "VOID"),
    ("OPEN", "UNCOLLECTIBLE"),
    ("UNCOLLECTIBLE", "PAID"),
]


class Invoice(models.Model):
    class Kind(models.TextChoices):
        THRESHOLD = "THRESHOLD", _("Threshold")
        SUBSCRIPTION = "SUBSCRIPTION", _("Subscription")
        CYCLE = "CYCLE", _("30-day cycle")

    class Status(models.TextChoices):
        OPEN = "OPEN", _("Open")
        PAID = "PAID", _("Paid")
        VOID = "VOID", _("Void")
        UNCOLLECTIBLE = "UNCOLLECTIBLE", _("Uncollectible")

    SCHEDULED: ClassVar = (Kind.SUBSCRIPTION, Kind.CYCLE)
    account = models.ForeignKey(BillingAccount, on_delete=models.PROTECT, related_name="invoices")
    number = models.CharField(max_length=20, unique=True)  # year and place in its series
    kind = models.CharField(max_length=12, choices=Kind.choices)
    status = models.CharField(max_length=13, choices=Status.choices, default=Status.OPEN)
    issued_on = models.DateField()  # its local date
    issued_at = models.DateTimeField()
    period_start = models.DateField()  # the day after the previous bill's date
    period_end = models.DateField()  # its own date
    due_on = models.DateField()
    currency = CurrencyField()
    total = AmountField()
    amount_paid = AmountField(default=Decimal(0))  # sum of its succeeded payments
    paid_at = models.DateTimeField(null=True, blank=True)
    # Copies: a bill says what was true when it was issued.
    merchant_name = models.CharField(max_length=200)
    merchant_reference = models.CharField(max_length=100)
    language = models.CharField(max_length=10)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["account", "issued_on"],
                condition=Q(kind__in=["SUBSCRIPTION", "CYCLE"]),
                name="one_scheduled_bill_per_merchant_and_date",
            ),
            models.CheckConstraint(condition=Q(total__gt=0), name="bill_total_positive"),
            models.CheckConstraint(
                condition=Q(amount_paid__gte=0) & Q(amount_paid__lte=F("total")),
                name="bill_paid_within_its_total",
            ),
            models.CheckConstraint(
                condition=Q(status="PAID", amount_paid=F("total"), paid_at__isnull=False)
                | (~Q(status="PAID") & Q(amount_paid__lt=F("total"))),
                name="bill_is_paid_exactly_when_its_payments_reach_its_total",
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["account", "-issued_at", "-id"], name="bill_history"
            ),  # the bill list
            # What the collecting job may find due.
            models.Index(fields=["issued_at"], condition=Q(status="OPEN"), name="bill_to_collect"),
        ]
        triggers: ClassVar = [
            pgtrigger.Protect(name="bill_is_never_deleted", operation=pgtrigger.Delete),
            pgtrigger.FSM(
                name="bill_status_moves_forward",
                field="status",
                transitions=TRANSITIONS,
            ),
            pgtrigger.ReadOnly(
                name="issued_bill_never_changes",
                exclude=["status", "amount_paid", "paid_at"],
            ),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def total_money(self) -> Money:
        return money.of(self.total, self.currency)

    @property
    def is_open(self) -> bool:
        return self.status == self.Status.OPEN


class InvoiceLine(models.Model):
    invoice = models.ForeignKey(Invoice, on_delete=models.PROTECT, related_name="lines")
    item = models.ForeignKey("billing.InvoiceItem", on_delete=models.PROTECT, related_name="lines")
    # Copies, for the same reason as above.
    category = models.CharField(max_length=20, choices=Category.choices)
    fee_code = models.CharField(max_length=40)
    fee_name = models.CharField(max_length=100)
    posting_on = models.DateField()
    charge_count = models.PositiveBigIntegerField()
    currency = CurrencyField()
    amount = AmountField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["invoice", "item"], name="one_line_per_bill_and_item"),
        ]
        triggers: ClassVar = [
            pgtrigger.Protect(
                name="bill_line_never_changes", operation=pgtrigger.Update | pgtrigger.Delete
            ),
        ]

    def __str__(self) -> str:
        return f"{self.fee_name} {self.posting_on}"

    @property
    def amount_money(self) -> Money:
        return money.of(self.amount, self.currency)
