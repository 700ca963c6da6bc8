from django.http import Http404, HttpResponse
from django.shortcuts import render

from billing.forms.lists import ChargeOrder, RequestFilter
from billing.queries import requests
from billing.views.accounts import account_of
from merchants.access import MemberRequest, for_members


@for_members
def fulfilment_requests(request: MemberRequest) -> HttpResponse:
    account = account_of(request)
    asked = RequestFilter(request.GET)
    page = asked.page(requests.of(account, start=asked.rows["reference"]))
    context = asked.context | {
        "account": account,
        "page": page,
        "costs": requests.costs(page.rows),
    }
    return render(request, "billing/requests.html", context)


@for_members
def fulfilment_request(request: MemberRequest, reference: str) -> HttpResponse:
    account = account_of(request)
    found = requests.find(account, reference)
    if found is None:
        raise Http404("no fulfilment request has this reference")
    asked = ChargeOrder(request.GET)
    context = asked.context | {
        "account": account,
        "found": found,
        "cost": requests.costs([found])[found],
        "page": asked.page(requests.charges(found)),
    }
    return render(request, "billing/request.html", context)
