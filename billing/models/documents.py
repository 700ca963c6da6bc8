"""Documents by mail and as files: addresses, what was mailed, and a year's ZIP files."""

from datetime import timedelta
from typing import ClassVar

import pgtrigger
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from billing.models.accounts import BillingAccount
from billing.models.invoices import Invoice
from billing.models.statements import Statement

CONFIRM_WITHIN = timedelta(days=7)  # a link of a mail that asks an address to confirm
KEPT_FOR = timedelta(days=7)  # a ZIP file that was built


class BillingAddress(models.Model):
    """An e-mail address that gets a merchant's bills and statements as PDF, once whoever reads it
    has confirmed it by a link.
    """

    class Schedule(models.TextChoices):
        """When its mails come."""

        EACH = "EACH", _("each document as it comes")
        MONTHLY = "MONTHLY", _("a month's documents together, as the month ends")

    account = models.ForeignKey(BillingAccount, on_delete=models.PROTECT, related_name="addresses")
    email = models.EmailField()
    schedule = models.CharField(max_length=10, choices=Schedule.choices, default=Schedule.EACH)
    added_at = models.DateTimeField()
    added_by = models.CharField(max_length=254)
    asked_at = models.DateTimeField(null=True, blank=True)  # when it was mailed the link
    confirmed_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.CharField(max_length=254, blank=True)  # the address itself by its own link
    failures = models.PositiveSmallIntegerField(default=0)  # mails that its server did not take
    # Since when its mail server has refused every mail, and when it is tried again (rule 11.11);
    # null while nothing is refused.
    refused_since = models.DateTimeField(null=True, blank=True)
    next_mail_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["account", "email"],
                condition=Q(ended_at__isnull=True),
                name="one_billing_address_per_account_and_mailbox",
            ),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True, ended_by="")
                | Q(ended_at__isnull=False, ended_by__gt=""),
                name="billing_address_is_ended_by_somebody",
            ),
            models.CheckConstraint(
                condition=Q(refused_since__isnull=True, next_mail_at__isnull=True)
                | Q(refused_since__lt=F("next_mail_at")),
                name="billing_address_is_tried_again_after_it_was_refused",
            ),
        ]
        triggers: ClassVar = [
            pgtrigger.Protect(name="billing_address_is_never_deleted", operation=pgtrigger.Delete),
        ]

    def __str__(self) -> str:
        return self.email

    @property
    def is_confirmed(self) -> bool:
        """Whether its reader has confirmed it, also if it was ended since."""
        return self.confirmed_at is not None


class DocumentMail(models.Model):
    """That a bill or statement was mailed to an address; written once for each of them."""

    address = models.ForeignKey(BillingAddress, on_delete=models.PROTECT, related_name="mails")
    invoice = models.ForeignKey(
        Invoice, on_delete=models.PROTECT, null=True, blank=True, related_name="mails"
    )
    statement = models.ForeignKey(
        Statement, on_delete=models.PROTECT, null=True, blank=True, related_name="mails"
    )
    sent_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["address", "invoice"], name="one_mail_per_address_and_bill"
            ),
            models.UniqueConstraint(
                fields=["address", "statement"], name="one_mail_per_address_and_statement"
            ),
            models.CheckConstraint(
                condition=Q(invoice__isnull=False, statement__isnull=True)
                | Q(invoice__isnull=True, statement__isnull=False),
                name="a_document_mail_has_one_document",
            ),
        ]
        triggers: ClassVar = [
            pgtrigger.Protect(
                name="document_mail_is_append_only", operation=pgtrigger.Update | pgtrigger.Delete
            ),
        ]

    def __str__(self) -> str:
        return f"Mail #{self.pk}"


class YearArchive(models.Model):
    """A ZIP file of all bills and statements of a year that somebody had built."""

    class Status(models.TextChoices):
        WAITING = "WAITING", _("Being built")
        READY = "READY", _("Ready")
        EXPIRED = "EXPIRED", _("No longer kept")

    account = models.ForeignKey(BillingAccount, on_delete=models.PROTECT, related_name="archives")
    year = models.PositiveSmallIntegerField()
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.WAITING)
    asked_at = models.DateTimeField()
    asked_by = models.CharField(max_length=254)
    built_at = models.DateTimeField(null=True, blank=True)
    kept_until = models.DateTimeField(null=True, blank=True)
    size = models.PositiveBigIntegerField(default=0)  # bytes of all its parts

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["account", "year"],
                condition=Q(status="WAITING"),
                name="one_archive_of_a_year_is_built_at_a_time",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["account", "-id"], name="archive_history"),
            models.Index(
                fields=["id"], condition=Q(status__in=["WAITING", "READY"]), name="archive_to_do"
            ),
        ]
        triggers: ClassVar = [
            pgtrigger.FSM(
                name="archive_goes_forward",
                field="status",
                transitions=[("WAITING", "READY"), ("READY", "EXPIRED")],
            ),
        ]

    def __str__(self) -> str:
        return f"Documents of {self.year}"

    @property
    def is_ready(self) -> bool:
        """Whether the file was built and is still kept."""
        return self.status == self.Status.READY

    @property
    def is_waiting(self) -> bool:
        """Whether the file is still to be built."""
        return self.status == self.Status.WAITING


class ArchivePart(models.Model):
    """A piece of a ZIP file, so that neither building nor sending it holds all of it."""

    archive = models.ForeignKey(YearArchive, on_delete=models.CASCADE, related_name="parts")
    number = models.PositiveIntegerField()
    content = models.BinaryField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["archive", "number"], name="archive_parts_are_numbered"
            ),
        ]

    def __str__(self) -> str:
        return f"Part {self.number}"
