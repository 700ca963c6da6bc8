"""The pages that ask for credits on charges."""

from http import HTTPStatus

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from billing.documents import exports
from billing.forms.credits import ChargeSearch, CreditRequest
from billing.forms.lists import CreditFilter
from billing.models import BillingAccount
from billing.operations import credits
from billing.queries import credits as asked
from billing.views.accounts import account_and_days, account_of
from lib import clock
from lib.csv_files import language_asked
from lib.refusals import Refused
from lib.refused_forms import add_refusal
from lib.spreadsheets import download
from merchants.access import MemberRequest, for_exporting, for_finance, for_members


@for_members
def all_credits(request: MemberRequest) -> HttpResponse:
    """The page with the list of credits, asked for and given, filtered and sorted as the address
    asks.
    """
    account, local = account_and_days(request)
    wanted = CreditFilter(request.GET, local=local, currency=account.currency)
    page = wanted.page(asked.of(account, **wanted.rows))
    return render(request, "billing/credits.html", wanted.context | {"page": page})


@for_exporting
def export_credits(request: MemberRequest) -> HttpResponseBase:
    """A file of the credits that the list shows with the same filter, all pages of it: as CSV or,
    with `format=xlsx` in the address, as a spreadsheet. One that an operator takes is put on the
    trail.
    """
    account, local = account_and_days(request)
    wanted = CreditFilter(request.GET, local=local, currency=account.currency)
    found = wanted.ordered(asked.of(account, **wanted.rows))
    file_name = wanted.file_name("credits", request.membership.merchant.reference)
    with language_asked(request):
        return download(request, exports.credits(account, found), file_name)


@for_members
def credit(request: MemberRequest, pk: int) -> HttpResponse:
    """The page of the credit with this primary key. Raises Http404 if the merchant has no such
    credit.
    """
    credit = asked.find(account_of(request), pk)
    if credit is None:
        raise Http404("the merchant has no such credit")
    return render(request, "billing/credit.html", {"credit": credit})


@for_finance
def new_credit(request: MemberRequest) -> HttpResponse:
    """The page that asks for a credit in two steps: which charge, and then how much of it and why.
    A POST asks for the credit, with a trail row, and leads to the credit's page; if it is invalid
    or refused, the form is shown again with the reason and status 422. Owners and finance may.
    """
    account = account_of(request)
    if request.method == "POST":
        return _ask(request, account)
    search = ChargeSearch(request.GET if "charge" in request.GET else None, account=account)
    if not search.is_valid():
        return render(request, "billing/credit_search.html", {"form": search})
    form = CreditRequest(charge=search.found)
    return render(request, "billing/credit_form.html", {"form": form, "charge": search.found})


def _ask(request: MemberRequest, account: BillingAccount) -> HttpResponse:
    """Ask for the credit that the form states, with a trail row and under the account's lock, and
    lead to its page; show the form again, with the reason and status 422, if it is invalid or
    refused.
    """
    now = clock.now()
    search = ChargeSearch(request.POST, account=account)
    if not search.is_valid():
        page = "billing/credit_search.html"
        return render(request, page, {"form": search}, status=_UNPROCESSABLE)
    form = CreditRequest(request.POST, charge=search.found)
    if form.is_valid():
        try:
            credit = credits.ask(
                merchant_id=account.pk,
                charge=search.found.reference,
                actor=request.user.email,
                now=now,
                **form.asked,
            )
        except Refused as refused:
            add_refusal(form, refused)
        else:
            messages.success(request, _("You have asked for a credit. We will answer here."))
            return redirect("billing:credit", request.membership.merchant.reference, credit.pk)
    context = {"form": form, "charge": search.found}
    return render(request, "billing/credit_form.html", context, status=_UNPROCESSABLE)


_UNPROCESSABLE = HTTPStatus.UNPROCESSABLE_ENTITY
