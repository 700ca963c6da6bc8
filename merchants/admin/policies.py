"""The admin page of operator policies, and the decisions about their versions, which other policies
share.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin
from django.db import models
from unfold.widgets import (
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminTextInputWidget,
)

from backoffice.asking_again import AsksAgain
from backoffice.decisions import Act, Call, Deciding, Decision, Reasoned
from backoffice.list_pages import OfMerchant, ReadOnly, amount
from lib import calendar, clock
from lib.amount_fields import FigureField
from lib.text_fields import LineField
from merchants.models import OperatorDecision, OperatorPolicy
from merchants.models.policies import PolicyVersion
from merchants.operations import policies, two_people
from merchants.operations.policies import FIRST_DAY_STARTS_IN


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
            self.fields[name] = _figure(self.model, name)
        self.order_fields(["currency", "starts_on", *figures, "reason"])


def _figure(model: type[PolicyVersion], name: str) -> forms.Field:
    column = model._meta.get_field(name)
    if not isinstance(column, models.DecimalField):
        widget = UnfoldAdminIntegerFieldWidget
        field: forms.Field = column.formfield(required=False, widget=widget)  # type: ignore[union-attr,assignment]
        field.initial = None  # a column's default is not what the version before says
        return field
    return FigureField(
        label=str(column.verbose_name).capitalize(),
        required=False,
        max_digits=column.max_digits,
        decimal_places=column.decimal_places,
    )


class AboutPolicies(Deciding):
    """Pages of a policy's versions, which are introduced and withdrawn one after the other."""

    def lock(self, row: Any, now: datetime) -> None:
        policies.lock_newest(self.model, row.currency)


def _versions(version: PolicyVersion) -> dict[str, Any]:
    """The newest version of the policy in this currency that was not withdrawn."""
    versions = type(version)._default_manager.filter(currency=version.currency)
    return {"Newest version": versions.filter(withdrawn_at__isnull=True).order_by("pk").last()}


def new_version(form: type[NewVersion], introduce: Callable[..., Any], effect: str) -> Decision:
    """The decision to propose a new version, with a version's numbers to start from."""
    figures = form.model.figure_names()

    def carry_out(act: Act) -> Any:
        said = act.cleaned_data
        given = {name: said[name] for name in figures if said[name] is not None}
        version = {"currency": said["currency"].upper(), "starts_on": said["starts_on"]}
        return two_people.decide(
            introduce, version | given | {"reason": act.reason}, actor=act.user, now=act.now
        )

    def present(version: PolicyVersion | None) -> dict[str, Any]:
        if version is None:
            return {}
        numbers = {name: version.figure(name) for name in figures}
        return {"currency": version.currency, "present": numbers, **numbers}

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
        done="The new version waits for a second person.",
    )


def withdrawing(withdraw: Callable[..., Any]) -> Decision:
    """The decision to withdraw a version before it starts."""
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


_NEW_VERSION = new_version(
    NewOperatorPolicy,
    policies.introduce,
    "From its first local day on, what is above these figures takes two operators: thresholds,"
    " credits and pay-outs (by their sum of a merchant and day), and prices of a unit.",
)


@admin.register(OperatorPolicy)
class OperatorPolicyAdmin(AboutPolicies, ReadOnly):
    list_display = (
        "__str__",
        "starts_on",
        amount("threshold_up_to"),
        amount("credits_up_to"),
        amount("pay_outs_up_to"),
        "price_up_to",
        "withdrawn_at",
    )
    list_filter = ("currency",)
    decisions = (_NEW_VERSION, withdrawing(policies.withdraw))
    list_decisions = (_NEW_VERSION,)


@admin.register(OperatorDecision)
class OperatorDecisionAdmin(OfMerchant):
    merchant = "merchant"
    reference = "subject"
    list_display = ("__str__", "merchant", "figure", "currency", "day", "actor", "proposal", "at")
    list_filter = ("what",)
    list_select_related = ("merchant", "proposal")
