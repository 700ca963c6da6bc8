from typing import ClassVar

import pgtrigger
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from moneyed import Money

from billing.models.invoices import Invoice
from merchants import money
from merchants.fields import AmountField, CurrencyField

# Every step an attempt can take.
TRANSITIONS = [
    ("PENDING", "SUCCEEDED"),
    ("PENDING", "FAILED"),
    ("PENDING", "UNKNOWN"),
    ("UNKNOWN", "SUCCEEDED"),
    ("UNKNOWN", "FAILED"),
]


class Payment(models.Model):
    class Status(models.TextChoices):
        PENDING = "PENDING", _("Pending")
        SUCCEEDED = "SUCCEEDED", _("Succeeded")
        FAILED = "FAILED", _("Failed")
        UNKNOWN = "UNKNOWN", _("Being checked")

    invoice = models.ForeignKey(Invoice, on_delete=models.PROTECT, related_name="payments")
    attempt = models.PositiveSmallIntegerField()  # 1, 2, … of this bill
    provider = models.CharField(max_length=10)
    idempotency_key = models.CharField(max_length=60, unique=True)  # made from bill and attempt
    provider_reference = models.CharField(max_length=200, blank=True)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.PENDING)
    failure = models.CharField(max_length=200, blank=True)
    currency = CurrencyField()
    amount = AmountField()
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["invoice", "attempt"], name="one_payment_per_bill_and_attempt"
            ),
            models.CheckConstraint(condition=Q(amount__gt=0), name="payment_positive"),
        ]
        indexes: ClassVar = [
            # Attempts whose outcome we do not have yet.
            models.Index(
                fields=["started_at"],
                condition=Q(status__in=["PENDING", "UNKNOWN"]),
                name="payment_undecided",
            ),
        ]
        triggers: ClassVar = [
            pgtrigger.Protect(name="payment_is_never_deleted", operation=pgtrigger.Delete),
            pgtrigger.FSM(
                name="payment_status_moves_forward",
                field="status",
                transitions=TRANSITIONS,
            ),
            pgtrigger.ReadOnly(
                name="payment_never_changes",
                exclude=["status", "provider_reference", "failure", "ended_at"],
            ),
        ]

    def __str__(self) -> str:
        return self.idempotency_key

    @property
    def amount_money(self) -> Money:
        return money.of(self.amount, self.currency)
