from datetime import date
from decimal import Decimal
from typing import ClassVar

import pgtrigger
from django.db import models
from django.db.models import F, Q
from moneyed import Money

from lib.fields import AmountField, CurrencyField
from merchants.models.merchants import Merchant
from merchants.models.proposals import Proposal

PRICE_DECIMALS = 6


class What(models.TextChoices):
    """What an operator's decision is about, of which a policy says how far one person goes."""

    LIMIT = "LIMIT", "Limit"
    THRESHOLD = "THRESHOLD", "Threshold"
    CREDIT = "CREDIT", "Credit"
    PAY_OUT = "PAY_OUT", "Pay-out"
    PRICE = "PRICE", "Price"


class PolicyVersion(models.Model):
    """A version of a policy of one currency, in force from a local day on.

    A version never changes, so that what was decided by it can always be explained by it; other
    figures are a new version that starts on a later day. It can be withdrawn before it starts.
    """

    currency = CurrencyField()
    version = models.PositiveIntegerField()  # 1, 2, … of its currency
    starts_on = models.DateField()  # the first local day decided by it
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    withdrawn_by = models.CharField(max_length=254, blank=True)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.currency} {self.version}"

    @classmethod
    def figure_names(cls) -> list[str]:
        """The names of the columns that are its figures."""
        own = {"id", *(field.name for field in PolicyVersion._meta.get_fields())}
        return [field.name for field in cls._meta.concrete_fields if field.name not in own]

    def figure(self, name: str) -> Decimal | int:
        """One of its numbers as a bare figure, which of an amount is in its currency."""
        number: Money | Decimal | int = getattr(self, name)
        return number.amount if isinstance(number, Money) else number

    def may_be_withdrawn(self, today: date) -> bool:
        """Whether it has not started anywhere: `today` is the day where days begin first."""
        return self.withdrawn_at is None and today < self.starts_on


def versions(name: str) -> list[models.BaseConstraint]:
    """The constraints of the versions of the policy that is called `name` in their names."""
    return [
        models.UniqueConstraint(
            fields=["currency", "version"], name=f"one_{name}_per_currency_and_version"
        ),
        models.UniqueConstraint(
            fields=["currency", "starts_on"],
            condition=Q(withdrawn_at__isnull=True),
            name=f"one_{name}_per_currency_and_day",
        ),
        models.CheckConstraint(
            condition=Q(withdrawn_at__isnull=True, withdrawn_by="")
            | (Q(withdrawn_at__date__lt=F("starts_on")) & ~Q(withdrawn_by="")),
            name=f"{name}_is_withdrawn_before_it_starts",
        ),
    ]


def unchanging(name: str) -> list[pgtrigger.Trigger]:
    """The triggers that keep the versions of that policy as they are; each can be withdrawn
    once.
    """
    return [
        pgtrigger.Protect(name=f"{name}_version_is_never_deleted", operation=pgtrigger.Delete),
        pgtrigger.ReadOnly(
            name=f"{name}_version_never_changes", exclude=["withdrawn_at", "withdrawn_by"]
        ),
        pgtrigger.Protect(
            name=f"{name}_version_is_withdrawn_once",
            operation=pgtrigger.Update,
            condition=pgtrigger.Q(old__withdrawn_at__isnull=False),
        ),
    ]


class OperatorPolicy(PolicyVersion):
    """How far one operator goes alone, in one currency: what is above takes a second person.

    Credits and pay-outs count by their sum of a merchant and local day. In a currency without a
    policy all of these decisions take two people.
    """

    threshold_up_to = AmountField()
    credits_up_to = AmountField()
    pay_outs_up_to = AmountField()
    # Of a unit; not rounded, like prices.
    price_up_to = models.DecimalField(max_digits=24, decimal_places=PRICE_DECIMALS)

    class Meta:
        verbose_name_plural = "operator policies"
        constraints: ClassVar = [
            *versions("operator_policy"),
            models.CheckConstraint(
                condition=Q(
                    threshold_up_to__gte=0,
                    credits_up_to__gte=0,
                    pay_outs_up_to__gte=0,
                    price_up_to__gte=0,
                ),
                name="operator_policy_figures_not_negative",
            ),
        ]
        triggers: ClassVar = unchanging("operator_policy")


FIGURES = {
    What.THRESHOLD: "threshold_up_to",
    What.CREDIT: "credits_up_to",
    What.PAY_OUT: "pay_outs_up_to",
    What.PRICE: "price_up_to",
}


class OperatorDecision(models.Model):
    """A decision of an operator of which a policy says how far one person goes: what it gave or
    set, on which local day, and the proposal that a second person confirmed, if it took one.
    """

    what = models.CharField(max_length=10, choices=What.choices)
    merchant = models.ForeignKey(
        Merchant, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )  # null: a price for everybody
    subject = models.CharField(max_length=60, unique=True)  # the row that it made, as "credit 12"
    currency = CurrencyField()
    # What was given, or the new limit, threshold or price. Six decimals, as prices have.
    figure = models.DecimalField(max_digits=24, decimal_places=PRICE_DECIMALS)
    day = models.DateField()  # the local day that it counts for; in UTC where it has no merchant
    proposal = models.ForeignKey(
        Proposal, null=True, blank=True, on_delete=models.PROTECT, related_name="decisions"
    )
    actor = models.CharField(max_length=254)
    at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(figure__gte=0), name="operator_decision_not_negative"
            ),
        ]
        indexes: ClassVar = [
            # What was given to a merchant on a day.
            models.Index(
                fields=["merchant", "day", "what", "currency"], name="operator_decision_of_day"
            ),
        ]
        triggers: ClassVar = [
            pgtrigger.Protect(
                name="operator_decision_is_append_only",
                operation=pgtrigger.Update | pgtrigger.Delete,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_what_display()}: {self.subject}"
