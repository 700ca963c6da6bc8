"""The page of what buyers are to pay, order by order, and its file."""

from datetime import date
from typing import Any

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render

from credit import exports
from credit.forms.coming import DAYS_AHEAD, LATER, OVERDUE, UNDELIVERED, ComingFilter
from credit.models import CreditLine
from credit.models.orders import OrderQuerySet
from credit.queries import coming
from credit.views.lines import line_and_today
from lib import calendar, clock, money
from lib.csv_files import language_asked
from lib.spreadsheets import download
from merchants.access import MemberRequest, for_exporting, for_members
from merchants.queries import LocalDays


@for_members
def payments(request: MemberRequest) -> HttpResponse:
    """The page of the open orders of which something is due on the days asked for or, if that is
    asked for instead, is overdue, due later, or waits for the order's delivery; and how much that
    is.
    """
    line, today, asked, found = _asked(request)
    context = asked.context | {
        "line": line,
        "start": asked.first(today),
        "until": asked.last(today),
        "ahead": today + DAYS_AHEAD,
        "held": _held(line, today),
        "total": coming.total(found, line.currency),
        "page": asked.page(found),
    }
    return render(request, "credit/coming.html", context)


@for_exporting
def export(request: MemberRequest) -> HttpResponseBase:
    """Download a file of all orders that the page finds with the same filter: as CSV or, with
    `format=xlsx` in the address, as a spreadsheet. One that an operator takes is put on the trail.
    """
    line, _today, asked, found = _asked(request)
    file_name = asked.file_name("payments-to-come", request.membership.merchant.reference)
    with language_asked(request):
        return download(request, exports.coming(line, asked.ordered(found)), file_name)


def _asked(request: MemberRequest) -> tuple[CreditLine, date, ComingFilter, OrderQuerySet]:
    """The merchant's credit line, its local day, what is asked for of the payments to come, and the
    orders that this finds, each with what is due as `coming` and when as `next_due`.
    """
    line, today = line_and_today(request, clock.now())
    asked = ComingFilter(request.GET, local=LocalDays.of(line, today), currency=line.currency)
    found = asked.narrowed(_found(line, asked, today)).with_is_overdue(today)
    return line, today, asked, coming.with_next_due(found, start=asked.first(today))


def _found(line: CreditLine, asked: ComingFilter, today: date) -> OrderQuerySet:
    """The orders that the filter asks for, each annotated with what is due on its days as `coming`.
    What is not delivered is due on no day, so it is found only if no days are asked for.
    """
    if asked.rows["what"] == UNDELIVERED:
        found = coming.undelivered(line) if not asked.span else coming.undelivered(line).none()
    elif asked.rows["what"] == OVERDUE:
        yesterday = today - calendar.ONE_DAY
        until = min(asked.span.until or yesterday, yesterday)
        found = coming.due_between(line, start=asked.first(today), until=until)
    elif asked.rows["what"] == LATER:
        until = asked.span.until or date(calendar.LAST_YEAR, 12, 31)
        found = coming.due_between(line, start=asked.first(today), until=until)
    else:
        found = coming.due_between(line, start=asked.first(today), until=asked.last(today))
    if asked.rows["buyer"]:
        found = found.filter(buyer=asked.rows["buyer"])
    return found.filter(reference__icontains=asked.rows["reference"])


def _held(line: CreditLine, today: date) -> dict[str, Any] | None:
    """What the open orders hold of the limit, by when it is to be paid: amounts by the keys
    `overdue`, `due` (in the days of the money calendar, DAYS_AHEAD from `today`), `later` and
    `undelivered`. They add up to `line.used`. None if there are so many orders that the days looked
    at end earlier.
    """
    until = today + DAYS_AHEAD
    found = coming.expected(line, today=today, until=until)
    if found.until < until:
        return None
    due = money.of(found.by(until), line.currency)
    later = line.used - found.overdue - due - found.undelivered
    return {
        "overdue": found.overdue,
        "due": due,
        "later": later,
        "undelivered": found.undelivered,
    }
