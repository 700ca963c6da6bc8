"""The pages of a merchant's buyers: the list of all of them, and one buyer with its record."""

from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render

from credit import exports
from credit.forms.buyers import BuyerFilter, BuyersFilter
from credit.forms.limit import Caps, OrderCheck
from credit.models import Order
from credit.queries import acceptance, buyers, freezes, orders
from credit.views import caps
from credit.views.lines import line_and_today
from lib import clock, erasing, search
from lib.csv_files import language_asked
from lib.spreadsheets import download
from merchants.access import MemberRequest, for_exporting, for_members
from merchants.queries import LocalDays


@for_members
def all_buyers(request: MemberRequest) -> HttpResponse:
    """The page of the merchant's buyers: the list of them, filtered and sorted as the address asks,
    and the merchant's own rules for new orders.
    """
    return page(request)


def page(request: MemberRequest, refused: Caps | None = None) -> HttpResponse:
    """The page of the buyers: the list of them, filtered and sorted as the address asks, and the
    form for caps; `refused` is one that was submitted and refused. A refused form is shown with its
    errors and status 422.
    """
    line, today = line_and_today(request, clock.now())
    asked = BuyersFilter(request.GET, local=LocalDays.of(line, today), currency=line.currency)
    context = asked.context | {"page": asked.page(asked.asking(line, today)), "today": today}
    return caps.render_with(request, line, "credit/buyers.html", context, refused=refused)


@for_exporting
def export_buyers(request: MemberRequest) -> HttpResponseBase:
    """Download a file of all buyers that the list finds with the same filter: as CSV or, with
    `format=xlsx` in the address, as a spreadsheet. One that an operator takes is put on the trail.
    """
    line, today = line_and_today(request, clock.now())
    asked = BuyersFilter(request.GET, local=LocalDays.of(line, today), currency=line.currency)
    file_name = asked.file_name("buyers", request.membership.merchant.reference)
    with language_asked(request):
        file = exports.buyers(asked.asking(line, today), asked.by)
        return download(request, file, file_name)


@for_members
def buyer(request: MemberRequest, buyer: str) -> HttpResponse:
    """The page of one buyer: the record of its latest orders (buyers.LATEST), and whether an order
    of the amount in the address would be taken of it. Raises Http404 for a buyer who has never
    ordered here.
    """
    line, today = line_and_today(request, clock.now())
    record = buyers.record(line, buyer, today=today)
    if record is None:
        raise Http404("no order is of this buyer")
    asked = BuyerFilter(request.GET, local=LocalDays.of(line, today), currency=line.currency)
    found = Order.objects.filter(pk__in=record.keys(asked.rows["outcome"]))
    if reference := asked.rows["reference"]:
        found = found.filter(search.of_name(reference, "reference"))
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
