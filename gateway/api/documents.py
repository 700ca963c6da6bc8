"""Routes that hand out the documents of a merchant's billing book: CSV, PDF and XML."""

from datetime import date

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.utils.translation import override
from ninja import Router

from billing.documents import invoice_csv, note_pdf, pdf, statement_csv
from billing.documents.einvoices import content as einvoices
from billing.documents.einvoices import files
from billing.models import Invoice, Statement
from billing.queries import invoices
from gateway.api.access import Key, KeyedRequest, merchant_of
from gateway.api.books_of_billing import INVOICE, MONTH, invoice_of
from gateway.api.problems import Problem
from gateway.models import Scope
from lib import csv_files, downloads
from merchants.models import Merchant

router = Router(tags=["Reading: billing"], auth=Key(Scope.READ))


@router.get(f"{MONTH}.csv", operation_id="getStatementCsv")
def statement_as_csv(request: KeyedRequest, merchant: str, month: date) -> HttpResponseBase:
    """The statement of a closed month as CSV, a row per charge; 404 if the month is open, or
    nothing was charged in it.
    """
    found = merchant_of(request, merchant)
    _closed(found, month)
    export = statement_csv.Export.of(found, month)
    return csv_files.download(request, export.blocks(), export.file_name)


@router.get(f"{MONTH}.pdf", operation_id="getStatementPdf")
def statement_as_pdf(request: KeyedRequest, merchant: str, month: date) -> HttpResponse:
    """The statement of a closed month as PDF, in the merchant's language; 404 if the month is open,
    or nothing was charged in it.
    """
    statement = _closed(merchant_of(request, merchant), month)
    return downloads.document(pdf.statement_pdf(statement), f"statement-{merchant}-{statement}.pdf")


@router.get(f"{INVOICE}.csv", operation_id="getInvoiceCsv")
def invoice_as_csv(request: KeyedRequest, merchant: str, number: str) -> HttpResponseBase:
    """The invoice with this number as CSV, in English: a row per charge and, if it has tax,
    a row for each rate after them. 404 if the merchant has no such invoice, or the
    request's key does not reach the merchant.
    """
    export = invoice_csv.Export(invoice_of(merchant_of(request, merchant), number))
    return csv_files.download(request, export.blocks(), export.file_name)


@router.get(f"{INVOICE}.pdf", operation_id="getInvoicePdf")
def invoice_as_pdf(request: KeyedRequest, merchant: str, number: str) -> HttpResponse:
    """The invoice with this number as PDF, in the merchant's language; 404 if there is none."""
    invoice = invoice_of(merchant_of(request, merchant), number)
    content = pdf.invoice_pdf(invoice, now=request.now)
    return downloads.document(content, f"bill-{invoice.merchant_reference}-{invoice.number}.pdf")


@router.get(f"{INVOICE}/credit-note.pdf", operation_id="getCreditNotePdf")
def credit_note_as_pdf(request: KeyedRequest, merchant: str, number: str) -> HttpResponse:
    """The credit note of a void invoice as PDF, in the merchant's language; 404 if
    there is none.
    """
    invoice = invoice_of(merchant_of(request, merchant), number)
    note = invoices.credit_note(invoice)
    if note is None:
        raise Problem(404, "not_found", f"There is no credit note of invoice {number}.")
    name = f"credit-note-{invoice.merchant_reference}-{note}.pdf"
    return downloads.document(note_pdf.credit_note_pdf(note), name)


@router.get(f"{INVOICE}/factur-x.xml", operation_id="getInvoiceFacturXXml")
def invoice_as_factur_x(request: KeyedRequest, merchant: str, number: str) -> HttpResponse:
    """An invoice with tax as an e-invoice by EN 16931, in the syntax that its PDF has in it; 404 if
    it is none.
    """
    return _invoice_xml(invoice_of(merchant_of(request, merchant), number), "factur-x")


@router.get(f"{INVOICE}/ubl.xml", operation_id="getInvoiceUblXml")
def invoice_as_ubl(request: KeyedRequest, merchant: str, number: str) -> HttpResponse:
    """An invoice with tax as an e-invoice by EN 16931, in UBL; 404 if it is none."""
    return _invoice_xml(invoice_of(merchant_of(request, merchant), number), "ubl")


@router.get(f"{INVOICE}/credit-note/factur-x.xml", operation_id="getCreditNoteFacturXXml")
def credit_note_as_factur_x(request: KeyedRequest, merchant: str, number: str) -> HttpResponse:
    """The credit note of a void invoice as an e-invoice, in the syntax that its PDF has in it; 404
    if the invoice has no credit note, or is no e-invoice itself, since it has no tax or lacks
    something that one needs.
    """
    return _credit_note_xml(invoice_of(merchant_of(request, merchant), number), "factur-x")


@router.get(f"{INVOICE}/credit-note/ubl.xml", operation_id="getCreditNoteUblXml")
def credit_note_as_ubl(request: KeyedRequest, merchant: str, number: str) -> HttpResponse:
    """The credit note of a void invoice as an e-invoice, in UBL; 404 if the invoice has no credit
    note, or is no e-invoice itself, since it has no tax or lacks something that one needs.
    """
    return _credit_note_xml(invoice_of(merchant_of(request, merchant), number), "ubl")


def _invoice_xml(invoice: Invoice, syntax: files.Syntax) -> HttpResponse:
    """The answer with the invoice's e-invoice in this syntax. Raises Problem (404) with what the
    invoice lacks if it is none.
    """
    found = files.of_invoice(invoice, syntax)
    if found is None:
        with override("en"):
            lacks = " ".join(map(str, einvoices.lacks(invoice))) or "It has no tax."
        raise Problem(404, "not_found", f"Invoice {invoice.number} is no e-invoice. {lacks}")
    return downloads.xml(found, files.invoice_name(invoice, syntax))


def _credit_note_xml(invoice: Invoice, syntax: files.Syntax) -> HttpResponse:
    """The answer with the e-invoice of the invoice's credit note in this syntax. Raises Problem
    (404) if there is none.
    """
    note = invoices.credit_note(invoice)
    found = files.of_note(note, syntax) if note else None
    if note is None or found is None:
        told = f"There is no credit note of invoice {invoice.number} that is an e-invoice."
        raise Problem(404, "not_found", told)
    return downloads.xml(found, files.note_name(note, syntax))


def _closed(merchant: Merchant, month: date) -> Statement:
    """The merchant's closed statement of the month. Raises Problem (404) if the month is open, or
    there is no statement.
    """
    try:
        with override("en"):
            return statement_csv.closed_statement(merchant, month)
    except statement_csv.NotClosed as refusal:
        raise Problem(404, "not_closed", str(refusal)) from refusal
