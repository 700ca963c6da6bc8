"""The page of what buyers are to pay, order by order."""

from datetime import date

from django.http import HttpResponse
from django.shortcuts import render

from credit.forms.coming import OVERDUE, UNDELIVERED, ComingFilter
from credit.models import CreditLine
from credit.models.orders import OrderQuerySet
from credit.queries import coming
from credit.views.lines import line_and_today
from lib import calendar, clock
from merchants.access import MemberRequest, for_members
from merchants.queries import LocalDays


@for_members
def payments(request: MemberRequest) -> HttpResponse:
    """The orders of which something is due on the days that are asked for, is overdue, or waits for
    its delivery, and how much that is.
    """
    line, today = line_and_today(request, clock.now())
    asked = ComingFilter(request.GET, local=LocalDays.of(line, today))
    found = asked.narrowed(_found(line, asked, today))
    page, what = asked.page(found.with_is_overdue(today)), asked.rows["what"]
    start = calendar.FIRST_DAY if what == OVERDUE else asked.first(today)
    late = coming.overdue(line, today=today)
    context = asked.context | {
        "line": line,
        "start": start,
        "until": asked.last(today),
        "total": coming.total(found, line.currency),
        "overdue": None if what else coming.total(late, line.currency),
        "page": page,
        "rows": [(order, coming.first_due(order, start)) for order in page.rows],
    }
    return render(request, "credit/coming.html", context)


def _found(line: CreditLine, asked: ComingFilter, today: date) -> OrderQuerySet:
    """The orders that the filter asks for. What is not delivered is due on no day."""
    if asked.rows["what"] == UNDELIVERED:
        found = coming.undelivered(line) if not asked.span else coming.undelivered(line).none()
    elif asked.rows["what"] == OVERDUE:
        yesterday = today - calendar.ONE_DAY
        start = asked.span.since or calendar.FIRST_DAY
        until = min(asked.span.until or yesterday, yesterday)
        found = coming.due_between(line, start=start, until=until)
    else:
        found = coming.due_between(line, start=asked.first(today), until=asked.last(today))
    if asked.rows["buyer"]:
        found = found.filter(buyer=asked.rows["buyer"])
    return found.filter(reference__startswith=asked.rows["reference"])
