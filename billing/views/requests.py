"""The pages of a merchant's fulfilment requests."""

from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render

from billing.documents import exports
from billing.forms.lists import ChargeOrder, RequestFilter
from billing.queries import requests
from billing.views.accounts import account_and_days, account_of
from credit.queries import orders
from lib.csv_files import language_asked
from lib.spreadsheets import download
from merchants.access import MemberRequest, for_exporting, for_members


@for_members
def fulfilment_requests(request: MemberRequest) -> HttpResponse:
    """The list of fulfilment requests with what each has cost, filtered and sorted."""
    account, local = account_and_days(request)
    asked = RequestFilter(request.GET, local=local, account=account)
    page = asked.page(requests.of(account, start=asked.rows["reference"]))
    context = asked.context | {
        "account": account,
        "page": page,
        "costs": requests.costs(page.rows),
    }
    return render(request, "billing/requests.html", context)


@for_exporting
def export_requests(request: MemberRequest) -> HttpResponseBase:
    """A CSV file of the fulfilment requests that the list shows with the same filter, each with
    its cost.
    """
    account, local = account_and_days(request)
    asked = RequestFilter(request.GET, local=local, account=account)
    found = asked.ordered(requests.of(account, start=asked.rows["reference"]))
    file_name = f"fulfilment-costs-{request.membership.merchant.reference}-{local.today}.csv"
    with language_asked(request):
        return download(request, exports.requests(account, found), file_name)


@for_members
def fulfilment_request(request: MemberRequest, reference: str) -> HttpResponse:
    """The page of one fulfilment request with its charges. Raises Http404 if there is none."""
    account = account_of(request)
    found = requests.find(account, reference)
    if found is None:
        raise Http404("no fulfilment request has this reference")
    asked = ChargeOrder(request.GET)
    context = asked.context | {
        "account": account,
        "found": found,
        "cost": requests.costs([found])[found],
        "has_order": orders.exists(request.membership.merchant, found.reference),
        "page": asked.page(requests.charges(found)),
    }
    return render(request, "billing/request.html", context)
