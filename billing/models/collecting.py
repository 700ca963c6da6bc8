"""What operators decide about the collecting of a bill: another due day, a pause, a waiver."""

from typing import ClassVar

import pgtrigger
from django.db import models
from django.db.models import F, Q

from billing.models.charges import Charge
from billing.models.invoices import Invoice
from billing.models.payments import Payment
from lib import erasing
from lib.fields import AmountField, CurrencyField, FormKeyField
from lib.form_keys import one_row_per_form


class DueDay(models.Model):
    """Another, later due day that a bill got, before it had failed."""

    invoice = models.ForeignKey(Invoice, on_delete=models.PROTECT, related_name="due_days")
    before = models.DateField()
    due_on = models.DateField()
    actor = models.CharField(max_length=254)
    reason = models.CharField(max_length=500)  # for colleagues
    told = models.CharField(max_length=500)  # what the merchant reads
    at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(due_on__gt=F("before")), name="due_day_is_later"),
        ]
        triggers: ClassVar = [
            erasing.Protect(
                name="due_day_is_append_only", operation=pgtrigger.Update | pgtrigger.Delete
            ),
        ]

    def __str__(self) -> str:
        return f"due on {self.due_on}"


class CollectionPause(models.Model):
    """A time in which a bill is not tried by itself, does not fail, and freezes nothing."""

    invoice = models.ForeignKey(Invoice, on_delete=models.PROTECT, related_name="pauses")
    began_on = models.DateField()  # the local day of `at`
    until_on = models.DateField()  # the local day as which starts the schedule goes on
    until_at = models.DateTimeField()  # the instant at which that day starts
    # When the bill was to be tried next by itself as the pause began; null if it was not.
    tried_next_at = models.DateTimeField(null=True, blank=True)
    actor = models.CharField(max_length=254)
    reason = models.CharField(max_length=500)  # for colleagues
    told = models.CharField(max_length=500)  # what the merchant reads
    at = models.DateTimeField()
    # Null until somebody ends it before its time, or another pause or a plan follows it.
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_on = models.DateField(null=True, blank=True)
    ended_by = models.CharField(max_length=254, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["invoice"],
                condition=Q(ended_at__isnull=True),
                name="one_pause_of_an_invoice_at_a_time",
            ),
            models.CheckConstraint(
                condition=Q(until_on__gt=F("began_on")), name="pause_ends_after_its_day"
            ),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True, ended_on__isnull=True)
                | Q(ended_at__isnull=False, ended_on__isnull=False, ended_on__lte=F("until_on")),
                name="pause_ended_by_its_last_day",
            ),
        ]
        triggers: ClassVar = [
            pgtrigger.Protect(name="pause_is_never_deleted", operation=pgtrigger.Delete),
            erasing.ReadOnly(
                name="pause_never_changes", exclude=["ended_at", "ended_on", "ended_by"]
            ),
            erasing.Protect(
                name="ended_pause_never_changes",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__ended_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"paused until {self.until_on}"

    @property
    def days(self) -> int:
        """How many local days the pause lasts, or lasted if it was ended before its time: from the
        day on which it began, which counts, to the one on which collecting goes on, which does not.
        0 if it was ended on its first day.
        """
        return ((self.ended_on or self.until_on) - self.began_on).days


class Waiver(models.Model):
    """A part of a bill that is not asked for: a credit, which pays the bill at once."""

    invoice = models.ForeignKey(Invoice, on_delete=models.PROTECT, related_name="waivers")
    currency = CurrencyField()
    amount = AmountField()
    charge = models.OneToOneField(Charge, on_delete=models.PROTECT, related_name="+")  # the credit
    payment = models.OneToOneField(Payment, on_delete=models.PROTECT, related_name="waiver")
    actor = models.CharField(max_length=254)
    reason = models.CharField(max_length=500)  # for colleagues
    told = models.CharField(max_length=500)  # what the merchant reads
    request_key = FormKeyField()
    at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="waiver_positive"),
            one_row_per_form("invoice", "one_waiver_per_submitted_form"),
        ]
        triggers: ClassVar = [
            erasing.Protect(
                name="waiver_is_append_only", operation=pgtrigger.Update | pgtrigger.Delete
            ),
        ]

    def __str__(self) -> str:
        return f"waiver #{self.pk}"
