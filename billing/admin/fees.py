"""Fees, and new ones of the categories that the platform's systems charge."""

from django.contrib import admin

from backoffice.decision_pages import Deciding
from backoffice.decisions import Act, Decision
from backoffice.list_pages import ReadOnly
from billing.admin.forms import NewFee
from billing.models import Fee
from billing.operations import fees


def _add(act: Act) -> Fee:
    """Add the fee that the operator's form states, with a trail row; the same fee again returns the
    one that there is. Of two calls at once, the second waits. Raises FeeConflict for another fee
    with this code, and Invalid for what a fee cannot have, or without a reason.
    """
    said = act.cleaned_data
    return fees.add(
        code=said["code"],
        category=said["category"],
        posting=said["posting"],
        names=said["names"],
        definitions=said["definitions"],
        reason=act.reason,
        actor=act.actor,
        now=act.now,
    )


_NEW_FEE = Decision(
    "add",
    "Add a fee",
    form=NewFee,
    effect=lambda fee: (
        "The platform's systems may charge it at once, in their events and files and by the API;"
        " charges without an amount need a price first. Merchants see it on Pricing. Nothing of a"
        " fee can be changed or deleted later."
    ),
    carry_out=_add,
    done="The fee is added.",
)


@admin.register(Fee)
class FeeAdmin(Deciding, ReadOnly):
    list_display = ("name", "code", "category", "posting", "is_sent_by_platform", "added_by")
    list_filter = ("category",)
    search_fields = ("code", "name")
    list_decisions = (_NEW_FEE,)
