"""Pages that break running figures and totals down: sums by fee and day, and the charges of
each.
"""

from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render

from billing.documents import exports
from billing.forms.lists import ChargesOfOneFilter, DayFilter
from billing.queries import days, forecast, found_charges
from billing.views.accounts import account_and_days, account_and_today, account_of
from lib import clock
from lib.csv_files import language_asked
from lib.spreadsheets import download
from merchants.access import MemberRequest, for_exporting, for_members


@for_members
def all_days(request: MemberRequest) -> HttpResponse:
    """The page with the list of what is charged, by fee and by the day on which it posts, filtered
    and sorted as the address asks.
    """
    account, local = account_and_days(request)
    asked = DayFilter(request.GET, local=local, currency=account.currency)
    context = asked.context | {
        "account": account,
        "page": asked.page(days.of(account, **asked.rows)),
    }
    return render(request, "billing/days.html", context)


@for_exporting
def export_days(request: MemberRequest) -> HttpResponseBase:
    """A file of what is charged by fee and by the day on which it posts, as the list shows
    it with the same filter, all pages of it: as CSV or, with `format=xlsx` in the address,
    as a spreadsheet. One that an operator takes is put on the trail.
    """
    account, local = account_and_days(request)
    asked = DayFilter(request.GET, local=local, currency=account.currency)
    found = asked.ordered(days.of(account, **asked.rows))
    file_name = asked.file_name("fees-by-day", request.membership.merchant.reference)
    with language_asked(request):
        return download(request, exports.days(account, found), file_name)


@for_members
def day(request: MemberRequest, pk: int) -> HttpResponse:
    """The page with the charges of the item with this primary key: those of one fee that post on
    one day, filtered and sorted as the address asks. Raises Http404 if the merchant has no such
    item.
    """
    account = account_of(request)
    item = days.find(account, pk)
    if item is None:
        raise Http404("the merchant has no such item")
    asked = ChargesOfOneFilter(request.GET, currency=account.currency)
    found = found_charges.named(days.charges(item), account.pk, asked.rows["reference"])
    context = asked.context | {"item": item, "page": asked.page(found)}
    return render(request, "billing/day.html", context)


@for_members
def outlook(request: MemberRequest) -> HttpResponse:
    """The page that shows how the forecast is made, figure by figure."""
    account, today = account_and_today(request, clock.now())
    context = {"account": account, "forecast": forecast.forecast(account, today=today)}
    return render(request, "billing/outlook.html", context)
