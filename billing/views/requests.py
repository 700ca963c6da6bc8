"""The pages of a merchant's fulfilment requests."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render

from billing.documents import exports
from billing.forms.lists import ChargeOrder, RequestFilter
from billing.models import BillingAccount, Charge, InvoiceLine
from billing.queries import invoices, requests
from billing.views.accounts import account_and_days, account_of
from credit.queries import orders
from lib.csv_files import language_asked
from lib.spreadsheets import download
from merchants.access import MemberRequest, for_exporting, for_members
from merchants.queries import LocalDays


@for_members
def fulfilment_requests(request: MemberRequest) -> HttpResponse:
    """The page with the list of fulfilment requests with what each has cost, filtered and sorted as
    the address asks.
    """
    account, local = account_and_days(request)
    asked = _asked(request, account, local)
    page = asked.page(requests.of(account, part=asked.rows["reference"]))
    names = [found.reference for found in page.rows]
    costs = requests.costs(page.rows)
    context = asked.context | {
        "account": account,
        "page": page,
        "costs": [(one, cost, cost.of_fee(asked.rows["fee"])) for one, cost in costs.items()],
        "orders": orders.existing(request.membership.merchant, names),
    }
    return render(request, "billing/requests.html", context)


@for_exporting
def export_requests(request: MemberRequest) -> HttpResponseBase:
    """A file of the fulfilment requests that the list shows with the same filter, each with its
    cost: as CSV or, with `format=xlsx` in the address, as a spreadsheet. One that an operator takes
    is put on the trail.
    """
    account, local = account_and_days(request)
    asked = _asked(request, account, local)
    found = asked.ordered(requests.of(account, part=asked.rows["reference"]))
    file_name = asked.file_name("fulfilment-costs", request.membership.merchant.reference)
    with language_asked(request):
        return download(request, exports.requests(account, found), file_name)


def _asked(request: MemberRequest, account: BillingAccount, local: LocalDays) -> RequestFilter:
    """The filter of the list and the file of fulfilment requests, as the address asks for it."""
    return RequestFilter(request.GET, local=local, account=account, currency=account.currency)


@for_members
def fulfilment_request(request: MemberRequest, reference: str) -> HttpResponse:
    """The page of one fulfilment request with its charges. Raises Http404 if there is none."""
    account = account_of(request)
    found = requests.find(account, reference)
    if found is None:
        raise Http404("no fulfilment request has this reference")
    asked = ChargeOrder(request.GET)
    page = asked.page(requests.charges(found))
    cost, lines = requests.costs([found])[found], invoices.lines_with(page.rows)
    context = asked.context | {
        "account": account,
        "found": found,
        "cost": cost,
        "on_invoices": _on_invoices(cost, page.rows, lines),
        "order": orders.named(request.membership.merchant, found.reference),
        "page": page,
        "lines": lines,
    }
    return render(request, "billing/request.html", context)


def _on_invoices(
    cost: requests.Cost, charges: Sequence[Charge], lines: Mapping[int, InvoiceLine]
) -> list[tuple[str, Decimal, InvoiceLine | None]]:
    """Each bill with what it has of the cost, and the line that has all of that, where there is one
    and all charges are known.
    """
    theirs: dict[str, set[InvoiceLine]] = {}
    for charge in charges if len(charges) == cost.charge_count else ():
        if charge.pk in lines:
            theirs.setdefault(charge.item.invoice.number, set()).add(lines[charge.pk])  # type: ignore[union-attr, arg-type]
    only = {number: found.pop() for number, found in theirs.items() if len(found) == 1}
    return [(number, amount, only.get(number)) for number, amount in cost.by_invoice.items()]
