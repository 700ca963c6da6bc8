"""What merchants ask about their charges and bills, and operators' answers (rule 15.32)."""

from datetime import datetime

from django.db import transaction

from billing.models import BillingQuestion
from billing.notices.answers import QUESTION_ANSWERED
from billing.operations import accounts
from billing.trail import Action
from lib import form_keys, wording
from lib.refusals import AlreadyDecided, Refused
from notices.operations import notices
from trail import operations as trail


class UnknownQuestion(Refused):
    """There is no such question."""

    code = "unknown_question"


@transaction.atomic
def ask(
    *, merchant_id: int, message: str, request_key: str = "", actor: str, now: datetime
) -> BillingQuestion:
    """Record a merchant's question about its charges or bills, without a trail row; a closed
    account may ask, too. A form that is sent twice, with the same `request_key`, makes one
    question.

    Raises FormConflict, Invalid. It locks the account, whose ended days are worked off first
    (accounts.lock). Rule 15.32.
    """
    message = wording.checked("message", message)
    account = accounts.lock(merchant_id, now=now)
    known = form_keys.sent_before(account.questions.all(), request_key, message=message)
    return known or account.questions.create(
        message=message, request_key=request_key, asked_at=account.now, asked_by=actor
    )


@transaction.atomic
def answer(
    *, question_id: int, actor: str, reason: str, told: str, now: datetime
) -> BillingQuestion:
    """Answer a merchant's question by `told`, write that on the trail and notify the merchant;
    `reason` is for colleagues. Nothing else changes.

    Raises UnknownQuestion, AlreadyDecided, Invalid without a reason or an answer. It locks the
    account, whose ended days are worked off first (accounts.lock). Rule 15.32.
    """
    reason, told = wording.checked("reason", reason), wording.checked("told", told)
    asked = BillingQuestion.objects.filter(pk=question_id)
    merchant_id = asked.values_list("account_id", flat=True).first()
    if merchant_id is None:
        raise UnknownQuestion(f"question: there is no question {question_id}")
    account = accounts.lock(merchant_id, now=now)
    question = asked.get()
    if not question.is_pending:
        raise AlreadyDecided(f"question: {question_id} is {question.status} already")
    before, question.status = question.status, BillingQuestion.Status.ANSWERED
    question.answer, question.answered_at, question.answered_by = told, account.now, actor
    question.save(update_fields=["status", "answer", "answered_at", "answered_by"])
    trail.write(
        Action.BILLING_QUESTION_ANSWERED,
        merchant_id=merchant_id,
        subject=f"billing question {question.pk}",
        before={"status": before},
        after={"status": str(question.status)},
        actor=actor,
        reason=reason,
        now=account.now,
    )
    notices.write(
        merchant_id=merchant_id,
        kind=QUESTION_ANSWERED,
        cause=str(question.pk),
        at=account.now,
        answer=told,
    )
    return question
