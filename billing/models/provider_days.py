"""What a payment provider says that it took on a day, beside what we have of it."""

from typing import ClassVar

from django.db import models

from lib.fields import AmountField, CurrencyField, currency_never_changes


class ProviderDay(models.Model):
    """What a provider says that it took for us on a day, in UTC, beside what we have of it. A job
    writes it, and again while the day is among the last few, so that pages ask nobody.
    """

    provider = models.CharField(max_length=20)
    day = models.DateField()
    currency = CurrencyField()
    count = models.PositiveIntegerField()  # of the payments that succeeded there
    amount = AmountField()  # of these
    known_count = models.PositiveIntegerField()  # of our payments of that day that succeeded
    known_amount = AmountField()  # of these
    # The payments of which the two say different things, a list: "reference" there or here,
    # "what" is different, and the amounts "there" and "here" (or ""), all text.
    differences = models.JSONField(default=list)
    looked_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["provider", "day", "currency"], name="one_figure_per_provider_and_day"
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["currency", "day"], name="provider_days")]
        triggers: ClassVar = [currency_never_changes("provider_day")]

    def __str__(self) -> str:
        return f"{self.provider} {self.day} {self.currency}"
