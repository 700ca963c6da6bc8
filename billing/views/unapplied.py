"""The page of the merchant's unapplied money, which no bill wanted yet."""

from django.http import HttpResponse
from django.shortcuts import render

from billing import queries
from billing.views.accounts import account_of
from lib import paging
from merchants.access import MemberRequest, for_members


@for_members
def unapplied(request: MemberRequest) -> HttpResponse:
    account = account_of(request)
    page = paging.page(queries.unapplied(account), by="-id", params=request.GET)
    return render(request, "billing/unapplied.html", {"account": account, "page": page})
