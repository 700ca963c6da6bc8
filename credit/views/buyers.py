"""The pages of a merchant's buyers: who holds the limit, and one buyer with its record."""

from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render

from credit import exports
from credit.forms.buyers import BuyerFilter, BuyerSearch
from credit.forms.limit import Caps, OrderCheck
from credit.models import Order
from credit.queries import acceptance, buyers, freezes, orders
from credit.views import caps
from credit.views.lines import line_and_today
from lib import clock, erasing, money
from lib.csv_files import language_asked
from lib.spreadsheets import download
from merchants.access import MemberRequest, for_exporting, for_members
from merchants.queries import LocalDays


@for_members
def all_buyers(request: MemberRequest) -> HttpResponse:
    """The page of the merchant's buyers: who holds the limit now, buyers found by name, and the
    merchant's own rules for new orders.
    """
    return page(request)


def page(request: MemberRequest, refused: Caps | None = None) -> HttpResponse:
    """The page of the buyers: who holds the limit, buyers found by name, and the form for caps;
    `refused` is one that was submitted and refused.
    """
    line, today = line_and_today(request, clock.now())
    asked = BuyerSearch(request.GET)
    name, holders = asked.rows["name"], buyers.holders(line, today=today)
    held = money.total((one.outstanding for one in holders), line.currency)
    context = asked.context | {
        "holders": holders,
        "other_buyers": line.used - held,
        "found": buyers.find(line, name) if name else None,
        "most": buyers.FOUND,
    }
    return caps.render_with(request, line, "credit/buyers.html", context, refused=refused)


@for_exporting
def export_holders(request: MemberRequest) -> HttpResponseBase:
    """Download a CSV file of everybody who holds some of the merchant's limit now."""
    line, today = line_and_today(request, clock.now())
    file_name = f"buyers-{request.membership.merchant.reference}-{today}.csv"
    with language_asked(request):
        found = buyers.holding(line, today=today)
        return download(request, exports.holders(line, found), file_name)


@for_members
def buyer(request: MemberRequest, buyer: str) -> HttpResponse:
    """The page of one buyer: the record of its orders, and whether an order of the amount in the
    address would be taken of it. Raises Http404 for a buyer who has never ordered here.
    """
    line, today = line_and_today(request, clock.now())
    record = buyers.record(line, buyer, today=today)
    if record is None:
        raise Http404("no order is of this buyer")
    asked = BuyerFilter(request.GET, local=LocalDays.of(line, today), currency=line.currency)
    found = Order.objects.filter(pk__in=record.keys(asked.rows["outcome"]))
    found = found.filter(reference__icontains=asked.rows["reference"])
    form = OrderCheck(request.GET if "amount" in request.GET else None, line=line)
    amount = form.cleaned_data["amount"] if form.is_valid() else None
    answer = None
    if amount is not None:
        answer = acceptance.would_accept(line, amount, buyer=buyer, buyer_risk=record.risk)
    context = asked.context | {
        "line": line,
        "record": record,
        "is_erased": erasing.is_erased(buyer),
        "counts": [(one, record.counts.get(one, 0)) for one in buyers.Outcome],
        "form": form,
        "amount": amount,
        "answer": answer,
        "room": line.buyer_cap - record.debt.owed if line.buyer_cap else None,
        "freezes": freezes.in_force(line),
        "page": asked.page(orders.with_sold(found.with_is_overdue(today))),
    }
    return render(request, "credit/buyer.html", context)
