"""Who issues bills, and to whom they are made out."""

from typing import ClassVar

import pgtrigger
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from lib import erasing

LONGEST_PREFIX = 8  # of the numbers of an issuer's bills


class ClearingProvider(models.TextChoices):
    """The providers that have documents cleared by a tax office."""

    MANUAL = "MANUAL", "By hand: an operator enters the number"
    SANDBOX = "SANDBOX", "Sandbox, for demonstrations"


class Issuer(models.Model):
    """A legal entity that issues bills. What is known of it is its latest version.

    An account without one has the installation's (TAEL_ISSUER), which has no row.
    """

    # In front of its bills' numbers, as in DE-2026-000001; never changes.
    prefix = models.CharField(max_length=LONGEST_PREFIX, unique=True)
    # Its latest version; null only within the transaction that adds the issuer.
    present = models.OneToOneField(
        "billing.IssuerVersion", on_delete=models.PROTECT, null=True, related_name="+"
    )
    # Who has its documents cleared by a tax office, and those issued from when on (rule 28.23);
    # empty: nobody.
    clearing = models.CharField(
        max_length=10, choices=ClearingProvider.choices, blank=True, default="", db_default=""
    )
    clearing_from = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(clearing="", clearing_from__isnull=True)
                | (~Q(clearing="") & Q(clearing_from__isnull=False)),
                name="issuer_has_documents_cleared_from_an_instant",
            ),
            models.CheckConstraint(
                condition=Q(prefix__regex=rf"^[A-Z][A-Z0-9]{{0,{LONGEST_PREFIX - 1}}}$"),
                name="issuer_prefix_is_capitals_and_digits",
            ),
        ]
        triggers: ClassVar = [
            pgtrigger.Protect(name="issuer_is_never_deleted", operation=pgtrigger.Delete),
            pgtrigger.ReadOnly(name="issuer_prefix_never_changes", fields=["prefix"]),
        ]

    def __str__(self) -> str:
        return self.prefix


class IssuerVersion(models.Model):
    """An issuer as it was from an instant on: bills that were issued then name this row for
    ever.
    """

    issuer = models.ForeignKey(Issuer, on_delete=models.PROTECT, related_name="versions")
    version = models.PositiveIntegerField()  # 1, 2, … of its issuer
    name = models.CharField(max_length=200)
    address = models.TextField()  # its lines
    country = models.CharField(max_length=2)  # ISO 3166
    tax_number = models.CharField(max_length=40, blank=True, db_default="")  # for VAT and its like
    registration_number = models.CharField(max_length=40, blank=True, db_default="")
    # Where transfers go to: a list of {"currency", "number", "code", "bank"}, one of a currency.
    bank_accounts = models.JSONField(default=list, db_default=models.Value([], models.JSONField()))
    # Whether bills carry structured references, and statements of its accounts are taken (rule
    # 29.12).
    has_references = models.BooleanField(default=False, db_default=False)
    logo = models.BinaryField(blank=True, default=b"", db_default=b"")  # PNG or JPEG
    at = models.DateTimeField()
    actor = models.CharField(max_length=254)
    reason = models.CharField(max_length=500)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["issuer", "version"], name="one_issuer_of_a_version"),
            models.CheckConstraint(
                condition=Q(country__regex="^[A-Z]{2}$"), name="issuer_has_a_country"
            ),
        ]
        triggers: ClassVar = [
            erasing.Protect(
                name="issuer_version_is_append_only", operation=pgtrigger.Update | pgtrigger.Delete
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.version})"

    @property
    def address_lines(self) -> list[str]:
        """The lines of the address, as they are printed."""
        return self.address.split("\n")

    def bank_lines(self, currency: str) -> list[str]:
        """The issuer's account in this currency as lines for people: bank, number and code, in this
        order, without those that were not said. Empty if it has no account in the currency.
        """
        for account in self.bank_accounts:
            if account["currency"] == currency:
                said = [account["bank"], account["number"], account["code"]]
                return [line for line in said if line]
        return []


class BillingDetails(models.Model):
    """A version of whom a merchant's bills are made out to, as its owners said.

    Bills have the latest that an operator confirmed; the account names it.
    """

    class Status(models.TextChoices):
        WAITING = "WAITING", _("Not confirmed yet")
        CONFIRMED = "CONFIRMED", _("Confirmed")
        REJECTED = "REJECTED", _("Rejected")
        REPLACED = "REPLACED", _("Replaced")  # before anybody decided

    account = models.ForeignKey(
        "billing.BillingAccount", on_delete=models.PROTECT, related_name="all_details"
    )
    version = models.PositiveIntegerField()  # 1, 2, … of its account
    legal_name = models.CharField(max_length=200)
    address = models.TextField()  # its lines
    country = models.CharField(max_length=2)  # ISO 3166
    tax_number = models.CharField(max_length=40, blank=True, db_default="")
    purchase_order = models.CharField(max_length=100, blank=True, db_default="")
    status = models.CharField(max_length=9, choices=Status.choices, default=Status.WAITING)
    said_at = models.DateTimeField()
    said_by = models.CharField(max_length=254)
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.CharField(max_length=254, blank=True, db_default="")
    # The local day of its confirming, from which on tax goes by it.
    confirmed_on = models.DateField(null=True, blank=True)
    told = models.CharField(max_length=500, blank=True, db_default="")  # why it was rejected

    class Meta:
        verbose_name_plural = "billing details"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["account", "version"], name="one_of_billing_details_of_a_version"
            ),
            models.UniqueConstraint(
                fields=["account"],
                condition=Q(status="WAITING"),
                name="one_of_billing_details_waits_per_merchant",
            ),
            models.CheckConstraint(
                condition=Q(country__regex="^[A-Z]{2}$"), name="billing_details_have_a_country"
            ),
            models.CheckConstraint(
                condition=Q(status="WAITING", decided_at__isnull=True)
                | (~Q(status="WAITING") & Q(decided_at__isnull=False)),
                name="billing_details_are_decided_at_an_instant",
            ),
            models.CheckConstraint(
                condition=Q(status="REJECTED", told__gt="") | (~Q(status="REJECTED") & Q(told="")),
                name="billing_details_are_rejected_with_words",
            ),
        ]
        indexes: ClassVar = [
            # The operators' queue.
            models.Index(
                fields=["said_at"], condition=Q(status="WAITING"), name="billing_details_to_confirm"
            ),
        ]
        triggers: ClassVar = [
            pgtrigger.Protect(name="billing_details_are_never_deleted", operation=pgtrigger.Delete),
            erasing.ReadOnly(
                name="billing_details_never_change",
                exclude=["status", "decided_at", "decided_by", "confirmed_on", "told"],
            ),
            erasing.Protect(
                name="billing_details_are_decided_once",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__decided_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.legal_name} ({self.version})"

    @property
    def is_waiting(self) -> bool:
        """Whether it waits for an operator to confirm or reject it."""
        return self.status == self.Status.WAITING

    @property
    def is_confirmed(self) -> bool:
        """Whether an operator confirmed it, also if a later version was confirmed since."""
        return self.status == self.Status.CONFIRMED

    @property
    def is_rejected(self) -> bool:
        """Whether an operator rejected it."""
        return self.status == self.Status.REJECTED

    @property
    def address_lines(self) -> list[str]:
        """The lines of the address, as they are printed."""
        return self.address.split("\n")
