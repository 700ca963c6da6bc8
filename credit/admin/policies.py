"""The admin page of credit policies, and the decisions about their versions."""

from django.contrib import admin

from backoffice.columns import amount
from backoffice.list_pages import ReadOnly
from credit.admin.forms import NewCreditPolicy
from credit.models import CreditPolicy
from credit.operations import policies
from credit.queries import dry_run
from merchants.admin.policies import AboutPolicies, new_version, withdrawing

_NEW_VERSION = new_version(
    NewCreditPolicy,
    policies.introduce,
    "From its first local day on, all lines of the currency are decided by the new numbers; what"
    " was decided before keeps its version.",
    dry_run.of_arguments,
)


@admin.register(CreditPolicy)
class CreditPolicyAdmin(AboutPolicies, ReadOnly):
    list_display = (
        "__str__",
        "starts_on",
        amount("minimum_limit"),
        amount("maximum_limit"),
        amount("automatic_up_to"),
        amount("approval_above"),
        "withdrawn_at",
    )
    list_filter = ("currency",)
    decisions = (_NEW_VERSION, withdrawing(policies.withdraw))
    list_decisions = (_NEW_VERSION,)
