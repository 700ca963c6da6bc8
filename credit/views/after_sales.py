"""The pages of what buyers got back or cancelled, with their chart and file."""

from decimal import Decimal
from typing import Any

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from credit import exports
from credit.forms.sales import STAGES, CancelledFilter, RefundFilter
from credit.models import CreditLine
from credit.models.orders import OrderQuerySet
from credit.queries import after_sales as books
from credit.queries import sales as months
from credit.queries.sales import Sales, Stage
from credit.views.lines import line_and_today
from credit.views.sales import bars
from lib import charts, clock
from lib.csv_files import language_asked
from lib.spreadsheets import download
from merchants.access import MemberRequest, for_exporting, for_members
from merchants.queries import LocalDays


@for_members
def after_sales(request: MemberRequest) -> HttpResponse:
    """The page of refunds and cancelled orders of the days that the address asks for, or else of
    the last 90: refunds by how far their orders had come and by buyer, cancelled orders by reason,
    and the list of the refunds, filtered and sorted as the address asks; with a chart and a table
    of refunds in the latest twelve months.
    """
    line, today = line_and_today(request, clock.now())
    local = LocalDays.of(line, today)
    asked = RefundFilter(request.GET, local=local, currency=line.currency)
    # Days that make no sense have no figures, as the list below them has no rows.
    spans = [] if asked.is_mistaken else books.compared(asked.span, today)
    by_month = months.by_month(line, local, spans)
    has_any = any(one.refunded for one in by_month.months)
    label = _("Chart of refunds by month. The table below has its figures.")
    context = asked.context | {
        "line": line,
        "span": asked.span,
        "stages": STAGES,
        "groups": books.of(line, asked.span, by_month.also, local) if spans else None,
        "drawing": charts.inline(_drawn(line, by_month, charts.WIDE), label) if has_any else "",
        "columns": [stage.label for stage in Stage],
        "months": _rows(by_month),
        "page": asked.page(books.refunds(line, **asked.rows)),
    }
    return render(request, "credit/after_sales.html", context)


@for_members
def chart(request: MemberRequest) -> HttpResponse:
    """The chart of refunds by month as an image, narrow for a phone with `?narrow`."""
    line, today = line_and_today(request, clock.now())
    size = charts.NARROW if "narrow" in request.GET else charts.WIDE
    return charts.image(_drawn(line, months.by_month(line, LocalDays.of(line, today)), size))


@for_exporting
def export(request: MemberRequest) -> HttpResponseBase:
    """Download a file of all refunds that the page finds with the same filter: as CSV or, with
    `format=xlsx` in the address, as a spreadsheet. One that an operator takes is put on the trail.
    """
    line, today = line_and_today(request, clock.now())
    asked = RefundFilter(request.GET, local=LocalDays.of(line, today), currency=line.currency)
    found = asked.ordered(books.refunds(line, **asked.rows))
    file_name = asked.file_name("refunds", request.membership.merchant.reference)
    with language_asked(request):
        return download(request, exports.refunds(line, found), file_name)


@for_members
def cancelled(request: MemberRequest) -> HttpResponse:
    """The page with the list of orders that were cancelled, filtered and sorted as the address
    asks.
    """
    _line, asked, found = _cancelled(request)
    return render(request, "credit/cancelled.html", asked.context | {"page": asked.page(found)})


@for_exporting
def export_cancelled(request: MemberRequest) -> HttpResponseBase:
    """Download a file of all cancelled orders that the list finds with the same filter: as CSV or,
    with `format=xlsx` in the address, as a spreadsheet. One that an operator takes is put on the
    trail.
    """
    line, asked, found = _cancelled(request)
    file_name = asked.file_name("cancelled-orders", request.membership.merchant.reference)
    with language_asked(request):
        return download(request, exports.orders(line, asked.ordered(found)), file_name)


def _cancelled(request: MemberRequest) -> tuple[CreditLine, CancelledFilter, OrderQuerySet]:
    """The merchant's credit line, what is asked for of its cancelled orders, and those orders."""
    line, today = line_and_today(request, clock.now())
    asked = CancelledFilter(request.GET, local=LocalDays.of(line, today), currency=line.currency)
    rows = {name: asked.rows[name] for name in ("reference", "buyer")}
    return line, asked, books.cancelled(line, today=today, reason=asked.reason, **rows)


def _drawn(line: CreditLine, found: Sales, size: tuple[int, int]) -> bytes:
    """The chart of refunds by month as SVG, by how far their orders had come."""
    series = [
        charts.Series(
            str(stage.label), [one.by_stage.get(stage, Decimal(0)) for one in found.months]
        )
        for stage in Stage
    ]
    page = reverse("credit:after_sales", args=[line.merchant.reference])
    return bars(
        line, found, series, size, [f"{page}?{one.span.query}#refunds" for one in found.months]
    )


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
