"""The page of the merchant's unapplied money, which no bill wanted yet."""

from django.http import HttpResponse
from django.shortcuts import render

from billing.forms.lists import UnappliedFilter
from billing.queries import unapplied as unapplied_queries
from billing.views.accounts import account_and_days
from merchants.access import MemberRequest, for_members


@for_members
def unapplied(request: MemberRequest) -> HttpResponse:
    """The page with the list of money that no bill wanted, and of what became of it, filtered and
    sorted as the address asks.
    """
    account, local = account_and_days(request)
    asked = UnappliedFilter(request.GET, local=local, currency=account.currency)
    page = asked.page(unapplied_queries.entries(account, **asked.rows))
    context = asked.context | {"account": account, "page": page}
    return render(request, "billing/unapplied.html", context)
