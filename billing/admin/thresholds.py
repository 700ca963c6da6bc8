"""Higher thresholds that merchants ask for."""

from django.contrib import admin
from django.utils.translation import gettext as translated
from django.utils.translation import gettext_lazy as _

from backoffice.decisions import Call, Deciding, Decision, Reasoned
from backoffice.list_pages import OfMerchant, amount, figure, related, waiting
from billing.admin.forms import ThresholdApproved
from billing.models import ThresholdRequest
from billing.operations import thresholds
from billing.queries import waiting as queues

MERCHANT = related("account__merchant")


def _approve_effect(request: ThresholdRequest) -> str:
    account = request.account
    return translated(
        "The threshold goes from {before} to {wanted}, or to the other one that you name;"
        " {outstanding} is outstanding. Nothing is billed by that. The merchant is told."
        "\n\n{person} writes: {message}"
    ).format(
        before=figure(account.threshold),
        wanted=figure(request.threshold_wanted),
        outstanding=figure(account.outstanding),
        person=request.asked_by,
        message=request.message,
    )


def _reject_effect(request: ThresholdRequest) -> str:
    return translated(
        "The threshold stays at {threshold}. The merchant is told why."
        "\n\n{person} writes: {message}"
    ).format(
        threshold=figure(request.account.threshold),
        person=request.asked_by,
        message=request.message,
    )


def _waits(request: ThresholdRequest) -> bool:
    return request.is_pending


@admin.register(ThresholdRequest)
class ThresholdRequestAdmin(Deciding, OfMerchant):
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
            _("Approve"),
            form=ThresholdApproved,
            effect=_approve_effect,
            carry_out=Call(thresholds.approve, "request_id"),
            done=_("The threshold is raised."),
            is_open=lambda request: request.is_pending and not request.account.is_closed,
        ),
        Decision(
            "reject",
            _("Reject"),
            form=Reasoned,
            effect=_reject_effect,
            carry_out=Call(thresholds.reject, "request_id"),
            done=_("The request is rejected."),
            is_open=_waits,
        ),
    )
