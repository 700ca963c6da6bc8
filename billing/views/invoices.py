import re
from functools import partial

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render

from billing import explanations, queries
from billing.documents import bill_csv, exports, pdf
from billing.forms.lists import KINDS, STATUSES, BillFilter
from billing.models import Invoice
from billing.operations import payments
from billing.queries import timelines
from billing.views import downloads
from billing.views.accounts import account_and_today, account_of, bill_of
from lib import clock, paging
from lib.csv_files import download
from lib.refusals import Refused, sentence_of
from merchants import installation
from merchants.access import MemberRequest, for_finance, for_members

ATTEMPTS = re.compile("[0-9]{1,9}")


@for_members
def bills(request: MemberRequest) -> HttpResponse:
    account = account_of(request)
    asked = BillFilter(request.GET)
    context = asked.context | {
        "account": account,
        "page": asked.page(queries.bills(account, **asked.rows)),
        "statuses": STATUSES,
        "kinds": KINDS,
    }
    return render(request, "billing/bills.html", context)


@for_finance
def export_bills(request: MemberRequest) -> HttpResponseBase:
    """A file of all bills that the list shows with the same filter."""
    account, today = account_and_today(request, clock.now())
    asked = BillFilter(request.GET)
    found = asked.ordered(queries.bills(account, **asked.rows))
    file_name = f"bills-{request.membership.merchant.reference}-{today}.csv"
    return download(request, exports.bills(account, found), file_name)


@for_members
def bill(request: MemberRequest, number: str) -> HttpResponse:
    bill = bill_of(request, number)
    attempts = list(queries.attempts(bill))
    context = {
        "account": bill.account,
        "bill": bill,
        "lines": queries.lines(bill),
        "timeline": timelines.of_bill(bill, attempts),
        "attempts": attempts,
        "reason": explanations.reason(bill),
        "collected_on": queries.collected_on(bill, attempts),
        "under_way": any(payment.is_undecided for payment in attempts),
        "bank_details": settings.TAEL_BANK_DETAILS,
        "number_outside": partial(installation.outside, number),  # asked for by some bills
    }
    return render(request, "billing/bill.html", context)


@for_finance
def pay(request: MemberRequest, number: str) -> HttpResponse:
    """Try to collect the bill at once; the form says how many attempts its reader had seen."""
    bill = bill_of(request, number)
    if request.method == "POST":
        seen = request.POST.get("seen", "")
        if ATTEMPTS.fullmatch(seen):
            _pay(request, bill, int(seen))
        else:
            messages.warning(request, str(payments.BillChanged.sentence))
    return redirect("billing:bill", request.membership.merchant.reference, bill.number)


def _pay(request: MemberRequest, bill: Invoice, seen: int) -> None:
    """Try to collect the bill, and show a message with the outcome."""
    try:
        payment = payments.pay_now(
            invoice_id=bill.pk,
            attempts_seen=seen,
            actor=request.user.email,
            now=clock.now(),
        )
    except payments.BillChanged as refused:
        messages.warning(request, sentence_of(refused))
    except Refused as refused:
        messages.error(request, sentence_of(refused))
    else:
        messages.add_message(request, *explanations.outcome(payment))


@for_finance
def bill_pdf(request: MemberRequest, number: str) -> HttpResponse:
    bill = bill_of(request, number)
    document = pdf.bill_pdf(bill, now=clock.now())
    return downloads.document(document, f"bill-{bill.merchant_reference}-{bill.number}.pdf")


@for_members
def bill_line(request: MemberRequest, number: str, pk: int) -> HttpResponse:
    """The charges of one line. Those of a void bill may be on another by now."""
    bill = bill_of(request, number)
    line = queries.line(bill, pk)
    if line is None:
        raise Http404("the bill has no such line")
    page = paging.page(queries.charges_of(line), by="at", params=request.GET)
    return render(request, "billing/bill_line.html", {"bill": bill, "line": line, "page": page})


@for_finance
def export_bill(request: MemberRequest, number: str) -> HttpResponseBase:
    export = bill_csv.Export(bill_of(request, number))
    return download(request, export.blocks(), export.file_name)
