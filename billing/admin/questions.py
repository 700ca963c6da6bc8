"""What merchants ask about their charges and bills."""

from django.contrib import admin

from backoffice.columns import related
from backoffice.decisions import Call, Decision, Telling
from backoffice.filters import waiting
from backoffice.list_pages import OfMerchant
from billing.admin import shown
from billing.admin.shown import AboutAccount
from billing.models import BillingQuestion
from billing.operations import questions
from billing.queries import waiting as queues


@admin.register(BillingQuestion)
class BillingQuestionAdmin(AboutAccount, OfMerchant):
    merchant = "account__merchant"
    reference = ""
    list_display = (
        "__str__",
        related("account__merchant"),
        "status",
        "asked_at",
        "asked_by",
        "answered_by",
    )
    list_filter = (waiting(queues.QUESTIONS), "status")
    list_select_related = ("account__merchant",)
    decisions = (
        Decision(
            "answer",
            "Answer",
            form=Telling,
            effect=lambda question: "The merchant reads your answer; nothing else changes.",
            shown=shown.status,
            carry_out=Call(questions.answer, "question_id"),
            done="The question is answered.",
            is_open=lambda question: question.is_pending,
        ),
    )
