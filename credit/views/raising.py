"""The pages about raising the limit: what it depends on, and asking for it."""

from datetime import date
from http import HTTPStatus

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from credit import explanations
from credit.forms.limit import Question, Raise
from credit.forms.orders import RequestFilter, ReviewFilter
from credit.models import CreditLine
from credit.operations import requests
from credit.queries import explanation, limit_requests, past_reviews
from credit.views.lines import line_and_today
from lib import clock
from lib.refusals import Refused
from lib.refused_forms import add_refusal
from merchants.access import MemberRequest, for_finance, for_members
from merchants.queries import LocalDays

LATEST = 5  # reviews and requests


@for_members
def how_to_raise(request: MemberRequest) -> HttpResponse:
    """The page that explains the next review, with fresh forms for a raise and a question, which
    `ask_raise` and `ask_question` take. It changes nothing.
    """
    line, _today = line_and_today(request, clock.now())
    return _page(request, line, Raise(line=line), Question())


@for_finance
def ask_raise(request: MemberRequest) -> HttpResponse:
    """Ask for a higher limit by the submitted form, with a trail row, and redirect to the page
    about raising it; if the form is invalid or refused, show the page again with the reason and
    status 422. Only a POST changes anything. Owners and finance may.
    """
    if request.method != "POST":  # as after signing in again
        return _back(request)
    now = clock.now()
    line, _today = line_and_today(request, now)
    form = Raise(request.POST, line=line)
    if form.is_valid():
        try:
            requests.ask_raise(
                merchant_id=line.pk,
                limit_wanted=form.cleaned_data["limit"],
                message=form.cleaned_data["message"],
                request_key=form.cleaned_data["request_key"],
                actor=request.user.email,
                now=now,
            )
        except Refused as refused:
            add_refusal(form, refused)
        else:
            messages.success(request, _("You have asked for a higher limit. We will answer here."))
            return _back(request)
    return _page(request, line, form, Question(), status=HTTPStatus.UNPROCESSABLE_ENTITY)


@for_finance
def ask_question(request: MemberRequest) -> HttpResponse:
    """Ask a question about the limit by the submitted form, without a trail row, and redirect to
    the page about raising it; if the form is invalid or refused, show the page again with the
    reason and status 422. Only a POST changes anything. Owners and finance may.
    """
    if request.method != "POST":
        return _back(request)
    now = clock.now()
    line, _today = line_and_today(request, now)
    form = Question(request.POST)
    if form.is_valid():
        try:
            requests.ask_question(
                merchant_id=line.pk,
                message=form.cleaned_data["message"],
                request_key=form.cleaned_data["request_key"],
                actor=request.user.email,
                now=now,
            )
        except Refused as refused:
            add_refusal(form, refused)
        else:
            messages.success(request, _("Your question is with us. We will answer here."))
            return _back(request)
    return _page(request, line, Raise(line=line), form, status=HTTPStatus.UNPROCESSABLE_ENTITY)


@for_members
def all_requests(request: MemberRequest) -> HttpResponse:
    """The page with the list of what the merchant has asked about its limit, filtered and sorted as
    the address asks.
    """
    line, today = line_and_today(request, clock.now())
    asked = RequestFilter(request.GET, local=LocalDays.of(line, today))
    page = asked.page(limit_requests.of_line(line, **asked.rows))
    return render(request, "credit/requests.html", asked.context | {"page": page})


@for_members
def reviews(request: MemberRequest) -> HttpResponse:
    """The page with the list of the line's reviews, filtered and sorted as the address asks."""
    line, today = line_and_today(request, clock.now())
    asked = ReviewFilter(request.GET, local=LocalDays.of(line, today))
    context = asked.context | {
        "page": asked.page(past_reviews.of_line(line, **asked.rows)),
        "are_held": explanation.are_held(line),
    }
    return render(request, "credit/reviews.html", context)


@for_members
def review(request: MemberRequest, month: date) -> HttpResponse:
    """The page of the review that was made on local day `month`, the first of a month: its factors
    and outcome. Raises Http404 if there was none.
    """
    line, _today = line_and_today(request, clock.now())
    review = past_reviews.on_day(line, on=month)
    if review is None:
        raise Http404("there was no review in this month")
    context = {"review": review, "factors": explanation.factors_of(review)}
    if review.is_void:
        context["overtaken"] = explanations.overtaken(review, past_reviews.what_overtook(review))
    return render(request, "credit/review.html", context)


def _page(
    request: MemberRequest,
    line: CreditLine,
    raise_form: Raise,
    question_form: Question,
    status: int = HTTPStatus.OK,
) -> HttpResponse:
    """Render the page about raising the limit, with these two forms: what the next review would
    decide or, before there are any figures, will look at; the raise that waits for an answer, and
    the latest requests and reviews.
    """
    found = explanation.of_line(line)
    outlook = None if found else explanation.before_figures(line)
    context = {
        "line": line,
        "explanation": found,
        "outlook": outlook,
        "are_held": bool(found or outlook),
        "raise_form": raise_form,
        "question_form": question_form,
        "waiting": limit_requests.raise_asked(line),
        "requests": limit_requests.of_line(line).order_by("-id")[:LATEST],
        "reviews": past_reviews.of_line(line).order_by("-on")[:LATEST],
    }
    return render(request, "credit/raise.html", context, status=status)


def _back(request: MemberRequest) -> HttpResponse:
    """Redirect to the page about raising the limit."""
    return redirect("credit:raise", merchant=request.membership.merchant.reference)
