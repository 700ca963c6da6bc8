"""Unapplied money: the entries of an account's money that no bill wanted."""

from typing import ClassVar

import pgtrigger
from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import Q
from django.utils.translation import pgettext_lazy

from billing.models.accounts import BillingAccount
from billing.models.payments import Payment
from lib import erasing
from lib.fields import AmountField, CurrencyField


class UnappliedEntry(models.Model):
    """A change of an account's unapplied money: money that came in, was used for a bill, was given
    back, was taken back, or turned out to belong elsewhere.

    The sum of an account's entries is its `unapplied`.
    """

    class Kind(models.TextChoices):
        RECEIVED = "RECEIVED", pgettext_lazy("money", "Received")
        USED = "USED", pgettext_lazy("money", "Used for a bill")
        GIVEN_BACK = "GIVEN_BACK", pgettext_lazy("money", "Given back")
        REVERSED = "REVERSED", pgettext_lazy("money", "Taken back")
        MOVED = "MOVED", pgettext_lazy("money", "Booked elsewhere")

    # How merchants are told of what is MOVED, where the money had been recorded and never came.
    NEVER_CAME: ClassVar[str] = "NEVER_CAME"

    account = models.ForeignKey(
        BillingAccount, on_delete=models.PROTECT, related_name="unapplied_entries"
    )
    kind = models.CharField(max_length=10, choices=Kind.choices)
    # What it is about, once for each kind. RECEIVED: `transfer:` and the bank's reference (where it
    # was recorded a second time after the first was booked elsewhere, `transfer 2:`);
    # `attempt:`, its key and the provider's reference; or `returned:` and the provider's id of a
    # reversal that came back. USED: `payment:` and its key. GIVEN_BACK: `given back:` and the
    # bank's reference. REVERSED: `reversal:` and the provider's id of it. MOVED: `moved:` and the
    # key of the transfer.
    source = models.CharField(max_length=300)
    # The attempt whose money came when it was not expected any more, or the payment that this made.
    payment = models.ForeignKey(
        Payment, on_delete=models.PROTECT, null=True, blank=True, related_name="unapplied_entries"
    )
    reference = models.CharField(max_length=200, blank=True)  # the bank's or the provider's own
    currency = CurrencyField()
    amount = AmountField()  # signed: what came is more than 0, what went is less
    balance = AmountField()  # of the account, after it
    actor = models.CharField(max_length=254)
    reason = models.CharField(max_length=500, blank=True)  # written for colleagues
    at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "unapplied entries"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["account", "kind", "source"], name="one_unapplied_entry_per_source"
            ),
            models.CheckConstraint(
                condition=Q(kind="RECEIVED", amount__gt=0)
                | (~Q(kind="RECEIVED") & Q(amount__lt=0)),
                name="unapplied_money_comes_or_goes_as_its_kind_says",
            ),
            models.CheckConstraint(
                condition=Q(balance__gte=0), name="unapplied_balance_not_negative"
            ),
            models.CheckConstraint(
                condition=~Q(kind="USED") | Q(payment__isnull=False),
                name="used_money_made_a_payment",
            ),
            models.UniqueConstraint(
                fields=["payment"], condition=Q(kind="USED"), name="one_payment_of_used_money"
            ),
        ]
        indexes: ClassVar = [
            # Days of the operators' list.
            BrinIndex(fields=["at"], name="unapplied_lately", autosummarize=True),
            models.Index(fields=["account", "-id"], name="unapplied_history"),
            models.Index(
                fields=["reference"], condition=Q(reference__gt=""), name="unapplied_by_reference"
            ),
        ]
        triggers: ClassVar = [
            erasing.Protect(
                name="unapplied_entry_is_append_only",
                operation=pgtrigger.Update | pgtrigger.Delete,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} #{self.pk}"

    @property
    def is_known_by_its_reference(self) -> bool:
        """Whether the merchant can recognise it by its reference, as money that came in, was given
        back, or had come for somebody else.
        """
        return self.kind in (self.Kind.RECEIVED, self.Kind.GIVEN_BACK, self.Kind.MOVED)
