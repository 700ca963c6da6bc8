"""What one unit of a fee costs, from which day on."""

from typing import ClassVar

import pgtrigger
from django.db import models
from django.db.models import Q

from billing.models.fees import Fee
from lib import erasing
from lib.fields import CurrencyField
from merchants.models import Merchant

PRICE_DECIMALS = 6


class FeePrice(models.Model):
    """The price of one unit of a fee from a day on, for everybody or for one merchant.

    It never changes: of two prices from the same day the one introduced later holds.
    """

    fee = models.ForeignKey(Fee, on_delete=models.PROTECT, related_name="prices", db_index=False)
    currency = CurrencyField()
    # Null: for every merchant that has no price of its own.
    merchant = models.ForeignKey(
        Merchant,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
    )
    from_on = models.DateField()  # the first local day of service that it holds for
    # Not rounded; null ends a merchant's own price, and the general one holds again.
    unit_price = models.DecimalField(
        max_digits=24, decimal_places=PRICE_DECIMALS, null=True, blank=True
    )
    introduced_at = models.DateTimeField()
    introduced_by = models.CharField(max_length=254)
    reason = models.CharField(max_length=500)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(unit_price__gte=0), name="fee_price_not_negative"),
            models.CheckConstraint(
                condition=Q(unit_price__isnull=False) | Q(merchant__isnull=False),
                name="only_a_merchants_own_price_can_end",
            ),
        ]
        indexes: ClassVar = [
            # The price in force: the latest one from the day or before it.
            models.Index(
                fields=["fee", "currency", "merchant", "-from_on", "-id"], name="fee_price_history"
            ),
        ]
        triggers: ClassVar = [
            erasing.Protect(
                name="fee_price_is_append_only", operation=pgtrigger.Update | pgtrigger.Delete
            ),
        ]

    def __str__(self) -> str:
        return f"{self.fee_id} {self.currency} from {self.from_on}"
