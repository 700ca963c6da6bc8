"""Higher thresholds that merchants ask for."""

from django.contrib import admin

from backoffice.columns import amount, figure, related
from backoffice.decisions import Call, Decision, Telling
from backoffice.filters import waiting
from backoffice.list_pages import OfMerchant
from backoffice.several import DecidingSeveral
from billing.admin import shown
from billing.admin.forms import ThresholdApproved
from billing.admin.shown import AboutAccount
from billing.models import ThresholdRequest
from billing.operations import thresholds
from billing.queries import waiting as queues
from merchants.admin.two_people import CallOrPropose, done

MERCHANT = related("account__merchant")


def _approve_effect(request: ThresholdRequest) -> str:
    """What an operator reads before approving the request: the threshold at present and the one
    wanted, that another may be named, what is outstanding, that nothing is billed by that, and that
    the merchant is told.
    """
    account = request.account
    return (
        f"The threshold goes from {figure(account.threshold)} to"
        f" {figure(request.threshold_wanted)}, or to the other one that you name;"
        f" {figure(account.outstanding)} is outstanding. Nothing is billed by that. The merchant is"
        " told."
    )


def _reject_effect(request: ThresholdRequest) -> str:
    """What an operator reads before rejecting the request: the threshold that stays, and that the
    merchant is told why.
    """
    return f"The threshold stays at {figure(request.account.threshold)}. The merchant is told why."


def _waits(request: ThresholdRequest) -> bool:
    """Whether nobody has approved or rejected the request yet."""
    return request.is_pending


@admin.register(ThresholdRequest)
class ThresholdRequestAdmin(DecidingSeveral, AboutAccount, OfMerchant):
    several = ("reject",)
    merchant = "account__merchant"
    reference = ""
    list_display = (
        "__str__",
        MERCHANT,
        amount("threshold_before"),
        amount("threshold_wanted"),
        amount("threshold_given"),
        "status",
        "asked_at",
        "asked_by",
        "answered_by",
    )
    list_filter = (waiting(queues.THRESHOLDS), "status")
    list_select_related = ("account__merchant",)
    decisions = (
        Decision(
            "approve",
            "Approve",
            form=ThresholdApproved,
            effect=_approve_effect,
            initial=lambda request: {"present": {"threshold": request.account.threshold}},
            shown=shown.status_and_threshold,
            carry_out=CallOrPropose(thresholds.approve, "request_id"),
            done=done("The threshold is raised."),
            is_open=lambda request: request.is_pending and not request.account.is_closed,
        ),
        Decision(
            "reject",
            "Reject",
            form=Telling,
            effect=_reject_effect,
            shown=shown.status,
            carry_out=Call(thresholds.reject, "request_id"),
            done="The request is rejected.",
            is_open=_waits,
        ),
    )
