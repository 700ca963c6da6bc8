import tempfile
from collections.abc import Iterable
from datetime import date

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import FileResponse, Http404, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.http import content_disposition_header

from billing import bill_csv, pdf, queries, statement_csv
from billing.forms import RequestFilter
from billing.models import BillingAccount, Invoice
from billing.queries import requests
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
    return _csv(request, export.blocks(), export.file_name)


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
    context = {
        "bill": bill,
        "lines": queries.lines(bill),
        "decisions": queries.decisions(bill),
        "attempts": queries.attempts(bill),
    }
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


@for_members
def bill_line(request: MemberRequest, number: str, pk: int) -> HttpResponse:
    """The charges of one line. Those of a void bill may be on another by now."""
    bill = _bill(request, number)
    line = queries.line(bill, pk)
    if line is None:
        raise Http404("the bill has no such line")
    page = paging.page(queries.charges_of(line), by="at", params=request.GET)
    return render(request, "billing/bill_line.html", {"bill": bill, "line": line, "page": page})


@for_members
def export_bill(request: MemberRequest, number: str) -> HttpResponseBase:
    if not request.membership.may_export:
        raise PermissionDenied
    export = bill_csv.Export(_bill(request, number))
    return _csv(request, export.blocks(), export.file_name)


@for_members
def fulfilment_requests(request: MemberRequest) -> HttpResponse:
    account = _account(request)
    start = RequestFilter(request.GET).start
    page = paging.page(requests.of(account, start=start), by="-first_at", params=request.GET)
    context = {
        "account": account,
        "page": page,
        "costs": requests.costs(page.rows),
        "start": start,
    }
    return render(request, "billing/requests.html", context)


@for_members
def fulfilment_request(request: MemberRequest, reference: str) -> HttpResponse:
    account = _account(request)
    found = requests.find(account, reference)
    if found is None:
        raise Http404("no fulfilment request has this reference")
    context = {
        "account": account,
        "found": found,
        "cost": requests.costs([found])[found],
        "page": paging.page(requests.charges(found), by="at", params=request.GET),
    }
    return render(request, "billing/request.html", context)


def _csv(request: MemberRequest, blocks: Iterable[bytes], file_name: str) -> HttpResponseBase:
    """The file, sent as it is made, so that a failure breaks the connection.

    HTTP/1.0 takes a broken connection for the end of the file (some proxies speak it), so there
    the file is complete before any of it is sent.
    """
    content_type = "text/csv; charset=utf-8"
    if request.META.get("SERVER_PROTOCOL") == "HTTP/1.0":
        whole = tempfile.TemporaryFile()  # noqa: SIM115 (the response closes it)
        whole.writelines(blocks)
        whole.seek(0)
        return FileResponse(
            whole, as_attachment=True, filename=file_name, content_type=content_type
        )
    response = StreamingHttpResponse(blocks, content_type=content_type)
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
