"""Bills and credit notes that a tax office has to clear, and what came back (rule 28.23)."""

from typing import ClassVar

import pgtrigger
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from billing.models.accounts import BillingAccount
from billing.models.credit_notes import CreditNote
from billing.models.invoices import Invoice
from billing.models.parties import ClearingProvider
from lib import erasing


class Clearance(models.Model):
    """A bill or credit note on its way through a country's tax office, until its number there came
    back. One that was refused can be sent again, under another key.
    """

    class Status(models.TextChoices):
        OPEN = "OPEN", _("On its way to the tax office")
        CLEARED = "CLEARED", _("Registered with the tax office")
        REFUSED = "REFUSED", _("Not taken by the tax office")

    account = models.ForeignKey(BillingAccount, on_delete=models.PROTECT, related_name="clearances")
    invoice = models.OneToOneField(
        Invoice, on_delete=models.PROTECT, null=True, blank=True, related_name="clearance"
    )
    note = models.OneToOneField(
        CreditNote, on_delete=models.PROTECT, null=True, blank=True, related_name="clearance"
    )
    provider = models.CharField(max_length=10, choices=ClearingProvider.choices)
    status = models.CharField(max_length=8, choices=Status.choices, default=Status.OPEN)
    taken_up_at = models.DateTimeField()
    attempt = models.PositiveSmallIntegerField(default=1)
    key = models.CharField(max_length=60, unique=True)  # by which the provider knows the attempt
    content = models.BinaryField(blank=True, default=b"", db_default=b"")  # what was sent
    # When it was sent, or was about to be: from then on the provider is asked before it is sent.
    sent_at = models.DateTimeField(null=True, blank=True)
    asked = models.PositiveSmallIntegerField(default=0)  # how often without an outcome
    next_at = models.DateTimeField(null=True, blank=True)  # when it is asked again; null: at once
    number = models.CharField(max_length=100, blank=True, default="", db_default="")  # came back
    file = models.BinaryField(blank=True, default=b"", db_default=b"")  # came back with it, if any
    file_name = models.CharField(max_length=100, blank=True, default="", db_default="")
    refusal = models.CharField(max_length=500, blank=True, default="", db_default="")
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.CharField(max_length=254, blank=True, default="", db_default="")

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(invoice__isnull=False, note__isnull=True)
                | Q(invoice__isnull=True, note__isnull=False),
                name="clearance_is_of_an_invoice_or_of_a_note",
            ),
            models.CheckConstraint(
                condition=Q(status="CLEARED", number__gt="")
                | (~Q(status="CLEARED") & Q(number="")),
                name="clearance_has_a_number_once_it_is_cleared",
            ),
            models.CheckConstraint(
                condition=Q(status="OPEN", ended_at__isnull=True)
                | (~Q(status="OPEN") & Q(ended_at__isnull=False)),
                name="clearance_is_open_until_it_ended",
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["taken_up_at"], condition=~Q(status="CLEARED"), name="clearance_to_do"
            ),
        ]
        triggers: ClassVar = [
            pgtrigger.Protect(name="clearance_is_never_deleted", operation=pgtrigger.Delete),
            pgtrigger.ReadOnly(
                name="clearance_stays_that_of_its_document",
                fields=["account", "invoice", "note", "provider", "taken_up_at"],
            ),
            # What was sent is sent anew as another attempt only, under another key.
            pgtrigger.Protect(
                name="what_was_sent_to_a_tax_office_stays",
                operation=pgtrigger.Update,
                condition=pgtrigger.Condition(
                    """
                    OLD.sent_at IS NOT NULL AND NEW.attempt = OLD.attempt AND
                        (OLD.key, OLD.content, OLD.sent_at)
                        IS DISTINCT FROM (NEW.key, NEW.content, NEW.sent_at)
                    """
                ),
            ),
            pgtrigger.FSM(
                name="clearance_status_moves_forward",
                field="status",
                transitions=[
                    ("OPEN", "CLEARED"),
                    ("OPEN", "REFUSED"),
                    ("REFUSED", "OPEN"),
                    ("REFUSED", "CLEARED"),
                ],
            ),
            erasing.Protect(
                name="cleared_documents_never_change",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__status="CLEARED"),
            ),
        ]

    def __str__(self) -> str:
        return str(self.invoice or self.note)

    @property
    def is_open(self) -> bool:
        """Whether it has no outcome yet: its provider, or a person who enters it, is to say it."""
        return self.status == self.Status.OPEN

    @property
    def is_cleared(self) -> bool:
        """Whether it has its number, from its provider or entered by hand."""
        return self.status == self.Status.CLEARED

    @property
    def was_refused(self) -> bool:
        """Whether it was refused and not sent again since."""
        return self.status == self.Status.REFUSED

    @property
    def is_by_hand(self) -> bool:
        """Whether an operator has to do something about it: it waits for a number that is entered
        by hand, or was refused.
        """
        return self.was_refused or (self.is_open and self.provider == ClearingProvider.MANUAL)


class SandboxClearing(models.Model):
    """What the sandbox of a tax office has received; no part of the books."""

    key = models.CharField(max_length=60, unique=True)
    digest = models.CharField(max_length=64)  # of the document

    def __str__(self) -> str:
        return self.key

    @property
    def number(self) -> str:
        """The number that the sandbox gives the document. It is made from the document's digest, so
        that the same document gets the same number everywhere.
        """
        return f"SANDBOX-{self.digest[:12].upper()}"
