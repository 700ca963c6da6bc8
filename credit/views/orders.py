from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils import timezone

from credit import exports, queries
from credit.forms.orders import ORDERS_BY, REASONS, STANDINGS, DeclinedFilter, OrderFilter
from credit.queries import declined
from credit.views.lines import line_and_today
from merchants import paging
from merchants.access import MemberRequest, for_finance, for_members
from merchants.exports import download


@for_members
def orders(request: MemberRequest) -> HttpResponse:
    line, today = line_and_today(request, timezone.now())
    wanted = OrderFilter(request.GET).wanted
    found = queries.orders(line, today=today, **wanted)
    context = {
        "page": paging.page(found, by=wanted["by"], params=request.GET),
        "wanted": wanted,
        "standings": STANDINGS,
        "orders_by": ORDERS_BY,
    }
    return render(request, "credit/orders.html", context)


@for_finance
def export_orders(request: MemberRequest) -> HttpResponseBase:
    """All orders that the list shows with the same filter."""
    line, today = line_and_today(request, timezone.now())
    found = queries.orders(line, today=today, **OrderFilter(request.GET).wanted)
    file_name = f"orders-{request.membership.merchant.reference}-{today}.csv"
    return download(request, exports.orders(line, found), file_name)


@for_members
def order(request: MemberRequest, reference: str) -> HttpResponse:
    line, today = line_and_today(request, timezone.now())
    order = queries.order(line, reference, today=today)
    if order is None:
        raise Http404("no order has this reference")
    context = {"order": order, "today": today, "timeline": queries.timeline(order)}
    return render(request, "credit/order.html", context)


@for_members
def declined_orders(request: MemberRequest) -> HttpResponse:
    line, today = line_and_today(request, timezone.now())
    wanted = DeclinedFilter(request.GET).wanted
    found = declined.orders(line, today=today, **wanted)
    context = {
        "line": line,
        "losses": declined.losses(line, today=today),
        "page": paging.page(found, by="-placed_at", params=request.GET),
        "wanted": wanted,
        "reasons": REASONS,
    }
    return render(request, "credit/declined.html", context)
