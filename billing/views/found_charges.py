"""The list of all of a merchant's charges, whatever statement or bill they are on, and its file."""

from django.db.models import QuerySet
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render

from billing.documents import exports
from billing.forms.lists import AllChargesFilter
from billing.models import BillingAccount, Charge
from billing.queries import found_charges
from billing.views.accounts import account_and_days
from lib.csv_files import language_asked
from lib.spreadsheets import download
from merchants.access import MemberRequest, for_exporting, for_members


@for_members
def all_charges(request: MemberRequest) -> HttpResponse:
    """The page of all charges, found by any part of their references, by fee and by day."""
    account, asked, found = _asked(request)
    context = asked.context | {"account": account, "page": asked.page(found)}
    return render(request, "billing/all_charges.html", context)


@for_exporting
def export(request: MemberRequest) -> HttpResponseBase:
    """A file of all charges that the page finds with the same filter: as CSV or, with `format=xlsx`
    in the address, as a spreadsheet. One that an operator takes is put on the trail.
    """
    account, asked, found = _asked(request)
    file_name = asked.file_name("charges", request.membership.merchant.reference)
    with language_asked(request):
        return download(request, exports.charges(account, asked.ordered(found)), file_name)


def _asked(request: MemberRequest) -> tuple[BillingAccount, AllChargesFilter, QuerySet[Charge]]:
    """The merchant's account, what is asked for of its charges, and those that this finds."""
    account, local = account_and_days(request)
    fees = found_charges.fees(account)
    asked = AllChargesFilter(request.GET, local=local, currency=account.currency, fees=fees)
    rows = {"part": asked.rows["reference"], "fee": asked.rows["fee"]}
    return account, asked, found_charges.of(account, **rows)
