"""The page on which a merchant asks our team about its charges and bills."""

from http import HTTPStatus

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from billing.forms.lists import QuestionFilter
from billing.forms.questions import About, Question
from billing.operations import questions as operations
from billing.queries import terms
from billing.views.accounts import account_and_days, account_of
from lib import clock
from lib.refusals import Refused, sentence_of
from merchants.access import MemberRequest, for_finance, for_members


@for_members
def questions(request: MemberRequest) -> HttpResponse:
    """The page with the form for a question, which `?about` in the address begins, and the list of
    the questions that were asked.
    """
    return _page(request, Question(initial={"message": About(request.GET).message}))


@for_finance
def ask(request: MemberRequest) -> HttpResponse:
    """Posted to, record the question of the form for an operator to answer, and lead back to the
    page; show it again if the form is invalid or refused. Owners and finance may.
    """
    if request.method != "POST":  # as after signing in again
        return redirect("billing:questions", request.membership.merchant.reference)
    account, form = account_of(request), Question(request.POST)
    if form.is_valid():
        try:
            operations.ask(
                merchant_id=account.pk,
                actor=request.user.email,
                now=clock.now(),
                **form.cleaned_data,
            )
        except Refused as refused:
            form.add_error(None, sentence_of(refused))
        else:
            messages.success(request, _("Your question is with us. We will answer here."))
            return redirect("billing:questions", request.membership.merchant.reference)
    return _page(request, form, status=HTTPStatus.UNPROCESSABLE_ENTITY)


def _page(request: MemberRequest, form: Question, status: int = HTTPStatus.OK) -> HttpResponse:
    """The page with this form for a question, and the list of those that were asked, filtered and
    sorted.
    """
    account, local = account_and_days(request)
    asked = QuestionFilter(request.GET, local=local)
    context = asked.context | {
        "form": form,
        "page": asked.page(terms.questions(account, **asked.rows)),
    }
    return render(request, "billing/questions.html", context, status=status)
