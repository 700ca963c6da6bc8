"""The start page, the search, and the help."""

from datetime import date
from typing import cast

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from billing.models import BillingAccount
from billing.queries import accounts, costs, forecast
from billing.queries import attention as billing_attention
from credit.queries import attention as credit_attention
from credit.queries import proceeds
from lib import calendar, clock, live
from merchants import queries as merchants
from merchants.access import MemberRequest, for_members
from merchants.models import User
from merchants.queries import local_day
from pages import activity, help, home_charts, search
from pages.forms import Search

LATEST = 6  # notices
MATURING_DAYS = 4


@for_members
def overview(request: MemberRequest) -> HttpResponse:
    """The merchant's start page: what needs attention, credit, proceeds, costs, the next bill; or
    only the part with what needs attention if the request asks for that (lib.live). Rule 20.9.
    Raises Http404 if the merchant has not joined completely.
    """
    now, account = clock.now(), _account(request)
    today, owed = local_day(account.merchant.credit_line, now), billing_attention.of(account)
    context = {
        "now": now,
        "today": today,
        "line": account.merchant.credit_line,
        "account": account,
        "credit": credit_attention.of(account.merchant.credit_line, today=today),
        "billing": owed,
    }
    is_checked = any(invoice.is_checked for invoice in owed.waiting)
    told = _("A payment is being checked.") if is_checked else _("The payment was checked.")
    part = live.Part("desk", "overview/desk.html", is_checked, told, seconds=10)
    if live.asked(request) != part.name:
        context |= _books(account, today, local_day(account, now))
    return live.render(request, "overview.html", context, part)


def _books(account: BillingAccount, today: date, billing_today: date) -> dict[str, object]:
    """The start page's values from both books: proceeds, use of the limit, costs, the forecast of
    the next bill, and the latest notices. The two days are the local days of the line and of the
    account.
    """
    line, spent = account.merchant.credit_line, costs.of(account, today=billing_today)
    return {
        "proceeds": proceeds.buckets(line.pk, today=today),
        "maturing_days": MATURING_DAYS,
        "month": calendar.month_of(billing_today),
        "use": home_charts.use_of(line, account.merchant, today=today),
        "costs": spent,
        "costs_drawing": home_charts.drawing_of(spent),
        "forecast": forecast.forecast(account, today=billing_today),
        "activity": activity.latest(account.merchant, most=LATEST),
    }


@for_members
def find(request: MemberRequest) -> HttpResponse:
    """The page of results of the merchant's search; if exactly one result has just this name,
    redirect to it. Raises Http404 if the merchant has not joined completely.
    """
    merchant, text = _account(request).merchant, Search(request.GET).text
    found = search.find(merchant, text, today=local_day(merchant.credit_line, clock.now()))
    if found.only:
        return redirect(found.only)
    return render(request, "search.html", {"looked_for": text, "found": found})


@login_required
def help_of_person(request: HttpRequest) -> HttpResponse:
    """Lead from a page of the person to the help of their first merchant by name, which has its
    figures; who has none is led to the start.
    """
    merchant = merchants.merchants_of(cast(User, request.user)).order_by("name", "pk").first()
    return redirect("help", merchant.reference) if merchant else redirect("merchants:home")


@for_members
def show_help(request: MemberRequest) -> HttpResponse:
    """The help page: first steps, answers with the merchant's own figures, words, and where to ask;
    what is looked for in it stands at its top. Raises Http404 if the merchant has not joined
    completely.
    """
    account, text = _account(request), Search(request.GET).text
    today = local_day(account.merchant.credit_line, clock.now())
    shown = help.of(account.merchant, today)
    answers, words = shown.find(text)
    context = {"help": shown, "asked": text, "answers": answers, "words": words}
    return render(request, "help.html", context)


def _account(request: MemberRequest) -> BillingAccount:
    """The merchant's billing account, loaded with its credit line. Raises Http404 if there is
    none.
    """
    account = accounts.with_line(request.membership.merchant)
    if account is None:
        raise Http404("the merchant has not joined completely")
    return account
