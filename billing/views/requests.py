from django.http import Http404, HttpResponse
from django.shortcuts import render

from billing.forms.lists import RequestFilter
from billing.queries import requests
from billing.views.accounts import account_of
from merchants import paging
from merchants.access import MemberRequest, for_members


@for_members
def fulfilment_requests(request: MemberRequest) -> HttpResponse:
    account = account_of(request)
    start = RequestFilter(request.GET).start
    # What starts alike lies together only by reference.
    by = "reference" if start else "-first_at"
    page = paging.page(requests.of(account, start=start), by=by, params=request.GET)
    context = {
        "account": account,
        "page": page,
        "costs": requests.costs(page.rows),
        "start": start,
    }
    return render(request, "billing/requests.html", context)


@for_members
def fulfilment_request(request: MemberRequest, reference: str) -> HttpResponse:
    account = account_of(request)
    found = requests.find(account, reference)
    if found is None:
        raise Http404("no fulfilment request has this reference")
    context = {
        "account": account,
        "found": found,
        "cost": requests.costs([found])[found],
        "page": paging.page(requests.charges(found), by="at", params=request.GET),
    }
    return render(request, "billing/request.html", context)
