from datetime import date

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.http import content_disposition_header

from billing import queries, statement_csv
from billing.models import BillingAccount
from merchants import paging
from merchants.access import MemberRequest, for_members


@for_members
def statements(request: MemberRequest) -> HttpResponse:
    found = queries.statements(_account(request))
    page = paging.page(found, by="-month", params=request.GET)
    return render(request, "billing/statements.html", {"page": page})


@for_members
def statement(request: MemberRequest, month: date) -> HttpResponse:
    statement = queries.statement(_account(request), month)
    if statement is None:
        raise Http404("no charge has opened a statement of this month")
    # A closed month reads like its CSV; in the open one the latest charge is the interesting one.
    order = "at" if statement.is_closed else "-at"
    context = {
        "statement": statement,
        "totals": queries.totals(statement),
        "page": paging.page(queries.charges(statement), by=order, params=request.GET),
    }
    return render(request, "billing/statement.html", context)


@for_members
def export_statement(request: MemberRequest, month: date) -> HttpResponseBase:
    """The month as CSV; back to where it can be seen, with the reason, while it is not closed."""
    if not request.membership.may_export:
        raise PermissionDenied
    merchant = request.membership.merchant
    try:
        export = statement_csv.Export.of(merchant, month)
    except statement_csv.NotClosed as refusal:
        messages.warning(request, str(refusal))
        return redirect("billing:statements", merchant=merchant.reference)
    response = StreamingHttpResponse(export.blocks(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = content_disposition_header(True, export.file_name)
    return response


@for_members
def bills(request: MemberRequest) -> HttpResponse:
    page = paging.page(queries.bills(_account(request)), by="-issued_at", params=request.GET)
    return render(request, "billing/bills.html", {"page": page})


@for_members
def bill(request: MemberRequest, number: str) -> HttpResponse:
    bill = queries.bill(_account(request), number)
    if bill is None:
        raise Http404("no bill has this number")
    context = {"bill": bill, "lines": queries.lines(bill), "attempts": queries.attempts(bill)}
    return render(request, "billing/bill.html", context)


def _account(request: MemberRequest) -> BillingAccount:
    account = queries.account_of(request.membership.merchant)
    if account is None:
        raise Http404("the merchant has no billing account")
    return account
