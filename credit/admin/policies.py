"""The admin page of credit policies, and the decision that introduces a new version."""

from typing import Any

from django.contrib import admin

from backoffice.decisions import Act, Deciding, Decision
from backoffice.list_pages import ReadOnly, amount
from credit.admin.forms import FIGURES, NewVersion
from credit.models import CreditPolicy
from credit.operations import policies
from lib import calendar

FIRST_DAY_STARTS_IN = "Pacific/Kiritimati"  # nobody's day is further on


def _introduce(act: Act) -> CreditPolicy:
    """Introduce the version from the submitted form. Its first day must not have begun in any time
    zone, so "today" is that of the zone where days start first.
    """
    said = act.cleaned_data
    given = {name: said[name] for name in FIGURES if said[name] is not None}
    return policies.introduce(
        currency=said["currency"].upper(),
        starts_on=said["starts_on"],
        today=calendar.local_date(act.now, FIRST_DAY_STARTS_IN),
        reason=act.reason,
        actor=act.actor,
        now=act.now,
        **given,
    )


def _present(policy: CreditPolicy | None) -> dict[str, Any]:
    """The initial values of the form: the currency and figures of the policy, or nothing without
    one.
    """
    if policy is None:
        return {}
    return {"currency": policy.currency} | {name: policy.figure(name) for name in FIGURES}


_NEW_VERSION = Decision(
    "introduce",
    "New version",
    form=NewVersion,
    effect=lambda policy: (
        "From its first local day on, all lines of the currency are decided by the new numbers;"
        " what was decided before keeps its version. What is left empty stays as in the newest"
        " version. A version never changes."
    ),
    initial=_present,
    carry_out=_introduce,
    done="The new version is introduced.",
)


@admin.register(CreditPolicy)
class CreditPolicyAdmin(Deciding, ReadOnly):
    list_display = (
        "__str__",
        "starts_on",
        amount("minimum_limit"),
        amount("maximum_limit"),
        amount("automatic_up_to"),
        amount("approval_above"),
    )
    list_filter = ("currency",)
    decisions = (_NEW_VERSION,)  # with a version's numbers to start from
    list_decisions = (_NEW_VERSION,)
