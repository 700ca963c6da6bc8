from datetime import date

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from credit import queries
from credit.forms import STANDINGS, OrderFilter
from credit.models import CreditLine
from merchants import paging
from merchants.access import MemberRequest, for_members
from merchants.queries import local_day


@for_members
def orders(request: MemberRequest) -> HttpResponse:
    line = _line(request)
    wanted = OrderFilter(request.GET).wanted
    found = queries.orders(line, today=_today(line), **wanted)
    page = paging.page(found, by="-placed_at", params=request.GET)
    context = {"page": page, "wanted": wanted, "standings": STANDINGS}
    return render(request, "credit/orders.html", context)


@for_members
def order(request: MemberRequest, reference: str) -> HttpResponse:
    line = _line(request)
    order = queries.order(line, reference, today=_today(line))
    if order is None:
        raise Http404("no order has this reference")
    context = {"order": order, "timeline": queries.timeline(order)}
    return render(request, "credit/order.html", context)


def _line(request: MemberRequest) -> CreditLine:
    line = queries.line_of(request.membership.merchant)
    if line is None:
        raise Http404("the merchant has no credit line")
    return line


def _today(line: CreditLine) -> date:
    return local_day(line, timezone.now())
