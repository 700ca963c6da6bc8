"""The page of what buyers are to pay, order by order."""

from datetime import date, timedelta
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render

from credit.forms.coming import OVERDUE, UNDELIVERED, WHAT, ComingFilter
from credit.models import CreditLine
from credit.models.orders import OrderQuerySet
from credit.queries import coming
from credit.views.lines import line_and_today
from lib import clock
from merchants.access import MemberRequest, for_members

DAYS_AHEAD = timedelta(61)  # after today, as in the money calendar


@for_members
def payments(request: MemberRequest) -> HttpResponse:
    """The orders of which something is due on the days in the address, is overdue, or waits for its
    delivery, and how much that is.
    """
    line, today = line_and_today(request, clock.now())
    asked = ComingFilter(request.GET)
    start, until = asked.rows["start"] or today, asked.rows["until"] or today + DAYS_AHEAD
    found = _found(line, asked.rows, start=max(start, today), until=until, today=today)
    context = asked.context | {
        "line": line,
        "what": WHAT,
        "start": max(start, today),
        "until": until,
        "total": coming.total(found, line.currency),
        "page": asked.page(found.with_is_overdue(today)),
    }
    return render(request, "credit/coming.html", context)


def _found(
    line: CreditLine, rows: dict[str, Any], *, start: date, until: date, today: date
) -> OrderQuerySet:
    """The orders that the filter asks for."""
    if rows["what"] == OVERDUE:
        return coming.overdue(line, today=today)
    if rows["what"] == UNDELIVERED:
        return coming.undelivered(line)
    return coming.due_between(line, start=start, until=until)
