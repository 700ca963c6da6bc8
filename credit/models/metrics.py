"""What the platform measured of a shop."""

from typing import ClassVar

from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import Q

from credit.models.lines import CreditLine


class ShopMetrics(models.Model):
    """The figures that the platform measured of a shop at an instant."""

    line = models.ForeignKey(CreditLine, on_delete=models.PROTECT, related_name="metrics")
    rating = models.DecimalField(max_digits=6, decimal_places=4)  # 0 to 5 stars
    # These three are marks from 0 to 100.
    listing_quality = models.DecimalField(
        max_digits=7, decimal_places=4, validators=[MaxValueValidator(100)]
    )
    profile_completeness = models.DecimalField(
        max_digits=7, decimal_places=4, validators=[MaxValueValidator(100)]
    )
    after_sales = models.DecimalField(
        max_digits=7, decimal_places=4, validators=[MaxValueValidator(100)]
    )
    at = models.DateTimeField()  # when it was measured, as the platform said
    arrived_at = models.DateTimeField()  # when we were told; reviews from then on know of it

    class Meta:
        verbose_name_plural = "shop metrics"
        constraints: ClassVar = [
            # Also gives the latest of those that had arrived.
            models.UniqueConstraint(
                fields=["line", "at"], name="one_report_of_metrics_per_merchant_and_instant"
            ),
            models.CheckConstraint(
                condition=Q(rating__range=(0, 5)), name="rating_between_0_and_5"
            ),
            models.CheckConstraint(
                condition=Q(listing_quality__range=(0, 100))
                & Q(profile_completeness__range=(0, 100))
                & Q(after_sales__range=(0, 100)),
                name="marks_between_0_and_100",
            ),
        ]

    def __str__(self) -> str:
        return f"Metrics #{self.pk}"
