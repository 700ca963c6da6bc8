"""The page for the threshold, plan and cycle, and for payment methods."""

from datetime import datetime
from http import HTTPStatus

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from billing.forms.lists import ThresholdFilter
from billing.forms.methods import ChosenMethod, SandboxCard
from billing.forms.thresholds import HigherThreshold
from billing.models import BillingAccount
from billing.operations import cards, payment_methods, thresholds
from billing.operations.attempts import COLLECTOR
from billing.queries import accounts, choices, details, forecast, methods, terms
from billing.views.accounts import account_and_days, account_of
from billing.views.trying import try_chosen
from lib import clock
from lib.refusals import Refused, sentence_of
from lib.refused_forms import add_refusal
from merchants.access import MemberRequest, for_finance, for_members
from merchants.queries import local_day
from merchants.second_factor import with_second_factor

LATEST = 5  # requests for a threshold


@for_members
def settings(request: MemberRequest) -> HttpResponse:
    """The page of billing settings: the payment method, cards, the threshold and the plan."""
    account = accounts.with_line(request.membership.merchant) or account_of(request)
    forms = HigherThreshold(account=account), SandboxCard()
    return _page(request, account, *forms, now=clock.now())


@for_finance
def ask_threshold(request: MemberRequest) -> HttpResponse:
    """Posted to, ask for a higher threshold by the form of the settings page, with a trail row, and
    lead back to it; it is shown again if the form is invalid or refused. An operator answers later.
    Owners and finance may.
    """
    if request.method != "POST":  # as after signing in again
        return _back(request)
    now, account = clock.now(), account_of(request)
    form = HigherThreshold(request.POST, account=account)
    if form.is_valid():
        try:
            thresholds.ask(
                merchant_id=account.pk,
                actor=request.user.email,
                now=now,
                **form.asked,
            )
        except Refused as refused:
            add_refusal(form, refused)
        else:
            asked = _("You have asked for a higher threshold. We will answer here.")
            messages.success(request, asked)
            return _back(request)
    return _page(request, account, form, SandboxCard(), now=now, status=_UNPROCESSABLE)


@for_members
def threshold_requests(request: MemberRequest) -> HttpResponse:
    """The page with the list of higher thresholds that were asked for, with our answers, filtered
    and sorted as the address asks.
    """
    account, local = account_and_days(request)
    asked = ThresholdFilter(request.GET, local=local)
    page = asked.page(terms.threshold_requests(account, **asked.rows))
    return render(request, "billing/threshold_requests.html", asked.context | {"page": page})


@for_finance
@with_second_factor(back="billing:settings")
def choose_method(request: MemberRequest) -> HttpResponse:
    """Posted to, choose the payment method that the form names, with a trail row, and try a bill
    that is due (try_chosen), which leads to the bill or back to the settings page. If the choice is
    refused, a message says why, and nothing is tried. An invalid form and any other request just
    lead back. Owners and finance may; a second factor is asked for first.
    """
    account = account_of(request)
    form = ChosenMethod(request.POST)
    if request.method != "POST" or not form.is_valid():
        return _back(request)
    try:
        payment_methods.choose(
            merchant_id=account.pk, actor=request.user.email, now=clock.now(), **form.chosen
        )
    except Refused as refused:
        messages.error(request, sentence_of(refused))
    else:
        messages.success(request, _("Your bills are collected this way from now on."))
        return try_chosen(request, account.pk)
    return _back(request)


@for_finance
def add_sandbox_card(request: MemberRequest) -> HttpResponse:
    """Posted to, add a test card, with a trail row, collect from it from now on, and try a bill
    that is due (try_chosen). An invalid or refused form is shown again on the settings page. Owners
    and finance may. Raises Http404 where the sandbox is not allowed.
    """
    if not methods.has_sandbox():
        raise Http404("there are no test cards here")
    if request.method != "POST":
        return _back(request)
    now, account = clock.now(), account_of(request)
    form = SandboxCard(request.POST)
    if form.is_valid():
        try:
            card = payment_methods.add_card(
                merchant_id=account.pk, actor=request.user.email, now=now, **form.card
            )
        except Refused as refused:
            add_refusal(form, refused)
        else:
            messages.success(request, _("Bills are collected from %(card)s now.") % {"card": card})
            return try_chosen(request, account.pk)
    forms = HigherThreshold(account=account), form
    return _page(request, account, *forms, now=now, status=_UNPROCESSABLE)


@for_finance
@with_second_factor(back="billing:settings")
def remove_card(request: MemberRequest, pk: int) -> HttpResponse:
    """Posted to, remove the card with this primary key, here and at Stripe, with a trail row, and
    lead back to the settings page with a message. The card from which bills are collected stays,
    and the message says so. Owners and finance may; a second factor is asked for first.
    """
    if request.method != "POST":
        return _back(request)
    account = account_of(request)
    try:
        card = cards.remove(
            merchant_id=account.pk, card_id=pk, actor=request.user.email, now=clock.now()
        )
    except Refused as refused:
        messages.error(request, sentence_of(refused))
    else:
        messages.success(request, _("%(card)s was removed.") % {"card": card})
    return _back(request)


def _page(
    request: MemberRequest,
    account: BillingAccount,
    threshold_form: HigherThreshold,
    card_form: SandboxCard,
    *,
    now: datetime,
    status: int = HTTPStatus.OK,
) -> HttpResponse:
    """The settings page with these forms; the latest LATEST requests for a threshold are shown."""
    requests = list(terms.threshold_requests(account).order_by("-id")[:LATEST])
    waiting = choices.waiting(account, collector=COLLECTOR, now=now)
    context = {
        "account": account,
        "forecast": forecast.forecast(account, today=local_day(account, now)),
        "threshold_form": threshold_form,
        # There is one at a time, and none is asked for after it.
        "waiting": next((asked for asked in requests if asked.is_pending), None),
        "requests": requests,
        "plan_to_come": terms.plan_to_come(account),
        "zone_to_come": terms.zone_to_come(account),
        "methods": methods.of(account, waiting),
        "card_collects": choices.collected(account, waiting, BillingAccount.Method.SANDBOX),
        "details_wait": details.is_waiting(account),
        "has_stripe": methods.has_stripe(),
        "card_form": card_form if methods.has_sandbox() else None,
    }
    return render(request, "billing/settings.html", context, status=status)


def _back(request: MemberRequest) -> HttpResponse:
    """Redirect to the merchant's page of billing settings."""
    return redirect("billing:settings", merchant=request.membership.merchant.reference)


_UNPROCESSABLE = HTTPStatus.UNPROCESSABLE_ENTITY
