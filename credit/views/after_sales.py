"""The pages of what buyers got back or cancelled, with their chart and file."""

from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext as _

from credit import exports
from credit.forms.sales import SPANS, STAGES, CancelledFilter, RefundFilter
from credit.models import CreditLine, OrderRefund
from credit.queries import after_sales as books
from credit.queries import sales as months
from credit.queries.sales import Sales, Stage
from credit.views.lines import line_and_today
from credit.views.sales import bars
from lib import charts, clock
from lib.csv_files import language_asked
from lib.spreadsheets import download
from merchants.access import MemberRequest, for_exporting, for_members


@for_members
def after_sales(request: MemberRequest) -> HttpResponse:
    """Refunds by how far their orders had come and by buyer, cancelled orders by reason, and every
    refund.
    """
    line, today = line_and_today(request, clock.now())
    asked, by_month = RefundFilter(request.GET), months.by_month(line, today=today)
    start, end = books.span(line, asked.lately, today=today)
    has_any = any(one.refunded for one in by_month.months)
    label = _("Chart of refunds by month. The table below has its figures.")
    context = asked.context | {
        "line": line,
        "month": asked.lately.month,
        "spans": SPANS,
        "stages": STAGES,
        "groups": books.of(line, start=start, end=end),
        "drawing": charts.inline(_drawn(line, by_month, charts.WIDE), label) if has_any else "",
        "columns": [stage.label for stage in Stage],
        "months": _rows(by_month),
        "page": asked.page(_found(line, asked, today)),
    }
    return render(request, "credit/after_sales.html", context)


@for_members
def chart(request: MemberRequest) -> HttpResponse:
    """The chart of refunds by month; `?narrow` is drawn for a phone."""
    line, today = line_and_today(request, clock.now())
    size = charts.NARROW if "narrow" in request.GET else charts.WIDE
    return charts.image(_drawn(line, months.by_month(line, today=today), size))


@for_exporting
def export(request: MemberRequest) -> HttpResponseBase:
    """Download a CSV file of all refunds that the page finds with the same filter."""
    line, today = line_and_today(request, clock.now())
    asked = RefundFilter(request.GET)
    found = asked.ordered(_found(line, asked, today))
    file_name = f"refunds-{request.membership.merchant.reference}-{today}.csv"
    with language_asked(request):
        return download(request, exports.refunds(line, found), file_name)


@for_members
def cancelled(request: MemberRequest) -> HttpResponse:
    """The orders placed on some days that were cancelled, all or for one reason."""
    line, today = line_and_today(request, clock.now())
    asked = CancelledFilter(request.GET)
    start, end = books.span(line, asked.lately, today=today)
    found = books.cancelled(line, start=start, end=end, reason=asked.reason)
    context = asked.context | {
        "month": asked.lately.month,
        "reason": asked.reason,
        "spans": SPANS,
        "page": asked.page(found.with_is_overdue(today)),
    }
    return render(request, "credit/cancelled.html", context)


def _found(line: CreditLine, asked: RefundFilter, today: date) -> QuerySet[OrderRefund]:
    """The refunds that the filter asks for."""
    start, end = books.span(line, asked.lately, today=today)
    stage, buyer = asked.rows["stage"], asked.rows["buyer"]
    return books.refunds(line, start=start, end=end, stage=stage, buyer=buyer)


def _drawn(line: CreditLine, found: Sales, size: tuple[int, int]) -> bytes:
    """The chart of refunds by month as SVG, by how far their orders had come."""
    series = [
        charts.Series(
            str(stage.label), [one.by_stage.get(stage, Decimal(0)) for one in found.months]
        )
        for stage in Stage
    ]
    return bars(line, found, series, size)


def _rows(found: Sales) -> list[Any]:
    """A row for each month, latest first: the month, what was refunded stage by stage as (stage,
    amount), and by how much that is more than in the month before; None for the first one.
    """
    before = [None, *(one.refunded for one in found.months[:-1])]
    return [
        (
            one,
            [(stage.value, one.by_stage.get(stage, Decimal(0))) for stage in Stage],
            None if was is None else one.refunded - was,
        )
        for one, was in zip(found.months, before, strict=True)
    ][::-1]
