"""UNMATCHED cash as operators settle it, and payments and refunds that were refused."""

from decimal import Decimal
from typing import ClassVar

import pgtrigger
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from credit.models.lines import CreditLine
from credit.models.orders import Order, OrderPayment
from lib import erasing
from lib.fields import AmountField, CurrencyField, ReferenceField


class UnmatchedSettlement(models.Model):
    """An operator's decision about UNMATCHED cash, or about a part of it. A row never changes."""

    class Kind(models.TextChoices):
        APPLIED = "APPLIED", _("Applied to another order")
        RELEASED = "RELEASED", _("Released to your proceeds")
        RETURNED = "RETURNED", _("Returned to the buyer")

    line = models.ForeignKey(CreditLine, on_delete=models.PROTECT, related_name="settlements")
    payment = models.ForeignKey(
        OrderPayment, on_delete=models.PROTECT, related_name="settlements"
    )  # the UNMATCHED cash
    kind = models.CharField(max_length=10, choices=Kind.choices)
    currency = CurrencyField()
    amount = AmountField()
    # The order that an APPLIED part paid.
    order = models.ForeignKey(
        Order, on_delete=models.PROTECT, null=True, blank=True, related_name="settlements"
    )
    reference = models.CharField(max_length=100, blank=True)  # the bank's, of a RETURNED part
    reason = models.CharField(max_length=500)
    actor = models.CharField(max_length=254)
    at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="settlement_positive"),
            models.CheckConstraint(
                condition=Q(kind="APPLIED", order__isnull=False)
                | (~Q(kind="APPLIED") & Q(order__isnull=True)),
                name="settlement_has_an_order_exactly_when_applied",
            ),
            models.CheckConstraint(
                condition=Q(kind="RETURNED", reference__gt="")
                | (~Q(kind="RETURNED") & Q(reference="")),
                name="settlement_has_a_reference_exactly_when_returned",
            ),
            models.CheckConstraint(condition=Q(reason__gt=""), name="settlement_has_a_reason"),
        ]
        triggers: ClassVar = [
            erasing.Protect(
                name="settlement_is_append_only",
                operation=pgtrigger.Update | pgtrigger.Delete,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} #{self.pk}"


class RefusedCash(models.Model):
    """A payment or refund that was refused although it may have moved money.

    Its reference is not used up: the row waits until the platform sends the reference again or an
    operator closes it.
    """

    class Kind(models.TextChoices):
        PAYMENT = "PAYMENT", "Payment"
        REFUND = "REFUND", "Refund"

    class Status(models.TextChoices):
        OPEN = "OPEN", "Waits"
        TAKEN = "TAKEN", "Came again and was taken"
        CLOSED = "CLOSED", "Closed by an operator"

    line = models.ForeignKey(CreditLine, on_delete=models.PROTECT, related_name="refused_cash")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    reference = ReferenceField()
    # As it was sent the last time; the currency or the order may be unknown to us.
    order_reference = ReferenceField()
    currency = CurrencyField()
    amount = models.DecimalField(max_digits=36, decimal_places=12)  # as it was sent, never rounded
    said_at = models.DateTimeField()
    code = models.CharField(max_length=20)  # why it was refused, and in words
    sentence = models.CharField(max_length=500)
    arrived_at = models.DateTimeField()  # the first time
    last_arrived_at = models.DateTimeField()
    times = models.PositiveIntegerField(default=1)  # it was refused while it waits
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.OPEN)
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.CharField(max_length=254, blank=True)  # who closed it
    reason = models.CharField(max_length=500, blank=True)  # why it was closed

    class Meta:
        verbose_name_plural = "refused cash"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["line", "kind", "reference"],
                condition=Q(status="OPEN"),
                name="refused_cash_waits_once_per_reference",
            ),
            models.CheckConstraint(
                condition=Q(status="OPEN", ended_at__isnull=True)
                | (~Q(status="OPEN") & Q(ended_at__isnull=False)),
                name="refused_cash_has_an_end_exactly_when_it_waits_no_more",
            ),
            models.CheckConstraint(
                condition=Q(status="CLOSED", reason__gt="", ended_by__gt="")
                | (~Q(status="CLOSED") & Q(reason="", ended_by="")),
                name="refused_cash_has_a_reason_exactly_when_closed",
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["arrived_at"], condition=Q(status="OPEN"), name="refused_cash_waiting"
            ),
        ]
        triggers: ClassVar = [
            pgtrigger.Protect(name="refused_cash_is_never_deleted", operation=pgtrigger.Delete),
            pgtrigger.FSM(
                name="refused_cash_ends_once",
                field="status",
                transitions=[("OPEN", "TAKEN"), ("OPEN", "CLOSED")],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.reference}"

    @property
    def plain_amount(self) -> Decimal:
        """The amount as it was sent, without trailing zeros. As a text it may have an exponent
        (1E+2), unless it is formatted with "f".
        """
        return self.amount.normalize()
