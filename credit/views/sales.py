"""The pages of sales by month and of after-sales, with their charts and files."""

from collections.abc import Sequence
from datetime import date

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext as _

from credit import exports
from credit.forms.sales import (
    CANCELLED,
    SOLD,
    SPANS,
    STAGES,
    CancelledFilter,
    MonthFilter,
    RefundFilter,
)
from credit.models import CreditLine
from credit.queries import after_sales as refunds
from credit.queries import sales as books
from credit.queries.sales import Sales, Stage
from credit.views.lines import line_and_today
from lib import calendar, charts, clock, formats
from lib.csv_files import language_asked
from lib.spreadsheets import download
from merchants.access import MemberRequest, for_exporting, for_members


@for_members
def sales(request: MemberRequest) -> HttpResponse:
    """The latest months: orders, what they were worth, and what was refunded."""
    line, today = line_and_today(request, clock.now())
    found = books.by_month(line, today=today)
    context = {
        "line": line,
        "today": today,
        "rows": [(one, more, one.average(line.currency)) for one, more in found.rows],
        "before": found.so_far_before,
        "drawing": _drawing(_sold(line, found, charts.WIDE), _sales_label(), found),
    }
    return render(request, "credit/sales.html", context)


@for_members
def sales_chart(request: MemberRequest) -> HttpResponse:
    """The chart of sales by month; `?narrow` is drawn for a phone."""
    line, today = line_and_today(request, clock.now())
    return charts.image(_sold(line, books.by_month(line, today=today), _size(request)))


@for_members
def month(request: MemberRequest, month: date) -> HttpResponse:
    """The orders that were placed in a month, and what they come to."""
    line, today = line_and_today(request, clock.now())
    asked = MonthFilter(request.GET)
    is_cancelled = asked.rows["what"] == CANCELLED
    found = books.orders_of(line, month, is_cancelled=is_cancelled, today=today)
    sums = books.of_month(line, month)
    context = asked.context | {
        "line": line,
        "month": month,
        "sums": sums,
        "average": sums.average(line.currency),
        "is_open": month == calendar.month_of(today),
        "what": SOLD,
        "page": asked.page(found),
    }
    return render(request, "credit/sales_month.html", context)


@for_exporting
def export_month(request: MemberRequest, month: date) -> HttpResponseBase:
    """Download a CSV file of the orders of a month that its page finds with the same filter."""
    line, today = line_and_today(request, clock.now())
    asked = MonthFilter(request.GET)
    is_cancelled = asked.rows["what"] == CANCELLED
    found = asked.ordered(books.orders_of(line, month, is_cancelled=is_cancelled, today=today))
    file_name = f"orders-{request.membership.merchant.reference}-{month:%Y-%m}.csv"
    with language_asked(request):
        return download(request, exports.orders(line, found), file_name)


@for_members
def after_sales(request: MemberRequest) -> HttpResponse:
    """Refunds by how far their orders had come and by buyer, cancelled orders by reason, and every
    refund.
    """
    line, today = line_and_today(request, clock.now())
    asked, by_month = RefundFilter(request.GET), books.by_month(line, today=today)
    days, month = asked.span
    start, end = refunds.span(line, today=today, days=days, month=month)
    rows = asked.rows
    found = refunds.refunds(line, start=start, end=end, stage=rows["stage"], buyer=rows["buyer"])
    context = asked.context | {
        "line": line,
        "month": month,
        "days": days,
        "spans": SPANS,
        "stages": STAGES,
        "groups": refunds.of(line, start=start, end=end),
        "drawing": _drawing(_refunded(line, by_month, charts.WIDE), _refunds_label(), by_month),
        "columns": [stage.label for stage in Stage],
        "months": [(one, _stages(one), more) for one, more in _with_change(by_month)],
        "page": asked.page(found),
    }
    return render(request, "credit/after_sales.html", context)


@for_members
def refunds_chart(request: MemberRequest) -> HttpResponse:
    """The chart of refunds by month; `?narrow` is drawn for a phone."""
    line, today = line_and_today(request, clock.now())
    return charts.image(_refunded(line, books.by_month(line, today=today), _size(request)))


@for_exporting
def export_refunds(request: MemberRequest) -> HttpResponseBase:
    """Download a CSV file of all refunds that the page finds with the same filter."""
    line, today = line_and_today(request, clock.now())
    asked = RefundFilter(request.GET)
    days, month = asked.span
    start, end = refunds.span(line, today=today, days=days, month=month)
    rows = asked.rows
    found = refunds.refunds(line, start=start, end=end, stage=rows["stage"], buyer=rows["buyer"])
    file_name = f"refunds-{request.membership.merchant.reference}-{today}.csv"
    with language_asked(request):
        return download(request, exports.refunds(line, asked.ordered(found)), file_name)


@for_members
def cancelled(request: MemberRequest) -> HttpResponse:
    """The orders placed on some days that were cancelled, all or for one reason."""
    line, today = line_and_today(request, clock.now())
    asked = CancelledFilter(request.GET)
    days, month = asked.span
    start, end = refunds.span(line, today=today, days=days, month=month)
    reason = "" if asked.rows["none"] else asked.rows["reason"] or None
    found = refunds.cancelled(line, start=start, end=end, reason=reason).with_is_overdue(today)
    context = asked.context | {
        "line": line,
        "month": month,
        "days": days,
        "reason": reason,
        "spans": SPANS,
        "page": asked.page(found),
    }
    return render(request, "credit/cancelled.html", context)


def _size(request: MemberRequest) -> tuple[int, int]:
    return charts.NARROW if "narrow" in request.GET else charts.WIDE


def _sales_label() -> str:
    return _("Chart of net sales and refunds by month. The table below has its figures.")


def _refunds_label() -> str:
    return _("Chart of refunds by month. The table below has its figures.")


def _drawing(drawn: bytes, label: str, found: Sales) -> str:
    """The chart as a part of the page; "" if there is nothing to draw."""
    return charts.inline(drawn, label) if any(one.has_any for one in found.months) else ""


def _sold(line: CreditLine, found: Sales, size: tuple[int, int]) -> bytes:
    """The chart of sales by month as SVG: what is left of them, and what was refunded."""
    return _bars(
        line,
        found,
        [
            charts.Series(_("Sales"), [one.sold for one in found.months]),
            charts.Series(_("Refunded"), [-one.refunded for one in found.months]),
        ],
        size,
    )


def _refunded(line: CreditLine, found: Sales, size: tuple[int, int]) -> bytes:
    """The chart of refunds by month as SVG, by how far their orders had come."""
    series = [
        charts.Series(str(stage.label), [_stages(one)[place] for one in found.months])
        for place, stage in enumerate(Stage)
    ]
    return _bars(line, found, series, size)


def _bars(
    line: CreditLine, found: Sales, series: Sequence[charts.Series], size: tuple[int, int]
) -> bytes:
    return charts.bars(
        series,
        [formats.short_month(one.start) for one in found.months],
        figure=formats.whole,
        told=lambda value: formats.plain_money(formats.as_money(value, line.currency)),
        size=size,
    )


def _stages(one: books.Sums) -> list[books.Decimal]:
    """What was refunded in a month, stage by stage."""
    return [one.by_stage.get(stage, books.Decimal(0)) for stage in Stage]


def _with_change(found: Sales) -> list[tuple[books.Sums, books.Decimal | None]]:
    """Each month, latest first, and by how much more was refunded than in the month before."""
    before = [None, *(one.refunded for one in found.months[:-1])]
    pairs = zip(found.months, before, strict=True)
    return [(one, None if was is None else one.refunded - was) for one, was in pairs][::-1]
