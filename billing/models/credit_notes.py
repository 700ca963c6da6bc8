"""Credit notes, each of which takes back one void bill (rule 28.5)."""

from typing import ClassVar

import pgtrigger
from django.db import models
from django.db.models import Q

from billing.models.accounts import BillingAccount
from billing.models.invoices import Invoice
from lib.fields import AmountField, CurrencyField

SUFFIX = "-CN"  # of the series of an issuer's notes, behind its prefix


class CreditNote(models.Model):
    """A document of its own that takes back an issuer's bill, which was voided: it mirrors the
    bill, whose lines, taxes and parties never change.
    """

    account = models.ForeignKey(
        BillingAccount, on_delete=models.PROTECT, related_name="credit_notes"
    )
    invoice = models.OneToOneField(Invoice, on_delete=models.PROTECT, related_name="credit_note")
    # Of the series of its issuer's notes: DE-CN-2026-000001.
    number = models.CharField(max_length=40, unique=True)
    issued_on = models.DateField()  # the local day on which the bill was voided
    issued_at = models.DateTimeField()
    currency = CurrencyField()
    # Those of the bill, below 0.
    total = AmountField()
    tax = AmountField()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(total__lt=0), name="credit_note_takes_back"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["account", "-issued_at", "-id"], name="credit_note_history"),
        ]
        triggers: ClassVar = [
            pgtrigger.Protect(
                name="credit_note_never_changes", operation=pgtrigger.Update | pgtrigger.Delete
            ),
        ]

    def __str__(self) -> str:
        return self.number
