"""The admin page of operator policies, and the decisions about their versions, which other policies
share.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import admin
from django.db import models
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from unfold.widgets import (
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminTextInputWidget,
)

from backoffice import times
from backoffice.amount_fields import figure_field
from backoffice.asking_again import AsksAgain
from backoffice.briefs import Brief
from backoffice.columns import Column
from backoffice.decision_pages import Deciding
from backoffice.decisions import Act, Call, Decision, Reasoned
from backoffice.list_pages import OfMerchant, ReadOnly
from lib import calendar, clock
from lib.text_fields import LineField
from merchants import briefs, policy_bounds, sorts
from merchants.models import OperatorDecision, OperatorFigure, OperatorPolicy
from merchants.models.policies import PolicyVersion
from merchants.operations import policies, two_people
from merchants.operations.policies import FIRST_DAY_STARTS_IN
from merchants.sorts import Sort

UP_TO = OperatorFigure._meta.get_field("up_to")  # whose digits the form takes


class NewVersion(AsksAgain, Reasoned):
    """The figures of a currency's next version of a policy; an empty field keeps the newest
    version's figure.
    """

    model: type[PolicyVersion]
    currency = LineField(
        min_length=3, max_length=3, label="Currency", widget=UnfoldAdminTextInputWidget
    )
    starts_on = forms.DateField(
        label="Starts on", widget=UnfoldAdminTextInputWidget(attrs={"type": "date"})
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        figures = self.model.figure_names()
        for name in figures:
            self.fields[name] = self.figure_field(name)
        self.order_fields(["currency", "starts_on", *figures, "reason"])

    def figure_field(self, name: str) -> forms.Field:
        """Make the form's field for the policy's figure in the column `name`; the caller puts it
        into the form. It may be left empty: the figure of the newest version stays then. The
        column's default is not its initial value.
        """
        column = self.model._meta.get_field(name)
        if not isinstance(column, models.DecimalField):
            widget = UnfoldAdminIntegerFieldWidget
            field: forms.Field = column.formfield(required=False, widget=widget)  # type: ignore[union-attr,assignment]
            field.initial = None  # a column's default is not what the version before says
            return field
        return figure_field(
            label=str(column.verbose_name).capitalize(),
            required=False,
            max_digits=column.max_digits,
            decimal_places=column.decimal_places,
        )


class AboutPolicies(Deciding):
    """Pages of a policy's versions, which are introduced and withdrawn one after the other."""

    def lock(self, row: Any, now: datetime) -> None:
        """Wait for the lock under which versions of the policy in the row's currency are added and
        withdrawn, and hold it until the transaction ends.
        """
        policies.lock_newest(self.model, row.currency)

    def brief(self, row: Any, name: str) -> Brief | None:
        """The latest versions of the policy in the row's currency and, before the decision to
        withdraw this one, the figures that differ in the version before it, which stays in force.
        """
        return briefs.of_policy(row, name)


def _versions(version: PolicyVersion) -> dict[str, Any]:
    """The version of the policy in this version's currency that was introduced last and was not
    withdrawn, or None, under the label "Newest version".
    """
    versions = type(version)._default_manager.filter(currency=version.currency)
    return {"Newest version": versions.filter(withdrawn_at__isnull=True).order_by("pk").last()}


def new_version(
    form: type[NewVersion],
    introduce: Callable[..., Any],
    effect: str,
    dry_run: Callable[[dict[str, Any], datetime], Any] | None = None,
) -> Decision:
    """The decision to propose a new version of a policy, whose form has as initial values the
    figures of the version on whose page it stands; on the list it begins empty. `introduce` is the
    operation that a second person's confirmation carries out, and `effect` begins the text above
    the form. `dry_run`, if given, tells what the version would change, from the arguments of
    `introduce` and the instant.
    """

    def version_of(act: Act) -> dict[str, Any]:
        """The arguments of `introduce` that the form says: the currency in capitals, the first day,
        and those figures that were filled in.
        """
        said = act.cleaned_data
        figures = form.model.figure_names()
        given = {name: said[name] for name in figures if said[name] is not None}
        return {"currency": said["currency"].upper(), "starts_on": said["starts_on"]} | given

    def carry_out(act: Act) -> Any:
        """Introduce the version, or propose it to a second person if `introduce` says that it takes
        one, with a trail row; returns the version or the Proposal. Raises Invalid, ValidationError
        for figures that cannot be, ProposalWaits, and MayNotDecide.
        """
        return two_people.decide(
            introduce, version_of(act) | {"reason": act.reason}, actor=act.user, now=act.now
        )

    def rehearse(act: Act) -> Any:
        """What the version would change, as `dry_run` tells it; nothing is introduced."""
        assert dry_run is not None
        return dry_run(version_of(act), act.now)

    def present(version: PolicyVersion | None) -> dict[str, Any]:
        """What the form begins with: the currency and figures of this version, each figure in its
        field without zeros after its point, and all of them under `present`, by which a figure that
        is far above its present one is asked for twice (AsksAgain). Empty without a version.
        """
        if version is None:
            return {}
        typed = {name: _as_typed(figure) for name, figure in version.figures.items()}
        return {"currency": version.currency, "present": version.figures, **typed}

    return Decision(
        "introduce",
        "New version",
        form=form,
        effect=lambda version: (
            f"{effect} What is left empty stays as in the newest version. A version never changes;"
            " until it starts it can be withdrawn. It waits for a second person to confirm it, and"
            " has to start later than on the day when that is done."
        ),
        initial=present,
        shown=_versions,
        carry_out=carry_out,
        dry_run=rehearse if dry_run else None,
        done="The new version waits for a second person.",
    )


def _as_typed(number: Decimal | int) -> Decimal | int:
    """The figure without zeros after its point."""
    return int(number) if number == int(number) else Decimal(number).normalize()


def withdrawing(withdraw: Callable[..., Any]) -> Decision:
    """The decision to withdraw a version of a policy before it starts, by the operation `withdraw`.
    It is offered for versions that were not withdrawn, until the first day of theirs begins
    anywhere.
    """
    return Decision(
        "withdraw",
        "Withdraw",
        form=Reasoned,
        effect=lambda version: f"Version {version} never starts; the one before it stays in force.",
        shown=lambda version: {"Withdrawn": version.withdrawn_at is not None},
        carry_out=Call(withdraw, "policy_id"),
        done="The version is withdrawn.",
        is_open=lambda version: version.may_be_withdrawn(
            calendar.local_date(clock.now(), FIRST_DAY_STARTS_IN)
        ),
    )


class NewOperatorPolicy(NewVersion):
    model = OperatorPolicy

    def figure_field(self, name: str) -> forms.Field:
        """Make the form's field for the figure up to which one operator decides alone on
        decisions of the sort with the code `name`; the caller puts it into the form. It may be
        left empty: the figure of the newest version stays then. The help text names the highest
        figure that is accepted and why, and says so if a merchant's decisions of one local day
        count together. Raises KeyError for an unknown code.
        """
        sort = sorts.SORTS[name]
        return figure_field(
            label=sort.up_to,
            required=False,
            max_digits=UP_TO.max_digits,
            decimal_places=UP_TO.decimal_places,
            help_text=" ".join(
                [
                    *(["Of a merchant and local day, all together."] if sort.is_summed else []),
                    policy_bounds.sentence(sort),
                ]
            ),
        )


_NEW_VERSION = new_version(
    NewOperatorPolicy,
    policies.introduce,
    "From its first local day on, what is above these figures takes two operators. Without a figure"
    " all decisions of that sort do.",
)


def _figure_column(sort: Sort) -> Column:
    """A list column with each policy version's figure of this sort, and "-" for versions without
    one.
    """

    @admin.display(description=sort.up_to.lower())
    def column(policy: OperatorPolicy) -> str:
        """The policy's figure of this sort; "-" if it has none."""
        up_to = policy.figures.get(sort.code)
        return "-" if up_to is None else f"{Decimal(up_to).normalize():,f}"

    column.__name__ = sort.code
    return column


@admin.register(OperatorPolicy)
class OperatorPolicyAdmin(AboutPolicies, ReadOnly):
    list_filter = ("currency",)
    decisions = (_NEW_VERSION, withdrawing(policies.withdraw))
    list_decisions = (_NEW_VERSION,)

    def get_queryset(self, request: HttpRequest) -> "QuerySet[OperatorPolicy]":
        found: QuerySet[OperatorPolicy] = super().get_queryset(request)
        return found.prefetch_related("rows")

    def get_list_display(self, request: HttpRequest) -> Sequence[Any]:
        columns = ("__str__", "starts_on", *_figure_columns(), "withdrawn_at")
        return times.labelled(OperatorPolicy, columns)

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> Sequence[Any]:
        return (
            "currency",
            "version",
            "starts_on",
            *_figure_columns(),
            "withdrawn_at",
            "withdrawn_by",
        )


def _figure_columns() -> list[Column]:
    """The list columns of all sorts of decisions of which operator policies have figures."""
    # Each book registers its own sorts, when all of them have started.
    return [_figure_column(sort) for sort in sorts.with_figures()]


class OfSort(admin.SimpleListFilter):
    title = "what"
    parameter_name = "what"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [(sort.code, sort.title) for sort in sorts.SORTS.values()]

    def queryset(
        self, request: HttpRequest, queryset: "QuerySet[OperatorDecision]"
    ) -> "QuerySet[OperatorDecision]":
        return queryset.filter(what=self.value()) if self.value() else queryset


@admin.register(OperatorDecision)
class OperatorDecisionAdmin(OfMerchant):
    merchant = "merchant"
    reference = "subject"
    list_display = ("__str__", "merchant", "figure", "currency", "day", "actor", "proposal", "at")
    list_filter = (OfSort,)
    list_select_related = ("merchant", "proposal")
