"""The pages of a merchant's orders, and their files."""

from datetime import date

from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render

from credit import exports, related
from credit.forms.orders import DeclinedFilter, OrderFilter
from credit.models import Order, OrderPayment
from credit.queries import declined, policies, proceeds, timelines, unmatched
from credit.queries import orders as order_queries
from credit.queries import parts as order_parts
from credit.views.lines import line_and_today
from lib import clock
from lib.csv_files import language_asked
from lib.spreadsheets import download
from merchants.access import MemberRequest, for_exporting, for_members
from merchants.queries import LocalDays


@for_members
def orders(request: MemberRequest) -> HttpResponse:
    """The page with the list of the merchant's orders, filtered and sorted as the address asks."""
    line, today = line_and_today(request, clock.now())
    asked = OrderFilter(request.GET, local=LocalDays.of(line, today), currency=line.currency)
    found = order_queries.of_line(line, today=today, **asked.wanted)
    page = asked.page(order_queries.with_sold(found))
    return render(request, "credit/orders.html", asked.context | {"page": page})


@for_exporting
def export_orders(request: MemberRequest) -> HttpResponseBase:
    """Download a file of all orders that the list finds with the same filter: as CSV or, with
    `format=xlsx` in the address, as a spreadsheet. One that an operator takes is put on the trail.
    """
    line, today = line_and_today(request, clock.now())
    asked = OrderFilter(request.GET, local=LocalDays.of(line, today), currency=line.currency)
    found = asked.ordered(order_queries.of_line(line, today=today, **asked.wanted))
    file_name = asked.file_name("orders", request.membership.merchant.reference)
    with language_asked(request):
        return download(request, exports.orders(line, found), file_name)


@for_members
def order(request: MemberRequest, reference: str) -> HttpResponse:
    """The page of one order: its parts, payments, timeline and proceeds, and when it would be
    written off. Raises Http404 if the merchant has no order with this reference.
    """
    line, today = line_and_today(request, clock.now())
    order = order_queries.by_reference(line, reference, today=today)
    if order is None:
        raise Http404("no order has this reference")
    order.line, line.merchant = line, request.membership.merchant  # which are read already
    cash, found = unmatched.not_applied(order), related.of_order(line, order)
    timeline, parts = timelines.of_order(order, cash), order_parts.of_order(order, today=today)
    context = {
        "order": order,
        "parts": parts,
        "overdue": order_parts.overdue(parts, line.currency),
        "write_off_on": _write_off_on(order, today),
        "related": found,
        "net": related.net(order, found),
        "proceeds": proceeds.of_order(order, today=today),
        "timeline": timeline,
        "limit_fell": next((one.limit_fell for one in timeline if one.limit_fell), None),
        "unmatched": [one for one in cash if one.status == OrderPayment.Status.UNMATCHED],
    }
    return render(request, "credit/order.html", context)


def _write_off_on(order: Order, today: date) -> date | None:
    """The day on which the order is written off if nothing is paid, by the policy in force; None
    unless it is overdue.
    """
    if not order.is_overdue:  # type: ignore[attr-defined]  # which the query gave
        return None
    return order.write_off_on(policies.in_force(order.line.currency, today).write_off_days)


@for_members
def declined_orders(request: MemberRequest) -> HttpResponse:
    """The page with the list of declined orders, filtered and sorted as the address asks,
    and what orders declined in the last 7 and 30 days, today included, were worth by
    reason. The filter does not change these sums. Orders that the merchant's own rules
    declined are in the list, but not in the sums.
    """
    line, today = line_and_today(request, clock.now())
    asked = DeclinedFilter(request.GET, local=LocalDays.of(line, today), currency=line.currency)
    context = asked.context | {
        "line": line,
        "losses": declined.losses(line, today=today),
        "page": asked.page(declined.orders(line, today=today, **asked.rows)),
    }
    return render(request, "credit/declined.html", context)


@for_exporting
def export_declined(request: MemberRequest) -> HttpResponseBase:
    """Download a file of all declined orders that the list finds with the same filter: as CSV or,
    with `format=xlsx` in the address, as a spreadsheet. One that an operator takes is put on the
    trail.
    """
    line, today = line_and_today(request, clock.now())
    asked = DeclinedFilter(request.GET, local=LocalDays.of(line, today), currency=line.currency)
    found = asked.ordered(declined.orders(line, today=today, **asked.rows))
    file_name = asked.file_name("declined", request.membership.merchant.reference)
    with language_asked(request):
        return download(request, exports.orders(line, found), file_name)
