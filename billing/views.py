from datetime import date

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.http import content_disposition_header

from billing import pdf, queries, statement_csv
from billing.models import BillingAccount, Invoice
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
def statement_pdf(request: MemberRequest, month: date) -> HttpResponse:
    """The month as PDF, under the same conditions as the CSV."""
    if not request.membership.may_export:
        raise PermissionDenied
    merchant = request.membership.merchant
    try:
        statement = statement_csv.closed_statement(merchant, month)
    except statement_csv.NotClosed as refusal:
        messages.warning(request, str(refusal))
        return redirect("billing:statements", merchant=merchant.reference)
    file_name = f"statement-{merchant.reference}-{statement}.pdf"
    return _document(pdf.statement_pdf(statement), file_name)


@for_members
def bills(request: MemberRequest) -> HttpResponse:
    page = paging.page(queries.bills(_account(request)), by="-issued_at", params=request.GET)
    return render(request, "billing/bills.html", {"page": page})


@for_members
def bill(request: MemberRequest, number: str) -> HttpResponse:
    bill = _bill(request, number)
    context = {"bill": bill, "lines": queries.lines(bill), "attempts": queries.attempts(bill)}
    return render(request, "billing/bill.html", context)


@for_members
def bill_pdf(request: MemberRequest, number: str) -> HttpResponse:
    if not request.membership.may_export:
        raise PermissionDenied
    bill = _bill(request, number)
    document = pdf.bill_pdf(bill, now=timezone.now())
    return _document(document, f"bill-{bill.merchant_reference}-{bill.number}.pdf")


def _document(document: bytes, file_name: str) -> HttpResponse:
    response = HttpResponse(document, content_type="application/pdf")
    response["Content-Disposition"] = content_disposition_header(True, file_name)
    return response


def _bill(request: MemberRequest, number: str) -> Invoice:
    bill = queries.bill(_account(request), number)
    if bill is None:
        raise Http404("no bill has this number")
    return bill


def _account(request: MemberRequest) -> BillingAccount:
    account = queries.account_of(request.membership.merchant)
    if account is None:
        raise Http404("the merchant has no billing account")
    return account
