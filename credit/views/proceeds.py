"""The pages of a merchant's proceeds: where they are, and their entries."""

from datetime import date

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render

from credit import exports
from credit.forms.withdrawals import DayFilter, EntryFilter
from credit.queries import proceeds, unmatched, withdrawals
from credit.views.lines import line_and_today
from lib import clock
from lib.csv_files import language_asked
from lib.spreadsheets import download
from merchants.access import MemberRequest, for_exporting, for_members
from merchants.queries import LocalDays

LATEST = 10  # entries
UNDER_WAY = 5  # withdrawals


@for_members
def overview(request: MemberRequest) -> HttpResponse:
    """The page of the proceeds: what is maturing, available, on its way and paid out, with the
    LATEST entries and unmatched payments, the newest withdrawals under way, and the freeze that
    stops withdrawals, if there is one.
    """
    now = clock.now()
    line, today = line_and_today(request, now)
    context = {
        "line": line,
        "now": now,
        "buckets": proceeds.buckets(line.pk, today=today),
        "stopped_by": withdrawals.stopped_by(line),
        "under_way": withdrawals.under_way(line)[:UNDER_WAY],
        "unmatched": unmatched.of_line(line)[:LATEST],
        "entries": proceeds.with_balances(line, proceeds.entries(line)[:LATEST]),
    }
    return render(request, "credit/proceeds.html", context)


@for_members
def day(request: MemberRequest, on: date) -> HttpResponse:
    """The page of what matures on local day `on`, and of the refunds that took from it."""
    line, today = line_and_today(request, clock.now())
    asked = DayFilter(request.GET, currency=line.currency)
    context = asked.context | {
        "line": line,
        "on": on,
        "is_to_come": on > today,
        "total": proceeds.total_of_day(line, on),
        "page": asked.page(proceeds.entries_of_day(line, on)),
    }
    return render(request, "credit/proceeds_day.html", context)


@for_members
def entries(request: MemberRequest) -> HttpResponse:
    """The page with the list of entries of the merchant's proceeds, each with the balance after it,
    filtered and sorted as the address asks.
    """
    line, today = line_and_today(request, clock.now())
    asked = EntryFilter(request.GET, local=LocalDays.of(line, today), currency=line.currency)
    page = asked.page(proceeds.entries(line, **asked.rows))
    entries = proceeds.with_balances(line, page.rows, oldest_first=asked.by == "id")
    context = asked.context | {"line": line, "page": page, "entries": entries}
    return render(request, "credit/proceeds_entries.html", context)


@for_exporting
def export_entries(request: MemberRequest) -> HttpResponseBase:
    """Download a file of all entries that the list finds with the same filter: as CSV or, with
    `format=xlsx` in the address, as a spreadsheet. One that an operator takes is put on the trail.
    """
    line, today = line_and_today(request, clock.now())
    asked = EntryFilter(request.GET, local=LocalDays.of(line, today), currency=line.currency)
    found = asked.ordered(proceeds.entries(line, **asked.rows))
    file_name = asked.file_name("proceeds", request.membership.merchant.reference)
    with language_asked(request):
        return download(request, exports.proceeds_entries(line, found, asked.by), file_name)
