"""What a payment provider paid out to our bank, row by row, and where our books differ from it."""

from typing import ClassVar

import pgtrigger
from django.db import models
from django.db.models import F, Q

from billing.models.accounts import BillingAccount
from billing.models.payments import Payment
from billing.models.reversals import Reversal
from lib import erasing
from lib.fields import AmountField, CurrencyField, currency_never_changes
from lib.texts import LONGEST_WORDS
from merchants.models import Merchant


class ProviderPayout(models.Model):
    """A sum that a provider sent to our bank, or took from it (below 0), as it stands there now."""

    provider = models.CharField(max_length=10)
    reference = models.CharField(max_length=200)  # the provider's own
    state = models.CharField(max_length=40)  # what it last said of it, in its own word
    # Whether it says what is in it: it does not of those that people ordered there.
    has_movements = models.BooleanField()
    currency = CurrencyField()
    amount = AmountField()
    # The sums of its movements; `net` is what it should be.
    gross = AmountField()
    fee = AmountField()
    net = AmountField()
    count = models.PositiveIntegerField(verbose_name="rows")
    made_at = models.DateTimeField()  # by the provider's clock
    arrives_on = models.DateField()  # when it is, or was to be, at our bank
    recorded_at = models.DateTimeField()
    looked_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["provider", "reference"], name="one_payout_per_provider_reference"
            ),
            models.CheckConstraint(
                condition=Q(net=F("gross") - F("fee")),
                name="payout_movements_are_gross_less_fees",
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["-made_at", "-id"], name="payouts_by_age")]
        triggers: ClassVar = [
            pgtrigger.Protect(name="provider_payout_is_never_deleted", operation=pgtrigger.Delete),
            erasing.ReadOnly(
                name="provider_payout_never_changes",
                fields=["provider", "reference", "has_movements", "amount", "made_at",
                        "recorded_at"],
            ),
            currency_never_changes("provider_payout"),
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.reference


class ProviderMovement(models.Model):
    """A row of a payout: what it has of a payment, of money that was taken back, of a fee, or of
    something else; append-only.
    """

    class Kind(models.TextChoices):
        PAYMENT = "PAYMENT", "Payment"
        REFUND = "REFUND", "Refund"
        DISPUTE = "DISPUTE", "Dispute"
        FEE = "FEE", "Fee"
        OTHER = "OTHER", "Other"

    payout = models.ForeignKey(ProviderPayout, on_delete=models.PROTECT, related_name="movements")
    reference = models.CharField(max_length=200)  # the provider's own, of the movement
    kind = models.CharField(max_length=7, choices=Kind.choices)
    # The provider's names for it, for what it is of, and for the money that this was of; and the
    # key that we had given that money, or that somebody else who shares the account had.
    description = models.CharField(max_length=200, blank=True)
    source = models.CharField(max_length=200, blank=True)
    money_reference = models.CharField(max_length=200, blank=True)
    key = models.CharField(max_length=200, blank=True)
    # The amount that was asked for or taken back, with its currency, before it was changed into
    # that of the payout: "250.00 USD"; "" for fees.
    asked = models.CharField(max_length=60, blank=True)
    # Whose money it is, as far as it is one of our merchants'.
    account = models.ForeignKey(BillingAccount, on_delete=models.PROTECT, null=True, blank=True)
    payment = models.ForeignKey(
        Payment, on_delete=models.PROTECT, null=True, blank=True, related_name="movements"
    )
    reversal = models.ForeignKey(
        Reversal, on_delete=models.PROTECT, null=True, blank=True, related_name="movements"
    )
    currency = CurrencyField()
    gross = AmountField()  # below 0 for what left
    fee = AmountField()
    net = AmountField()
    made_at = models.DateTimeField()  # by the provider's clock
    recorded_at = models.DateTimeField()
    # When its payout was found to be paid, and it became an entry of the journal; null: not yet, or
    # never, where it is no merchant's or not in the currency of its payment.
    entered_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["payout", "reference"], name="one_row_of_a_payout_per_movement"
            ),
            models.UniqueConstraint(
                fields=["payment"],
                condition=Q(kind="PAYMENT"),
                name="a_payment_is_in_one_payout_once",
            ),
            models.CheckConstraint(
                condition=Q(net=F("gross") - F("fee")), name="movement_is_gross_less_fee"
            ),
            models.CheckConstraint(
                condition=Q(entered_at__isnull=True) | Q(account__isnull=False),
                name="movement_of_no_merchant_is_no_entry",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["source"], name="movement_by_source"),
            models.Index(fields=["reference"], name="movement_by_reference"),
        ]
        triggers: ClassVar = [
            pgtrigger.Protect(
                name="provider_movement_is_never_deleted", operation=pgtrigger.Delete
            ),
            erasing.ReadOnly(
                name="provider_movement_never_changes",
                exclude=["account", "payment", "reversal", "entered_at"],
            ),
            pgtrigger.Protect(
                name="provider_movement_is_entered_once",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__entered_at__isnull=False),
            ),
            currency_never_changes("provider_movement"),
        ]

    def __str__(self) -> str:
        return self.reference


class ProviderDifference(models.Model):
    """Something of which a provider's payouts and our books say different things. It ends by
    itself, once a later look finds that they agree. Until then it waits for an operator, who may
    say why it is well so; it waits again if other figures are found.
    """

    class Kind(models.TextChoices):
        NOT_HERE = "NOT_HERE", "Not known here"
        NOT_THERE = "NOT_THERE", "In no payout"
        ANOTHER_AMOUNT = "AMOUNT", "Another amount"
        ANOTHER_CURRENCY = "CURRENCY", "Paid out in another currency"
        TWICE = "TWICE", "A second time"
        SUM = "SUM", "The payout is not the sum of its rows"
        FAILED = "FAILED", "The payout did not arrive"

    provider = models.CharField(max_length=10)
    kind = models.CharField(max_length=10, choices=Kind.choices)
    reference = models.CharField(max_length=200)  # of the movement, payout or payment
    payout = models.ForeignKey(
        ProviderPayout, on_delete=models.PROTECT, null=True, blank=True, related_name="differences"
    )
    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, null=True, blank=True)
    there = models.CharField(max_length=60, blank=True)  # an amount with its currency
    here = models.CharField(max_length=60, blank=True)
    found_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    # Who said that it may stay so, with these figures, when, and why.
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by = models.CharField(max_length=254, blank=True, default="", db_default="")
    reason = models.CharField(max_length=LONGEST_WORDS, blank=True, default="", db_default="")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["provider", "kind", "reference"],
                condition=Q(ended_at__isnull=True),
                name="one_open_difference_per_reference",
            ),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True) | Q(ended_at__gte=F("found_at")),
                name="difference_ends_after_it_was_found",
            ),
            models.CheckConstraint(
                condition=Q(closed_at__isnull=True, closed_by="", reason="")
                | Q(closed_at__gte=F("found_at"), closed_by__gt="", reason__gt=""),
                name="difference_is_closed_by_somebody_with_a_reason",
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["found_at"],
                condition=Q(ended_at__isnull=True, closed_at__isnull=True),
                name="differences_to_decide",
            ),
        ]
        triggers: ClassVar = [
            pgtrigger.Protect(
                name="provider_difference_is_never_deleted", operation=pgtrigger.Delete
            ),
            erasing.ReadOnly(
                name="provider_difference_never_changes",
                exclude=["there", "here", "ended_at", "closed_at", "closed_by", "reason"],
            ),
            erasing.Protect(
                name="provider_difference_ends_once",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__ended_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.reference}"

    @property
    def is_open(self) -> bool:
        """Whether it waits for an operator: it has not ended, and nobody has closed it."""
        return self.ended_at is None and self.closed_at is None

    @property
    def owner(self) -> Merchant | None:
        """The merchant whose payment it is about; None for one about a payout as a whole, or about
        money of which no payment is known here.
        """
        return self.payment.invoice.account.merchant if self.payment else None
