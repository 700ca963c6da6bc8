"""Payments of bills, and the cards that they are collected from."""

from datetime import datetime
from typing import ClassVar

import pgtrigger
from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from billing import moving_in
from billing.models.accounts import BillingAccount
from billing.models.invoices import Invoice
from lib import erasing
from lib.fields import AmountField, CurrencyField, FormKeyField
from lib.form_keys import one_row_per_form
from lib.texts import LONGEST_WORDS

# Every step an attempt can take.
TRANSITIONS = [
    ("PENDING", "SUCCEEDED"),
    ("PENDING", "FAILED"),
    ("PENDING", "UNKNOWN"),
    ("UNKNOWN", "SUCCEEDED"),
    ("UNKNOWN", "FAILED"),
]

# Card networks as they write themselves; providers name them in codes of their own.
BRANDS = {
    "amex": "American Express",
    "cartes_bancaires": "Cartes Bancaires",
    "diners": "Diners Club",
    "discover": "Discover",
    "eftpos_au": "eftpos",
    "jcb": "JCB",
    "link": "Link",
    "mastercard": "Mastercard",
    "unionpay": "UnionPay",
    "visa": "Visa",
}


class Card(models.Model):
    """A card that a provider collects from. The provider knows the number; we know the
    provider's name for it.
    """

    account = models.ForeignKey(BillingAccount, on_delete=models.PROTECT, related_name="cards")
    provider = models.CharField(max_length=10)
    customer = models.CharField(max_length=200, blank=True)  # the provider's name for the merchant
    token = models.CharField(max_length=200)  # the provider's name for the card
    brand = models.CharField(max_length=40)
    last_four = models.CharField(max_length=4)
    expires_on = models.DateField(null=True, blank=True)  # the last day of its last month
    added_at = models.DateTimeField()
    added_by = models.CharField(max_length=254)
    request_key = FormKeyField()
    removed_at = models.DateTimeField(null=True, blank=True)
    removed_by = models.CharField(max_length=254, blank=True)
    # When our people let nothing be collected from it any more; set once, with its removal.
    blocked_at = models.DateTimeField(null=True, blank=True)
    blocked_by = models.CharField(max_length=254, blank=True, default="", db_default="")
    blocked_reason = models.CharField(  # the merchant reads it
        max_length=LONGEST_WORDS, blank=True, default="", db_default=""
    )

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(blocked_at__isnull=True) | Q(removed_at__isnull=False),
                name="a_blocked_card_is_removed",
            ),
            models.UniqueConstraint(
                fields=["provider", "token"],
                condition=~Q(provider="sandbox"),
                name="one_card_per_provider_and_token",
            ),
            one_row_per_form("account", "one_card_per_submitted_form"),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["account"], condition=Q(removed_at__isnull=True), name="card_in_use"
            ),
        ]
        triggers: ClassVar = [
            pgtrigger.Protect(name="card_is_never_deleted", operation=pgtrigger.Delete),
            erasing.ReadOnly(
                name="card_never_changes",
                exclude=["removed_at", "removed_by", "blocked_at", "blocked_by", "blocked_reason"],
            ),
            erasing.Protect(
                name="card_stays_blocked",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__blocked_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        brand = _("Card") if self.brand == "unknown" else BRANDS.get(self.brand, self.brand)
        return f"{brand} ···· {self.last_four}"

    @property
    def is_blocked(self) -> bool:
        """Whether our people have blocked it; then it is removed, too."""
        return self.blocked_at is not None


class Payment(models.Model):
    """One attempt to collect a bill; the succeeded payments of a paid bill add up to its total."""

    class Status(models.TextChoices):
        PENDING = "PENDING", _("Pending")
        SUCCEEDED = "SUCCEEDED", _("Succeeded")
        FAILED = "FAILED", _("Failed")
        UNKNOWN = "UNKNOWN", _("Being checked")

    class Provider(models.TextChoices):
        """What can pay a bill: the methods that merchants choose from, and money of theirs that we
        hold.
        """

        MANUAL = "manual", _("Bank transfer")
        SANDBOX = "sandbox", _("Sandbox")
        STRIPE = "stripe", _("Card")
        PROCEEDS = "proceeds", _("Proceeds")
        UNAPPLIED = "unapplied", _("Unapplied money")
        CREDIT = "credit", _("Account credit")  # of a closed account; answered by a charge
        MOVED_IN = moving_in.PROVIDER, _("Settled before this bill came to Tael")

    NEVER_RECEIVED = "never_received"  # the failure of what did not reach its provider
    AMOUNT = "amount_not_possible"  # and of what it does not take, whoever asks
    CARD_DISPUTED = "card_disputed"  # and of what was not asked of a card for that reason
    ENDED_BY_US = "ended_by_us"  # and of what a person ended, whose provider says what cannot be
    # Failures that are not the merchant's: by them, no bill counts as failed.
    NOBODYS_FAILURES: ClassVar = (NEVER_RECEIVED, AMOUNT, ENDED_BY_US)
    # Failures after which the bill is not tried automatically, since they would only repeat.
    NOT_TRIED_AGAIN: ClassVar = (AMOUNT, ENDED_BY_US)
    # Providers that are never asked to pay: transfers, and money that we hold already.
    OWN_PROVIDERS: ClassVar = ("manual", "unapplied", "credit", "moved-in")
    # Providers by which no money comes in: it is here already, or never came to Tael.
    NOT_FROM_OUTSIDE: ClassVar = ("unapplied", "credit", "moved-in", "proceeds")

    invoice = models.ForeignKey(Invoice, on_delete=models.PROTECT, related_name="payments")
    attempt = models.PositiveSmallIntegerField()  # 1, 2, … of this bill
    provider = models.CharField(max_length=10)
    card = models.ForeignKey(
        Card, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    actor = models.CharField(max_length=254)  # a job's name, or who paid now or saw the transfer
    idempotency_key = models.CharField(max_length=60, unique=True)  # made from bill and attempt
    provider_reference = models.CharField(max_length=200, blank=True)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.PENDING)
    failure = models.CharField(max_length=200, blank=True)
    # The same card will not do: the next attempt waits for another method.
    is_hard = models.BooleanField(default=False)
    currency = CurrencyField()
    amount = AmountField()
    # The part of its provider's answer that cannot be right, such as another amount; for operators.
    problem = models.CharField(max_length=500, blank=True, default="", db_default="")
    started_at = models.DateTimeField()
    # When it was last made again, under the same key, since its provider had never received it.
    asked_again_at = models.DateTimeField(null=True, blank=True)
    # Who had it made at once by choosing a method; empty where it was due anyway, or paid now.
    chosen_by = models.CharField(max_length=254, blank=True, default="", db_default="")
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["invoice", "attempt"], name="one_payment_per_invoice_and_attempt"
            ),
            models.CheckConstraint(condition=Q(amount__gt=0), name="payment_positive"),
            models.UniqueConstraint(
                fields=["invoice"],
                condition=Q(status__in=["PENDING", "UNKNOWN"]),
                name="one_payment_of_an_invoice_is_under_way",
            ),
            models.UniqueConstraint(
                fields=["invoice", "provider", "provider_reference"],
                condition=Q(status="SUCCEEDED"),
                name="money_pays_an_invoice_once",
            ),
        ]
        indexes: ClassVar = [
            # The provider's own name for it.
            models.Index(
                fields=["provider_reference"],
                condition=Q(provider_reference__gt=""),
                name="payment_by_provider_reference",
            ),
            # The attempts on all bills that were made lately.
            BrinIndex(fields=["started_at"], name="payments_lately", autosummarize=True),
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
            erasing.ReadOnly(
                name="payment_never_changes",
                exclude=[
                    "status",
                    "provider_reference",
                    "failure",
                    "is_hard",
                    "problem",
                    "asked_again_at",
                    "ended_at",
                ],
            ),
            erasing.Protect(
                name="ended_payment_never_changes",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__status__in=["SUCCEEDED", "FAILED"]),
            ),
        ]

    def __str__(self) -> str:
        return self.idempotency_key

    @property
    def provider_name(self) -> str:
        """The provider's name in the reader's language."""
        return str(self.Provider(self.provider).label)

    @property
    def last_asked_at(self) -> datetime:
        """The instant at which its provider was last asked to pay it; when it was only looked up
        does not count.
        """
        return self.asked_again_at or self.started_at

    @property
    def was_tried(self) -> bool:
        """Whether a provider was to collect it: a card's, the sandbox or the merchant's proceeds. A
        transfer, unapplied money, a credit and what was settled before Tael are not tried.
        """
        return self.provider not in self.OWN_PROVIDERS

    @property
    def has_failed(self) -> bool:
        """Whether it is FAILED, also by what is not the merchant's fault (NOBODYS_FAILURES)."""
        return self.status == self.Status.FAILED

    @property
    def is_from_proceeds(self) -> bool:
        """Return whether the payment has succeeded and came out of the merchant's proceeds. It
        may have paid its bill or a part of it. An attempt that has failed, or has no answer
        yet, does not count.
        """
        return self.status == self.Status.SUCCEEDED and self.provider == self.Provider.PROCEEDS

    @property
    def is_undecided(self) -> bool:
        """Whether it has no answer yet: it is PENDING or UNKNOWN."""
        return self.status in (self.Status.PENDING, self.Status.UNKNOWN)
