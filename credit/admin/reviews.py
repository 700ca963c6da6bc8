"""The admin pages of limit reviews and of merchants' requests about limits, and the decisions about
them.
"""

from django.contrib import admin

from backoffice.columns import amount, figure, related
from backoffice.decisions import Call, Decision, Telling
from backoffice.filters import of_currency, waiting
from backoffice.list_pages import OfMerchant
from backoffice.several import DecidingSeveral
from credit.admin import shown
from credit.admin.forms import MayTell, RaiseApproved
from credit.admin.shown import AboutLine
from credit.models import LimitRequest, LimitReview
from credit.operations import requests, review_decisions
from credit.queries import waiting as queues
from merchants.admin.two_people import CallOrPropose, done

MERCHANT = related("line__merchant")


def _review_effect(review: LimitReview) -> str:
    """What operators read before they approve a review's raise: the limit before and the one
    proposed, and that it may be less, or refused while something is overdue or the line is frozen.
    """
    return (
        f"The limit goes from {figure(review.limit_before)} to"
        f" {figure(review.limit_proposed)} at once, or to less if what buyers have"
        " paid by now allows no more; not while something is overdue or the line is frozen. The"
        " merchant is told."
    )


def _review_waits(review: LimitReview) -> bool:
    """Whether the review's raise waits for an operator: its status is PENDING."""
    return review.status == LimitReview.Status.PENDING


@admin.register(LimitReview)
class LimitReviewAdmin(DecidingSeveral, AboutLine, OfMerchant):
    several = ("approve", "reject")
    dated = "on"
    merchant = "line__merchant"
    reference = ""
    list_display = (
        "__str__",
        MERCHANT,
        "score",
        amount("limit_before"),
        amount("limit_proposed"),
        amount("limit_given"),
        "status",
        "decided_by",
    )
    list_filter = (waiting(queues.REVIEWS), "status", "grade", of_currency("credit.CreditLine"))
    list_select_related = ("line__merchant",)
    decisions = (
        Decision(
            "approve",
            "Approve",
            form=MayTell,
            effect=_review_effect,
            shown=shown.status_and_limit,
            carry_out=CallOrPropose(review_decisions.approve, "review_id"),
            done=done("The raise is approved."),
            is_open=_review_waits,
        ),
        Decision(
            "reject",
            "Reject",
            form=MayTell,
            effect=lambda review: "The limit stays as it is. The merchant is told.",
            shown=shown.status,
            carry_out=Call(review_decisions.reject, "review_id"),
            done="The raise is rejected.",
            is_open=_review_waits,
        ),
    )


def _raise_effect(request: LimitRequest) -> str:
    """What operators read before they approve a request: that the limit becomes what the merchant
    wants, or another one that they name, and that the merchant is told; of a question, that it asks
    for no limit.
    """
    if request.limit_wanted is None:
        return "This asks for no limit."
    limit = figure(request.limit_wanted)
    return f"The limit becomes {limit}, or the other limit that you name. The merchant is told."


def _raise_waits(request: LimitRequest) -> bool:
    """Whether it is a request for a higher limit that nobody has answered."""
    return _waits(request, LimitRequest.Kind.RAISE)


def _question_waits(request: LimitRequest) -> bool:
    """Whether it is a question about the limit that nobody has answered."""
    return _waits(request, LimitRequest.Kind.QUESTION)


def _waits(request: LimitRequest, kind: str) -> bool:
    """Whether the request is of this kind (LimitRequest.Kind), and PENDING."""
    return request.status == LimitRequest.Status.PENDING and request.kind == kind


@admin.register(LimitRequest)
class LimitRequestAdmin(DecidingSeveral, AboutLine, OfMerchant):
    several = ("reject",)
    merchant = "line__merchant"
    reference = ""
    list_display = (
        "__str__",
        MERCHANT,
        amount("limit_wanted"),
        "status",
        "asked_at",
        "asked_by",
        "answered_by",
    )
    list_filter = (waiting(queues.RAISES, queues.QUESTIONS), "status", "kind")
    list_select_related = ("line__merchant",)
    decisions = (
        Decision(
            "approve",
            "Approve",
            form=RaiseApproved,
            effect=_raise_effect,
            initial=lambda request: {"present": {"limit": request.line.limit}},
            shown=shown.status_and_limit,
            carry_out=CallOrPropose(requests.approve_raise, "request_id"),
            done=done("The raise is approved."),
            is_open=_raise_waits,
        ),
        Decision(
            "reject",
            "Reject",
            form=Telling,
            effect=lambda request: "The limit stays as it is. The merchant is told why.",
            shown=shown.status,
            carry_out=Call(requests.reject, "request_id"),
            done="The raise is rejected.",
            is_open=_raise_waits,
        ),
        Decision(
            "answer",
            "Answer",
            form=Telling,
            effect=lambda request: "The merchant reads your answer; its limit stays as it is.",
            shown=shown.status,
            carry_out=Call(requests.answer, "request_id"),
            done="The question is answered.",
            is_open=_question_waits,
        ),
    )
