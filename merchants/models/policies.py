"""Versions of policies, and how far one operator goes alone."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any, ClassVar, Self

import pgtrigger
from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db import models, transaction
from django.db.models import F, Q
from moneyed import Money

from lib import erasing, money
from lib.fields import CurrencyField
from lib.refusals import Invalid
from merchants import policy_bounds, sorts
from merchants.models.merchants import Merchant
from merchants.models.proposals import Proposal

DECIMALS = 6  # as prices of units have

Figures = Mapping[str, Decimal | int]


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
        """The names of its figures, which are the columns of its own."""
        shared = {"id", *(field.name for field in PolicyVersion._meta.get_fields())}
        return [field.name for field in cls._meta.concrete_fields if field.name not in shared]

    @property
    def figures(self) -> Figures:
        """Its figures by their names, bare: those that are amounts are in its currency."""
        numbers = {name: getattr(self, name) for name in self.figure_names()}
        return {
            name: number.amount if isinstance(number, Money) else number
            for name, number in numbers.items()
        }

    def next_version(self, number: int, starts_on: date, figures: Figures) -> Self:
        """A new version with this `number` and first day, not saved: its figures are those of
        `figures`, and for the rest those of this version.
        """
        numbers = {**self.figures, **figures}
        return type(self)(currency=self.currency, version=number, starts_on=starts_on, **numbers)

    def may_be_withdrawn(self, today: date) -> bool:
        """Whether it has not started anywhere, and was not withdrawn: `today` is the day where days
        begin first.
        """
        return self.withdrawn_at is None and today < self.starts_on


def versions(policy_name: str) -> list[models.BaseConstraint]:
    """The constraints that a policy's model has as a policy with versions: in a currency each
    number of a version comes once, no two versions that are not withdrawn start on the same day,
    and a version is withdrawn, by somebody, on a day (in UTC) before it starts or not at all.
    `policy_name` is what they call the policy in their own names, such as "operator_policy".
    """
    return [
        models.UniqueConstraint(
            fields=["currency", "version"], name=f"one_{policy_name}_per_currency_and_version"
        ),
        models.UniqueConstraint(
            fields=["currency", "starts_on"],
            condition=Q(withdrawn_at__isnull=True),
            name=f"one_{policy_name}_per_currency_and_day",
        ),
        models.CheckConstraint(
            condition=Q(withdrawn_at__isnull=True, withdrawn_by="")
            | (Q(withdrawn_at__date__lt=F("starts_on")) & ~Q(withdrawn_by="")),
            name=f"{policy_name}_is_withdrawn_before_it_starts",
        ),
    ]


def unchanging(policy_name: str) -> list[pgtrigger.Trigger]:
    """The triggers that keep the rows of a policy's model as they are, but that each can be
    withdrawn once. `policy_name` is what they call the policy in their own names.
    """
    return [
        pgtrigger.Protect(
            name=f"{policy_name}_version_is_never_deleted", operation=pgtrigger.Delete
        ),
        erasing.ReadOnly(
            name=f"{policy_name}_version_never_changes", exclude=["withdrawn_at", "withdrawn_by"]
        ),
        erasing.Protect(
            name=f"{policy_name}_version_is_withdrawn_once",
            operation=pgtrigger.Update,
            condition=pgtrigger.Q(old__withdrawn_at__isnull=False),
        ),
    ]


class OperatorPolicy(PolicyVersion):
    """How far one operator goes alone, in one currency: what is above takes a second person.

    Its figures are rows, one for each sort of decisions (merchants.sorts) that it speaks of. A sort
    without a figure takes two people, as all of them do in a currency without a policy.
    """

    _figures: Figures | None = None  # those of a version that is not saved yet, or once read

    class Meta:
        verbose_name_plural = "operator policies"
        constraints: ClassVar = versions("operator_policy")
        triggers: ClassVar = unchanging("operator_policy")

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save it and, if it is new, its figures as rows of their own, all in one transaction. The
        figures of one that was saved before are not written again.
        """
        is_new = self._state.adding
        with transaction.atomic():
            super().save(*args, **kwargs)
            if is_new:
                OperatorFigure.objects.bulk_create(
                    OperatorFigure(policy=self, sort=code, up_to=up_to)
                    for code, up_to in self.figures.items()
                )

    @classmethod
    def figure_names(cls) -> list[str]:
        """The codes of the sorts of which operator policies have figures."""
        return [sort.code for sort in sorts.with_figures()]

    @property
    def figures(self) -> Figures:
        """Its figures by the codes of their sorts; those of amounts are in its currency."""
        if self._figures is None:
            rows = self.rows.all() if self.pk else ()
            self._figures = {row.sort: row.up_to for row in rows}
        return self._figures

    def next_version(self, number: int, starts_on: date, figures: Figures) -> Self:
        """A new version with this `number` and first day, not saved: its figures, by the codes of
        their sorts, are those of `figures`, and for the rest those of this version, except of sorts
        that are registered no more.
        """
        following = type(self)(currency=self.currency, version=number, starts_on=starts_on)
        known = self.figure_names()  # a sort that is registered no more is left out
        kept = {code: up_to for code, up_to in self.figures.items() if code in known}
        following._figures = {**kept, **figures}
        return following

    def clean(self) -> None:
        """Raise ValidationError, by the sorts' codes, for figures that are below 0, have too many
        digits, or are above the highest one that makes sense (policy_bounds.faults); and Invalid
        for a figure of an unknown sort or an amount that has more digits than the currency.
        """
        errors: dict[str, list[str]] = {}
        for code, up_to in self.figures.items():
            if code not in self.figure_names():
                raise Invalid("figures", f"there is no figure {code!r}")
            try:
                OperatorFigure(sort=code, up_to=up_to).clean_fields(exclude=["policy"])
            except ValidationError as error:
                errors[code] = error.messages
                continue
            if sorts.SORTS[code].is_amount:
                money.of(Decimal(up_to), self.currency, field=code)
        for code, fault in policy_bounds.faults(self.currency, self.figures):
            errors.setdefault(code, []).append(fault)
        if errors:
            raise ValidationError(errors)


class OperatorFigure(models.Model):
    """How far one operator goes alone with decisions of one sort, by one version of a policy."""

    policy = models.ForeignKey(OperatorPolicy, on_delete=models.PROTECT, related_name="rows")
    sort = models.CharField(max_length=20)  # a code of merchants.sorts
    # Not rounded, as there are prices among them.
    up_to = models.DecimalField(
        max_digits=24, decimal_places=DECIMALS, validators=[MinValueValidator(0)]
    )

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["policy", "sort"], name="one_operator_figure_per_policy_and_sort"
            ),
            models.CheckConstraint(condition=Q(up_to__gte=0), name="operator_figure_not_negative"),
        ]
        triggers: ClassVar = [
            pgtrigger.Protect(
                name="operator_figure_is_append_only",
                operation=pgtrigger.Update | pgtrigger.Delete,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.sort}: {self.up_to.normalize():f}"


class OperatorDecision(models.Model):
    """A decision of an operator of which a policy says how far one person goes: what it gave or
    set, on which local day, and the proposal that a second person confirmed, if it took one.
    """

    what = models.CharField(max_length=20)  # a code of merchants.sorts
    merchant = models.ForeignKey(
        Merchant, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )  # null: a decision for everybody
    subject = models.CharField(max_length=60, unique=True)  # what it made: its kind and key
    currency = CurrencyField()
    # What was given, or what was set. Not rounded, as there are prices among them.
    figure = models.DecimalField(max_digits=24, decimal_places=DECIMALS)
    day = models.DateField()  # the local day that it counts for; in UTC where it has no merchant
    proposal = models.OneToOneField(
        Proposal, null=True, blank=True, on_delete=models.PROTECT, related_name="decision"
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
            erasing.Protect(
                name="operator_decision_is_append_only",
                operation=pgtrigger.Update | pgtrigger.Delete,
            ),
        ]

    def __str__(self) -> str:
        return f"{sorts.title(self.what)}: {self.subject}"
