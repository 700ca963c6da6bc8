"""Bank transfers that came in for bills."""

from typing import ClassVar

import pgtrigger
from django.db import models
from django.db.models import F, Q

from billing.models.accounts import BillingAccount
from billing.models.charges import Charge
from billing.models.invoices import Invoice
from billing.models.payments import Payment
from billing.models.unapplied import UnappliedEntry
from lib import erasing
from lib.fields import AmountField, CurrencyField

# How much of its reference a transfer keeps before its key, when it is moved to an account that has
# another one of that reference.
MOST_OF_REFERENCE = 75
# Every step a transfer can take.
TRANSITIONS = [("RECORDED", "MOVED")]


class BankTransfer(models.Model):
    """A bank transfer that came in, as an operator recorded it: what it paid of the bill that it
    named, and what became unapplied money. One that was booked on the wrong account or bill is
    moved, once, and then asked for again.
    """

    class Status(models.TextChoices):
        RECORDED = "RECORDED", "Recorded"
        MOVED = "MOVED", "Booked elsewhere"

    account = models.ForeignKey(BillingAccount, on_delete=models.PROTECT, related_name="transfers")
    reference = models.CharField(max_length=100)  # the bank's own
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.RECORDED)
    currency = CurrencyField()
    amount = AmountField()
    # Its value date: the local day on which the money arrived at our bank.
    arrived_on = models.DateField()
    recorded_at = models.DateTimeField()
    recorded_by = models.CharField(max_length=254)
    payment = models.OneToOneField(
        Payment, on_delete=models.PROTECT, null=True, blank=True, related_name="transfer"
    )
    # The bill that it named, whether or not it still wanted money; null if it named none.
    named = models.ForeignKey(
        Invoice, on_delete=models.PROTECT, null=True, blank=True, related_name="transfers_naming_it"
    )
    entry = models.OneToOneField(
        UnappliedEntry, on_delete=models.PROTECT, null=True, blank=True, related_name="transfer"
    )
    moved_at = models.DateTimeField(null=True, blank=True)
    moved_by = models.CharField(max_length=254, blank=True)
    moved_reason = models.CharField(max_length=2000, blank=True)  # written for the merchant
    # How much of it was still unapplied, and was taken from there; the rest is charged.
    taken = AmountField()
    charge = models.OneToOneField(
        Charge, on_delete=models.PROTECT, null=True, blank=True, related_name="moved_transfer"
    )
    # The same money where it belongs; none if it never came.
    becomes = models.OneToOneField(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="came_from"
    )

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["account", "reference"],
                condition=Q(status="RECORDED"),
                name="one_transfer_per_account_and_reference",
            ),
            models.CheckConstraint(condition=Q(amount__gt=0), name="bank_transfer_positive"),
            models.CheckConstraint(
                condition=Q(payment__isnull=False) | Q(entry__isnull=False),
                name="bank_transfer_paid_a_bill_or_is_unapplied",
            ),
            models.CheckConstraint(
                condition=Q(taken__gte=0, taken__lte=F("amount")),
                name="bank_transfer_takes_no_more_unapplied_money_than_it_was",
            ),
            models.CheckConstraint(
                condition=Q(
                    status="MOVED", moved_at__isnull=False, moved_by__gt="", moved_reason__gt=""
                )
                & (Q(charge__isnull=False) | Q(taken=F("amount")))
                | Q(
                    status="RECORDED",
                    moved_at__isnull=True,
                    moved_by="",
                    moved_reason="",
                    taken=0,
                    charge__isnull=True,
                    becomes__isnull=True,
                ),
                name="bank_transfer_is_asked_for_again_exactly_when_moved",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["account", "-id"], name="bank_transfer_history"),
            models.Index(fields=["reference"], name="bank_transfer_by_reference"),
        ]
        triggers: ClassVar = [
            pgtrigger.Protect(name="bank_transfer_is_never_deleted", operation=pgtrigger.Delete),
            pgtrigger.FSM(
                name="bank_transfer_is_moved_once", field="status", transitions=TRANSITIONS
            ),
            erasing.ReadOnly(
                name="bank_transfer_never_changes",
                exclude=[
                    *("status", "arrived_on", "moved_at", "moved_by", "moved_reason"),
                    *("taken", "charge", "becomes"),
                ],
            ),
            # Where it belongs is written right after that it was moved.
            erasing.Protect(
                name="moved_bank_transfer_never_changes",
                operation=pgtrigger.Update,
                condition=pgtrigger.Condition(
                    """
                    OLD.status = 'MOVED' AND (OLD.becomes_id IS NOT NULL
                        OR to_jsonb(OLD) - 'becomes_id' <> to_jsonb(NEW) - 'becomes_id')
                    """
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"Transfer {self.reference}"

    @property
    def is_moved(self) -> bool:
        """Whether it was booked elsewhere, or taken off as its money never came or the bank took it
        back.
        """
        return self.status == self.Status.MOVED

    @property
    def invoice_number(self) -> str:
        """The number of the bill that it paid all or a part of as it was recorded; "" if all of it
        became unapplied money.
        """
        return str(self.payment.invoice) if self.payment else ""
