"""The pages of sales by month, with their chart and file."""

from collections.abc import Sequence
from datetime import date

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from credit import exports
from credit.forms.sales import MonthFilter
from credit.models import CreditLine
from credit.queries import sales as books
from credit.queries.sales import Sales
from credit.views.lines import line_and_today
from lib import calendar, charts, clock, formats
from lib.csv_files import language_asked
from lib.spreadsheets import download
from merchants.access import MemberRequest, for_exporting, for_members
from merchants.queries import LocalDays


@for_members
def sales(request: MemberRequest) -> HttpResponse:
    """The page of sales by month, for the latest twelve: orders, what they were worth, and what was
    refunded.
    """
    line, today = line_and_today(request, clock.now())
    found = books.by_month(line, LocalDays.of(line, today))
    has_any = any(one.has_any for one in found.months)
    label = _("Chart of sales and refunds by month. The table below has its figures.")
    context = {
        "line": line,
        "today": today,
        "rows": [(*row, row[0].average(line.currency)) for row in found.rows],
        "before": found.so_far_before,
        "drawing": charts.inline(_drawn(line, found, charts.WIDE), label) if has_any else "",
    }
    return render(request, "credit/sales.html", context)


@for_exporting
def export(request: MemberRequest) -> HttpResponseBase:
    """Download a file of sales and refunds by month, for the latest twelve, without empty ones at
    the beginning: as CSV or, with `format=xlsx` in the address, as a spreadsheet. One that an
    operator takes is put on the trail.
    """
    line, today = line_and_today(request, clock.now())
    found = books.by_month(line, LocalDays.of(line, today))
    first, last = found.months[0].start, found.months[-1].start
    file_name = f"sales-{request.membership.merchant.reference}-{first:%Y-%m}-to-{last:%Y-%m}.csv"
    with language_asked(request):
        return download(request, exports.months(line, found), file_name)


@for_members
def chart(request: MemberRequest) -> HttpResponse:
    """The chart of sales and refunds by month as an image, narrow for a phone with `?narrow`."""
    line, today = line_and_today(request, clock.now())
    size = charts.NARROW if "narrow" in request.GET else charts.WIDE
    return charts.image(_drawn(line, books.by_month(line, LocalDays.of(line, today)), size))


@for_members
def month(request: MemberRequest, month: date) -> HttpResponse:
    """The page of the month that starts on `month`: what was sold, cancelled and refunded in it,
    and the list of the orders placed in it, filtered and sorted as the address asks; declined ones
    are left out, and cancelled ones, too, unless the address asks for these.
    """
    line, today = line_and_today(request, clock.now())
    local = LocalDays.of(line, today)
    asked = MonthFilter(request.GET, local=local, currency=line.currency, month=month)
    sums = books.of_month(line, month, local)
    context = asked.context | {
        "line": line,
        "month": month,
        "month_end": calendar.month_end(month),
        "sums": sums,
        "average": sums.average(line.currency),
        "is_open": month == calendar.month_of(today),
        "page": asked.page(books.orders_of(line, month, local, **asked.rows)),
    }
    return render(request, "credit/sales_month.html", context)


@for_exporting
def export_month(request: MemberRequest, month: date) -> HttpResponseBase:
    """Download a file of the orders of a month that its page finds with the same filter: as CSV or,
    with `format=xlsx` in the address, as a spreadsheet. One that an operator takes is put on the
    trail.
    """
    line, today = line_and_today(request, clock.now())
    local = LocalDays.of(line, today)
    asked = MonthFilter(request.GET, local=local, currency=line.currency, month=month)
    found = asked.ordered(books.orders_of(line, month, local, **asked.rows))
    file_name = asked.file_name("orders", request.membership.merchant.reference)
    with language_asked(request):
        return download(request, exports.orders(line, found), file_name)


def bars(
    line: CreditLine,
    found: Sales,
    series: Sequence[charts.Series],
    size: tuple[int, int],
    opens: Sequence[str],
) -> bytes:
    """A chart of amounts in the line's currency as SVG, with a bar for each month, which opens the
    address at its place in `opens`.
    """
    return charts.bars(
        series,
        [formats.short_month(one.start) for one in found.months],
        figure=formats.whole,
        told=lambda value: formats.plain_money(formats.as_money(value, line.currency)),
        size=size,
        opens=opens,
    )


def _drawn(line: CreditLine, found: Sales, size: tuple[int, int]) -> bytes:
    """The chart of sales by month as SVG, with what was refunded under the axis."""
    series = [
        charts.Series(_("Sales"), [one.sold for one in found.months]),
        charts.Series(_("Refunded"), [one.refunded for one in found.months], is_taken_off=True),
    ]
    merchant = line.merchant.reference
    opens = [reverse("credit:sales_month", args=[merchant, one.start]) for one in found.months]
    return bars(line, found, series, size, opens)
