"""The list of all of a merchant's charges, whatever statement or bill they are on."""

from django.http import HttpResponse
from django.shortcuts import render

from billing.forms.lists import AllChargesFilter
from billing.queries import found_charges
from billing.views.accounts import account_and_days
from merchants.access import MemberRequest, for_members


@for_members
def all_charges(request: MemberRequest) -> HttpResponse:
    """The page of all charges, found by any part of their references."""
    account, local = account_and_days(request)
    asked = AllChargesFilter(request.GET, local=local, currency=account.currency)
    page = asked.page(found_charges.of(account, part=asked.rows["reference"]))
    context = asked.context | {"account": account, "page": page}
    return render(request, "billing/all_charges.html", context)
