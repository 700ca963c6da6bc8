"""The pages of a merchant's bills, and their files."""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cache, partial
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext as _

from billing import explanations
from billing.documents import exports, file_names, invoice_csv, note_pdf, pdf, settling
from billing.documents.einvoices import content as einvoices
from billing.documents.einvoices import files
from billing.documents.einvoices.files import Syntax
from billing.forms.lists import ChargesOfOneFilter, InvoiceFilter
from billing.models import Clearance, Invoice, Payment
from billing.operations import payments
from billing.queries import (
    arrivals,
    clearances,
    collecting,
    found_charges,
    payment_plans,
    reversals,
    standings,
    taxes,
    timelines,
)
from billing.queries import invoices as invoice_queries
from billing.views.accounts import account_and_days, invoice_of
from credit.queries import freezes
from lib import clock, downloads, live, money
from lib.csv_files import language_asked, language_of
from lib.refusals import Refused, sentence_of
from lib.spreadsheets import download
from merchants import installation
from merchants.access import MemberRequest, for_exporting, for_finance, for_members

SOON = timedelta(minutes=10)  # is worth looking at a bill for
ATTEMPTS = re.compile("[0-9]{1,9}")


@for_members
def invoices(request: MemberRequest) -> HttpResponse:
    """The page with the list of the merchant's bills, filtered and sorted as the address asks."""
    account, local = account_and_days(request)
    asked = InvoiceFilter(request.GET, local=local, currency=account.currency)
    context = asked.context | {
        "account": account,
        "page": asked.page(standings.invoices(account, **asked.rows)),
    }
    return render(request, "billing/invoices.html", context)


@for_exporting
def export_invoices(request: MemberRequest) -> HttpResponseBase:
    """A file of all bills that the list shows with the same filter: as CSV or, with `format=xlsx`
    in the address, as a spreadsheet. One that an operator takes is put on the trail.
    """
    account, local = account_and_days(request)
    asked = InvoiceFilter(request.GET, local=local, currency=account.currency)
    found = asked.ordered(standings.invoices(account, **asked.rows))
    file_name = asked.file_name("bills", request.membership.merchant.reference)
    with language_asked(request):
        return download(request, exports.invoices(account, found), file_name)


@for_members
def invoice(request: MemberRequest, number: str) -> HttpResponse:
    """The page of one bill: its lines, how it is collected and what may be done. While the page
    keeps itself up to date it gets only the part that changes. Raises Http404 if there is no such
    bill.
    """
    invoice, now = invoice_of(request, number), clock.now()
    attempts = list(invoice_queries.attempts(invoice))
    by_hand = collecting.by_hand(invoice)
    taken_back = list(reversals.of_invoice(invoice)) if attempts else []
    # What is followed has none.
    lines = cache(partial(invoice_queries.lines, invoice))
    context = {
        "account": invoice.account,
        "invoice": invoice,
        "lines": SimpleLazyObject(lines),
        "taxes": SimpleLazyObject(lambda: taxes.of_invoice(invoice, lines())),
        "timeline": timelines.of_invoice(invoice, attempts, by_hand, taken_back),
        "reversals": taken_back,
        "attempts": attempts,
        "reason": explanations.reason(invoice),
        "credit_note": partial(invoice_queries.credit_note, invoice),  # asked for by void bills
        "is_einvoice": einvoices.is_one(invoice),
        "clearance": clearances.of_invoice(invoice),
        "note_clearance": partial(clearances.of_note_on, invoice),  # asked for by void bills
        "einvoice_lacks": partial(einvoices.lacks, invoice),  # asked for by e-invoices
        "bank_details": settling.bank_lines(invoice),
        "transfer_reference": partial(settling.transfer_reference, invoice),  # of some bills
    }
    context |= _collecting(invoice, attempts, by_hand)
    tried_at = invoice.next_attempt_at
    context["is_due_to_be_tried"] = tried_at is not None and tried_at <= now  # by the next run
    standing = standings.of(invoice)
    part = live.Part(
        "state",
        "billing/invoice_state.html",
        is_under_way=standing.is_checked or _is_tried_soon(invoice, now),
        told=_("Bill %(number)s: %(standing)s")
        % {"number": installation.outside(number), "standing": standing.label},
    )
    return live.render(request, "billing/invoice.html", context, part)


def _is_tried_soon(invoice: Invoice, now: datetime) -> bool:
    """Whether the unpaid bill is tried within SOON of `now`, or should have been tried already; its
    page then keeps itself up to date.
    """
    tried_at = invoice.next_attempt_at
    return invoice.is_unpaid and tried_at is not None and tried_at <= now + SOON


def _collecting(
    invoice: Invoice, attempts: Sequence[Payment], by_hand: collecting.ByHand
) -> dict[str, Any]:
    """What the page of a bill shows of its collecting, by the names that the template uses: when
    and how it was collected or is tried, what was waived, the pause, and the payment plan with its
    parts.
    """
    plan = by_hand.plan
    return {
        "collected_on": arrivals.collected_on(invoice, attempts),
        "last_try": next((one for one in reversed(attempts) if one.was_tried), None),
        "from_proceeds": money.total(
            (one.amount for one in attempts if one.is_from_proceeds), invoice.currency
        ),
        "under_way": any(payment.is_undecided for payment in attempts),
        "waived": money.total((one.amount for one in by_hand.waivers), invoice.currency),
        "pause": by_hand.pause(invoice.account.open_on) if invoice.is_open else None,
        "plan": plan,
        "plan_parts": plan and payment_plans.parts(plan, invoice.amount_paid),
        "is_frozen": partial(
            freezes.are_for_invoices, invoice.account_id
        ),  # asked for by some bills
    }


@for_finance
def pay(request: MemberRequest, number: str) -> HttpResponse:
    """Posted to, try to collect all that is left of the bill at once, with a trail row, unless it
    was tried since the page was shown: the form has the number of attempts that the page showed,
    without which nothing is tried. Leads back to the bill's page, with a message of what came of it
    or why it was refused. Owners and finance may. Raises Http404 if there is no such bill.
    """
    invoice = invoice_of(request, number)
    if request.method == "POST":
        seen = request.POST.get("seen", "")
        if ATTEMPTS.fullmatch(seen):
            _pay(request, invoice, int(seen))
        else:
            messages.warning(request, str(payments.InvoiceChanged.sentence))
    return redirect("billing:invoice", request.membership.merchant.reference, invoice.number)


def _pay(request: MemberRequest, invoice: Invoice, seen: int) -> None:
    """Try to collect the bill unless it has other than `seen` attempts by now, with a trail row,
    and show a message with the outcome, or with why it was refused (payments.pay_now).
    """
    try:
        payment = payments.pay_now(
            invoice_id=invoice.pk,
            attempts_seen=seen,
            actor=request.user.email,
            now=clock.now(),
        )
    except payments.InvoiceChanged as refused:
        messages.warning(request, sentence_of(refused))
    except Refused as refused:
        messages.error(request, sentence_of(refused))
    else:
        messages.add_message(request, *explanations.outcome(payment))


@for_exporting
def invoice_pdf(request: MemberRequest, number: str) -> HttpResponse:
    """The bill as a PDF file. One that an operator takes is put on the trail. Raises Http404 if
    there is no such bill.
    """
    invoice = invoice_of(request, number)
    document = pdf.invoice_pdf(invoice, now=clock.now())
    return downloads.document(document, f"{file_names.of_invoice(invoice)}.pdf")


@for_exporting
def credit_note_pdf(request: MemberRequest, number: str) -> HttpResponse:
    """The credit note that took the bill back, as PDF. One that an operator takes is put on the
    trail. Raises Http404 if there is none.
    """
    invoice = invoice_of(request, number)
    note = invoice_queries.credit_note(invoice)
    if note is None:
        raise Http404("the bill was not taken back")
    return downloads.document(note_pdf.credit_note_pdf(note), f"{file_names.of_note(note)}.pdf")


@for_exporting
def invoice_xml(request: MemberRequest, number: str, syntax: Syntax) -> HttpResponse:
    """The bill as an e-invoice in this syntax (rule 28.18). One that an operator takes is put on
    the trail. Raises Http404 if the bill is no e-invoice, or lacks something that one needs.
    """
    invoice = invoice_of(request, number)
    found = files.of_invoice(invoice, syntax)
    if found is None:
        raise Http404("the bill is no e-invoice")
    return downloads.xml(found, files.invoice_name(invoice, syntax))


@for_exporting
def credit_note_xml(request: MemberRequest, number: str, syntax: Syntax) -> HttpResponse:
    """The credit note that took the bill back, as an e-invoice in this syntax. One that an operator
    takes is put on the trail. Raises Http404 if there is none, or it is no e-invoice.
    """
    note = invoice_queries.credit_note(invoice_of(request, number))
    found = files.of_note(note, syntax) if note else None
    if note is None or found is None:
        raise Http404("the bill has no credit note that is an e-invoice")
    return downloads.xml(found, files.note_name(note, syntax))


@for_exporting
def cleared_file(request: MemberRequest, number: str) -> HttpResponse:
    """The file that came with the number that the tax office gave the bill. One that an operator
    takes is put on the trail. Raises Http404 if there is none.
    """
    return _cleared(clearances.of_invoice(invoice_of(request, number)))


@for_exporting
def cleared_note_file(request: MemberRequest, number: str) -> HttpResponse:
    """The file that came with the number that the tax office gave the bill's credit note. One that
    an operator takes is put on the trail. Raises Http404 if there is none.
    """
    return _cleared(clearances.of_note_on(invoice_of(request, number)))


def _cleared(clearance: Clearance | None) -> HttpResponse:
    """The file that came from the tax office for this clearance. Raises Http404 if none came, or if
    the clearance is None.
    """
    if clearance is None or not clearance.file_name:
        raise Http404("nothing came with the document's number")
    return downloads.any_file(bytes(clearance.file), clearance.file_name)


@for_members
def invoice_line(request: MemberRequest, number: str, pk: int) -> HttpResponse:
    """The page with the charges of the bill's line with this primary key, filtered and sorted as
    the address asks; those of a void bill may be on another bill by now. Raises Http404 if the bill
    has no such line.
    """
    invoice = invoice_of(request, number)
    line = invoice_queries.line(invoice, pk)
    if line is None:
        raise Http404("the bill has no such line")
    asked = ChargesOfOneFilter(request.GET, currency=invoice.currency)
    charges = invoice_queries.charges_of(line)
    found = found_charges.named(charges, invoice.account_id, asked.rows["reference"])
    context = asked.context | {"invoice": invoice, "line": line, "page": asked.page(found)}
    return render(request, "billing/invoice_line.html", context)


@for_exporting
def export_invoice(request: MemberRequest, number: str) -> HttpResponseBase:
    """The bill as a file with one row per charge: as CSV or, with `format=xlsx` in the address, as
    a spreadsheet. One that an operator takes is put on the trail. Raises Http404 if there is no
    such bill.
    """
    export = invoice_csv.Export(invoice_of(request, number), language_of(request))
    return download(request, export.blocks(), export.file_name)
