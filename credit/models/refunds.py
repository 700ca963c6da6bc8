"""Refunds to the buyers of orders."""

from typing import ClassVar

import pgtrigger
from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import F, Q

from credit.models.lines import CreditLine
from credit.models.orders import Order
from lib.fields import AmountField, CurrencyField, ReferenceField


class OrderRefund(models.Model):
    """Money given back to a buyer, split by where it came from. A row never changes."""

    line = models.ForeignKey(CreditLine, on_delete=models.PROTECT, related_name="refunds")
    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="refunds")
    reference = ReferenceField()
    currency = CurrencyField()
    amount = AmountField()
    from_outstanding = AmountField()  # what the buyer then no longer owed
    from_written_off = AmountField()  # what nobody expected any more
    from_proceeds = AmountField()  # what the merchant had earned
    at = models.DateTimeField()  # when it was given, as it was said
    arrived_at = models.DateTimeField()  # when we were told

    class Meta:
        indexes: ClassVar = [
            # Days of the operators' list.
            BrinIndex(fields=["at"], name="order_refunds_lately", autosummarize=True),
            # One merchant's refunds, latest first, and their sums by month.
            models.Index(fields=["line", "-arrived_at", "-id"], name="order_refund_history"),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["line", "reference"], name="one_refund_per_merchant_and_reference"
            ),
            models.CheckConstraint(condition=Q(amount__gt=0), name="order_refund_positive"),
            models.CheckConstraint(
                condition=Q(
                    amount=F("from_outstanding") + F("from_written_off") + F("from_proceeds")
                ),
                name="order_refund_came_from_somewhere",
            ),
        ]
        triggers: ClassVar = [
            pgtrigger.Protect(
                name="order_refund_is_append_only",
                operation=pgtrigger.Update | pgtrigger.Delete,
            ),
        ]

    def __str__(self) -> str:
        return str(self.reference)
