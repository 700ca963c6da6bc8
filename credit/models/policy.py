"""The figures of the credit rules, by currency and from which day on."""

from decimal import Decimal
from typing import ClassVar

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q

from credit import policy_bounds
from lib.fields import AmountField
from merchants.models.policies import PolicyVersion, unchanging, versions


def _figure(default: str, **limits: int) -> models.DecimalField:
    """A decimal column with this default, of 8 digits and 4 decimals unless `digits` or `decimals`
    say otherwise.
    """
    return models.DecimalField(
        max_digits=limits.get("digits", 8),
        decimal_places=limits.get("decimals", 4),
        default=Decimal(default),
    )


class CreditPolicy(PolicyVersion):
    """The figures of the credit rules for one currency, in force from a day on."""

    # The most points that each factor gives to a score of 100.
    rating_weight = _figure("30")
    volume_weight = _figure("25")
    listing_weight = _figure("15")
    profile_weight = _figure("15")
    after_sales_weight = _figure("15")
    rating_floor = _figure("4.0")  # stars that give nothing
    rating_span = _figure("0.8")  # stars from nothing to everything
    volume_multiple = _figure("3")  # of the limit, paid within `paid_days`, gives everything
    paid_days = models.PositiveIntegerField(default=90)  # local days before the review

    # The lowest score of each grade, and the factor by which the grade multiplies the limit.
    a_from = _figure("80")
    b_from = _figure("65")
    c_from = _figure("50")
    a_factor = _figure("2")
    b_factor = _figure("1.5")
    d_factor = _figure("0.75")
    step = AmountField(default=Decimal(100))  # new limits are whole multiples of it
    maximum_limit = AmountField(default=Decimal(100_000))  # no review raises above
    minimum_limit = AmountField(default=Decimal(1_000))  # no review cuts below
    automatic_up_to = AmountField(default=Decimal(20_000))  # raises above wait for an operator

    overdue_ratio = _figure("0.20")  # of the limit; this much overdue freezes the line
    write_off_days = models.PositiveIntegerField(default=90)  # after the oldest unpaid due date
    payment_days = models.PositiveIntegerField(default=10)  # of a line that is opened without

    withdrawal_fee_percent = _figure("0")
    withdrawal_fee_fixed = AmountField(default=Decimal(0))
    free_withdrawals_a_month = models.PositiveIntegerField(default=0)
    # Withdrawals above need the approval of a second person.
    approval_above = AmountField(default=Decimal(10_000))

    class Meta:
        verbose_name_plural = "credit policies"
        constraints: ClassVar = [
            *versions("policy"),
            models.CheckConstraint(
                condition=Q(
                    rating_weight=100
                    - F("volume_weight")
                    - F("listing_weight")
                    - F("profile_weight")
                    - F("after_sales_weight")
                ),
                name="policy_weights_add_up_to_100",
            ),
            models.CheckConstraint(
                condition=Q(a_from__gte=F("b_from")) & Q(b_from__gte=F("c_from")),
                name="policy_grades_in_order",
            ),
            models.CheckConstraint(
                condition=Q(rating_span__gt=0)
                & Q(volume_multiple__gt=0)
                & Q(step__gt=0)
                & Q(minimum_limit__gte=0)
                & Q(minimum_limit__lte=F("maximum_limit"))
                & Q(a_factor__gte=F("b_factor"))
                & Q(b_factor__gte=1)
                & Q(d_factor__range=(0, 1))
                & Q(overdue_ratio__gt=0)
                & Q(withdrawal_fee_percent__range=(0, 100))
                & Q(withdrawal_fee_fixed__gte=0),
                name="policy_figures_within_reason",
            ),
        ]
        triggers: ClassVar = unchanging("policy")

    def clean(self) -> None:
        """Raise ValidationError, by the figures' names, for figures that are out of their bounds or
        do not go together.
        """
        errors: dict[str, list[str]] = {}
        for name, why in policy_bounds.faults(dict(self.figures)):
            errors.setdefault(name, []).append(why)
        if errors:
            raise ValidationError(errors)

    @property
    def holds_reviews(self) -> bool:
        """Whether limits are reviewed by this policy. It is False for the default figures of a
        currency that has no policy of its own, which are never saved.
        """
        return self.version > 0
