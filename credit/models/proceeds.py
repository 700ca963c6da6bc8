"""The entries of a merchant's proceeds."""

from typing import ClassVar

import pgtrigger
from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from credit.models.corrections import ProceedsCorrection
from credit.models.lines import CreditLine
from credit.models.orders import Order, OrderPayment
from credit.models.refunds import OrderRefund
from credit.models.settlements import UnmatchedSettlement
from credit.models.withdrawals import Withdrawal
from lib.fields import AmountField, CurrencyField
from merchants import installation

OF_WITHDRAWALS = ["WITHDRAWAL", "FEE", "RETURNED", "TAKEN_AGAIN", "SENT_BACK"]


class ProceedsEntry(models.Model):
    class Kind(models.TextChoices):
        SALE = "SALE", _("Sale")
        REFUND = "REFUND", _("Refund")
        WITHDRAWAL = "WITHDRAWAL", pgettext_lazy("entry", "Withdrawal")
        FEE = "FEE", _("Withdrawal fee")
        RETURNED = "RETURNED", _("Returned withdrawal")
        TAKEN_AGAIN = "TAKEN_AGAIN", _("Withdrawal that was paid after all")
        SENT_BACK = "SENT_BACK", _("Withdrawal sent back by the bank")
        BILL_PAYMENT = "BILL_PAYMENT", _("Bill payment")
        RELEASED = "RELEASED", _("Released payment")
        OPENING = "OPENING", _("Opening balance")
        CORRECTION = "CORRECTION", _("Correction by our team")

    line = models.ForeignKey(CreditLine, on_delete=models.PROTECT, related_name="proceeds_entries")
    kind = models.CharField(max_length=12, choices=Kind.choices)
    currency = CurrencyField()
    amount = AmountField()  # signed: what the entry adds to the balance
    order = models.ForeignKey(Order, on_delete=models.PROTECT, null=True, blank=True)
    payment = models.OneToOneField(
        OrderPayment, on_delete=models.PROTECT, null=True, blank=True, related_name="sale"
    )
    # The local day from which it counts as withdrawable. A REFUND has the day of the SALE that it
    # takes from, so that what is still maturing is one sum over the days to come.
    matures_on = models.DateField(null=True, blank=True)
    sale = models.ForeignKey(  # what a REFUND takes from; none when it comes from the rest
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="taken_back"
    )
    refund = models.ForeignKey(
        OrderRefund, on_delete=models.PROTECT, null=True, blank=True, related_name="entries"
    )
    withdrawal = models.ForeignKey(
        Withdrawal, on_delete=models.PROTECT, null=True, blank=True, related_name="entries"
    )
    # The decision by which cash is RELEASED; `order` is the one that could not take the cash.
    settlement = models.OneToOneField(
        UnmatchedSettlement,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="entry",
    )
    correction = models.OneToOneField(
        ProceedsCorrection,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="entry",
    )
    # The idempotency key of the bill's payment that a BILL_PAYMENT made.
    bill_payment = models.CharField(max_length=60, blank=True)
    at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "proceeds entries"
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(kind="SALE", amount__gt=0, matures_on__isnull=False)
                | Q(kind__in=["RETURNED", "SENT_BACK", "RELEASED"], amount__gt=0)
                # The merchant may have owed where it comes from.
                | Q(kind="OPENING", amount__gt=0)
                | Q(kind="OPENING", amount__lt=0, matures_on__isnull=True)
                # Both ways, and has matured at once.
                | (Q(kind="CORRECTION", matures_on__isnull=True) & ~Q(amount=0))
                | Q(
                    kind__in=["REFUND", "WITHDRAWAL", "FEE", "TAKEN_AGAIN", "BILL_PAYMENT"],
                    amount__lt=0,
                ),
                name="proceeds_entry_has_the_sign_of_its_kind",
            ),
            models.CheckConstraint(
                condition=Q(kind__in=OF_WITHDRAWALS, withdrawal__isnull=False)
                | (~Q(kind__in=OF_WITHDRAWALS) & Q(withdrawal__isnull=True)),
                name="proceeds_entry_has_a_withdrawal_exactly_when_it_is_of_one",
            ),
            models.CheckConstraint(
                condition=Q(kind="RELEASED", settlement__isnull=False)
                | (~Q(kind="RELEASED") & Q(settlement__isnull=True)),
                name="proceeds_entry_has_a_settlement_exactly_when_released",
            ),
            models.CheckConstraint(
                condition=Q(kind="CORRECTION", correction__isnull=False)
                | (~Q(kind="CORRECTION") & Q(correction__isnull=True)),
                name="proceeds_entry_has_a_correction_exactly_when_it_is_one",
            ),
            models.CheckConstraint(
                condition=Q(kind="BILL_PAYMENT", bill_payment__gt="")
                | (~Q(kind="BILL_PAYMENT") & Q(bill_payment="")),
                name="proceeds_entry_has_a_bill_payment_exactly_when_it_is_one",
            ),
            models.UniqueConstraint(
                fields=["bill_payment"],
                condition=Q(bill_payment__gt=""),
                name="bill_payment_is_debited_once",
            ),
            models.UniqueConstraint(
                fields=["withdrawal", "kind"],
                name="withdrawal_is_debited_once_and_returned_at_most_once",
            ),
        ]
        indexes: ClassVar = [
            # Days of the operators' list.
            BrinIndex(fields=["at"], name="proceeds_lately", autosummarize=True),
            # The proceeds page, newest first; and what has come since an entry, without reading the
            # table (credit.queries.paid_out).
            models.Index(fields=["line", "-id"], include=["amount"], name="proceeds_history"),
            # The sum of what is still maturing, over the days to come; after a vacuum without
            # reading the table. And a day's entries, newest first.
            models.Index(
                fields=["line", "matures_on", "-id"],
                include=["amount"],
                condition=Q(matures_on__isnull=False),
                name="proceeds_maturing",
            ),
            # Sums of sales less refunds, for reviews.
            models.Index(
                fields=["line", "at"],
                include=["amount"],
                condition=Q(kind__in=["SALE", "REFUND"]),
                name="proceeds_of_trade",
            ),
            # The proceeds page filtered by one of the rare kinds, which are all but sales.
            models.Index(
                fields=["line", "kind", "-id"],
                condition=Q(
                    kind__in=[
                        *("REFUND", *OF_WITHDRAWALS, "BILL_PAYMENT", "RELEASED", "OPENING"),
                        "CORRECTION",
                    ]
                ),
                name="proceeds_history_by_kind",
            ),
            models.Index(
                fields=["order"], name="proceeds_by_order"
            ),  # an order's timeline and refunds
        ]
        triggers: ClassVar = [
            pgtrigger.Protect(
                name="proceeds_entry_is_append_only",
                operation=pgtrigger.Update | pgtrigger.Delete,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} #{self.pk}"

    @property
    def invoice(self) -> str:
        """The number of the invoice that a BILL_PAYMENT paid, without the installation's prefix,
        taken from the payment's key; empty for other entries.
        """
        return paid_by(self.bill_payment)[0]


def paid_by(key: str) -> tuple[str, int]:
    """(the number of the invoice, without the installation's prefix; which attempt to collect it
    this was, from 1) for the key of a payment of an invoice; ("", 0) for no key.

    The key is the installation's prefix, the number, which may begin with the mark of its cell and
    the prefix of its issuer, and the attempt.
    """
    if not key:
        return "", 0
    number, _dash, attempt = installation.inside_of_any(key).rpartition("-")
    return number, int(attempt)
