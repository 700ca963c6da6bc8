"""Routes that read a merchant's billing book, and hand out its documents."""

from collections.abc import Iterable
from datetime import date
from typing import Annotated, Any, Literal

from django.db.models import Exists, OuterRef, Q
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.utils.translation import override
from moneyed import Money
from ninja import Query, Router
from pydantic import BaseModel, Field

from billing.documents import invoice_csv, note_pdf, pdf, statement_csv
from billing.documents.einvoices import content as einvoices
from billing.documents.einvoices import files
from billing.models import BillingAccount, Charge, Invoice, Statement
from billing.queries import invoices, payment_plans, statements, taxes
from billing.queries.prices import priced_fees
from gateway.api import listings
from gateway.api.access import Key, KeyedRequest, merchant_of
from gateway.api.answers import Amount
from gateway.api.instants import Moment
from gateway.api.lists import Asked, Paged, page_of
from gateway.api.problems import Problem
from gateway.models import Scope
from lib import csv_files, downloads, money
from merchants.books import plain
from merchants.models import Merchant
from merchants.queries import local_day

router = Router(tags=["Reading: billing"], auth=Key(Scope.READ))
OF_MERCHANT = "/merchants/{reference:merchant}"
MONTH = f"{OF_MERCHANT}/statements/{{month:month}}"
INVOICE = f"{OF_MERCHANT}/invoices/{{reference:number}}"
HAS_NUMBER = Q(number__isnull=False)  # a draft is our people's


class InvoicesAsked(Asked):
    """Which page of invoices, and of which status."""

    status: Literal["OPEN", "PAID", "VOID", "UNCOLLECTIBLE"] | None = None


class Total(BaseModel):
    """The charges of one fee, or of one category where `fee` is null."""

    category: str
    fee: str | None
    amount: Amount
    charges: int


class ShownStatement(BaseModel):
    """A calendar month; its figures are final once it is closed."""

    month: str
    currency: str
    opened_at: Moment
    closed_at: Moment | None
    totals: list[Total]


class Statements(BaseModel):
    """A page of months, newest first."""

    rows: list[ShownStatement]
    next: str | None = Field(description="The cursor of the next page; null: none.")


class InvoiceLine(BaseModel):
    category: str
    fee: str
    fee_name: str
    posting_on: date
    charges: int
    amount: Amount = Field(description="Without tax.")
    tax_category: str | None = Field(description="By EN 16931; null: the invoice has no tax.")
    tax_percent: str | None


class Tax(BaseModel):
    """The tax of one rate on the invoice."""

    category: str = Field(description="By EN 16931: S, Z, E, AE or O.")
    percent: str
    base: Amount
    tax: Amount


class Party(BaseModel):
    """A side of the invoice, as it was at its issue."""

    name: str
    address: list[str]
    country: str
    tax_number: str


class CreditNote(BaseModel):
    """The document that mirrors a void invoice; its amounts are below 0."""

    number: str
    issued_on: date
    total: Amount
    tax: Amount


class Attempt(BaseModel):
    """One attempt to collect the invoice."""

    attempt: int
    provider: str
    status: Literal["PENDING", "SUCCEEDED", "FAILED", "UNKNOWN"]
    amount: Amount
    started_at: Moment
    ended_at: Moment | None
    arrived_on: date | None = Field(
        description="Of a transfer: the local day on which its money arrived; else null."
    )


class PlanPart(BaseModel):
    """What of the invoice is to be paid on a day, and how much of that is paid."""

    due_on: date
    amount: Amount
    paid: Amount


class Plan(BaseModel):
    """The dated parts in which the invoice is paid, or was to be."""

    status: Literal["IN_FORCE", "KEPT", "BROKEN", "CANCELLED"]
    made_at: Moment
    ended_at: Moment | None
    parts: list[PlanPart]


class ShownInvoice(BaseModel):
    invoice: listings.INVOICES.answer  # type: ignore[name-defined]
    lines: list[InvoiceLine]
    taxes: list[Tax] = Field(description="By rate; empty: the invoice has no tax.")
    issuer: Party | None = Field(description="Null: the installation's own.")
    billed_to: Party | None = Field(description="Null: the merchant's name alone.")
    credit_note: CreditNote | None = Field(
        description="What took the invoice back; null: it is not void, or no issuer's."
    )
    payments: list[Attempt]
    payment_plan: Plan | None = Field(description="The latest; null: it never had one.")


class Price(BaseModel):
    """A fee, and its price of a unit today; null: each charge comes with its own amount."""

    fee: str
    name: str
    category: str
    unit_price: str | None
    is_own: bool


class Prices(BaseModel):
    currency: str
    on: date
    rows: list[Price]


@router.get(f"{OF_MERCHANT}/charges", response=listings.CHARGES.page, operation_id="listCharges")
def list_charges(request: KeyedRequest, merchant: str, asked: Paged) -> dict[str, Any]:
    """What the merchant was charged."""
    account = _account(merchant_of(request, merchant))
    return listings.CHARGES.read(account.pk, account.currency, asked)


@router.get(
    f"{OF_MERCHANT}/charges/{{reference:charge}}",
    response=listings.CHARGES.answer,
    operation_id="getCharge",
)
def show_charge(request: KeyedRequest, merchant: str, charge: str) -> dict[str, Any]:
    """One charge."""
    account = _account(merchant_of(request, merchant))
    found = listings.CHARGES.one(account.pk, account.currency, Q(reference=charge))
    if found is None:
        raise Problem(404, "not_found", f"There is no charge {charge}.")
    return found


@router.get(f"{OF_MERCHANT}/statements", response=Statements, operation_id="listStatements")
def list_statements(request: KeyedRequest, merchant: str, asked: Paged) -> Statements:
    """The calendar months in which the merchant was charged, latest first.

    A month changes with each charge that joins it, and when it closes.
    """
    found = _account(merchant_of(request, merchant)).statements.all()
    if since := asked.changed_since:
        charged = Exists(Charge.objects.filter(statement=OuterRef("pk"), arrived_at__gte=since))
        found = found.filter(charged | Q(opened_at__gte=since) | Q(closed_at__gte=since))
    shown, following = page_of(found, asked)  # months are opened one after the other
    return Statements(rows=[_told(one) for one in shown], next=following)


@router.get(MONTH, response=ShownStatement, operation_id="getStatement")
def show_statement(request: KeyedRequest, merchant: str, month: date) -> ShownStatement:
    """One month, such as `2026-11`, by category and by fee."""
    found = statements.of_month(_account(merchant_of(request, merchant)), month)
    if found is None:
        raise Problem(404, "not_found", "Nothing was charged in this month.")
    return _told(found)


@router.get(f"{MONTH}.csv", operation_id="getStatementCsv")
def statement_as_csv(request: KeyedRequest, merchant: str, month: date) -> HttpResponseBase:
    """A closed month as CSV, a row per charge."""
    found = merchant_of(request, merchant)
    _closed(found, month)
    export = statement_csv.Export.of(found, month)
    return csv_files.download(request, export.blocks(), export.file_name)


@router.get(f"{MONTH}.pdf", operation_id="getStatementPdf")
def statement_as_pdf(request: KeyedRequest, merchant: str, month: date) -> HttpResponse:
    """A closed month as PDF, in the merchant's language."""
    statement = _closed(merchant_of(request, merchant), month)
    return downloads.document(pdf.statement_pdf(statement), f"statement-{merchant}-{statement}.pdf")


@router.get(f"{OF_MERCHANT}/invoices", response=listings.INVOICES.page, operation_id="listInvoices")
def list_invoices(
    request: KeyedRequest, merchant: str, asked: Annotated[InvoicesAsked, Query(...)]
) -> dict[str, Any]:
    """The merchant's invoices, of one status or of all."""
    account = _account(merchant_of(request, merchant))
    which = HAS_NUMBER & Q(status=asked.status) if asked.status else HAS_NUMBER
    return listings.INVOICES.read(account.pk, account.currency, asked, which)


# Before the invoice itself, whose number would take their endings along.
@router.get(f"{INVOICE}.csv", operation_id="getInvoiceCsv")
def invoice_as_csv(request: KeyedRequest, merchant: str, number: str) -> HttpResponseBase:
    """An invoice as CSV, a row per charge."""
    export = invoice_csv.Export(_invoice(merchant_of(request, merchant), number))
    return csv_files.download(request, export.blocks(), export.file_name)


@router.get(f"{INVOICE}.pdf", operation_id="getInvoicePdf")
def invoice_as_pdf(request: KeyedRequest, merchant: str, number: str) -> HttpResponse:
    """An invoice as PDF, in the merchant's language."""
    invoice = _invoice(merchant_of(request, merchant), number)
    content = pdf.invoice_pdf(invoice, now=request.now)
    return downloads.document(content, f"bill-{invoice.merchant_reference}-{invoice.number}.pdf")


@router.get(f"{INVOICE}/credit-note.pdf", operation_id="getCreditNotePdf")
def credit_note_as_pdf(request: KeyedRequest, merchant: str, number: str) -> HttpResponse:
    """The credit note of a void invoice as PDF, in the merchant's language."""
    invoice = _invoice(merchant_of(request, merchant), number)
    note = invoices.credit_note(invoice)
    if note is None:
        raise Problem(404, "not_found", f"There is no credit note of invoice {number}.")
    name = f"credit-note-{invoice.merchant_reference}-{note}.pdf"
    return downloads.document(note_pdf.credit_note_pdf(note), name)


@router.get(f"{INVOICE}/factur-x.xml", operation_id="getInvoiceFacturXXml")
def invoice_as_factur_x(request: KeyedRequest, merchant: str, number: str) -> HttpResponse:
    """An invoice with tax as an e-invoice by EN 16931, in the syntax that its PDF has in it."""
    return _invoice_xml(_invoice(merchant_of(request, merchant), number), "factur-x")


@router.get(f"{INVOICE}/ubl.xml", operation_id="getInvoiceUblXml")
def invoice_as_ubl(request: KeyedRequest, merchant: str, number: str) -> HttpResponse:
    """An invoice with tax as an e-invoice by EN 16931, in UBL."""
    return _invoice_xml(_invoice(merchant_of(request, merchant), number), "ubl")


@router.get(f"{INVOICE}/credit-note/factur-x.xml", operation_id="getCreditNoteFacturXXml")
def credit_note_as_factur_x(request: KeyedRequest, merchant: str, number: str) -> HttpResponse:
    """The credit note of a void invoice as an e-invoice, in the syntax that its PDF has in it."""
    return _credit_note_xml(_invoice(merchant_of(request, merchant), number), "factur-x")


@router.get(f"{INVOICE}/credit-note/ubl.xml", operation_id="getCreditNoteUblXml")
def credit_note_as_ubl(request: KeyedRequest, merchant: str, number: str) -> HttpResponse:
    """The credit note of a void invoice as an e-invoice, in UBL."""
    return _credit_note_xml(_invoice(merchant_of(request, merchant), number), "ubl")


def _invoice_xml(invoice: Invoice, syntax: files.Syntax) -> HttpResponse:
    """The invoice's file. Raises Problem with what it lacks."""
    found = files.of_invoice(invoice, syntax)
    if found is None:
        with override("en"):
            lacks = " ".join(map(str, einvoices.lacks(invoice))) or "It has no tax."
        raise Problem(404, "not_found", f"Invoice {invoice.number} is no e-invoice. {lacks}")
    return downloads.xml(found, files.invoice_name(invoice, syntax))


def _credit_note_xml(invoice: Invoice, syntax: files.Syntax) -> HttpResponse:
    """The file of the invoice's credit note. Raises Problem if there is none."""
    note = invoices.credit_note(invoice)
    found = files.of_note(note, syntax) if note else None
    if note is None or found is None:
        told = f"There is no credit note of invoice {invoice.number} that is an e-invoice."
        raise Problem(404, "not_found", told)
    return downloads.xml(found, files.note_name(note, syntax))


@router.get(INVOICE, response=ShownInvoice, operation_id="getInvoice")
def show_invoice(request: KeyedRequest, merchant: str, number: str) -> dict[str, Any]:
    """An invoice with its lines, and what was tried to collect it."""
    invoice = _invoice(merchant_of(request, merchant), number)
    told = listings.INVOICES.one(invoice.account_id, invoice.currency, Q(pk=invoice.pk))
    return {
        "invoice": told,
        "lines": [
            InvoiceLine(
                category=line.category,
                fee=line.fee_code,
                fee_name=line.fee_name,
                posting_on=line.posting_on,
                charges=line.charge_count,
                amount=money.text(line.amount),
                tax_category=line.tax_category or None,
                tax_percent=plain(line.tax_percent) if line.tax_category else None,
            )
            for line in invoice.lines.order_by("posting_on", "category", "fee_code", "pk")
        ],
        **_parties(invoice),
        "credit_note": _note(invoice),
        "taxes": [
            Tax(
                category=one.category.value,
                percent=plain(one.percent),
                base=money.text(one.base),
                tax=money.text(one.tax),
            )
            for one in taxes.of_invoice(invoice, invoices.lines(invoice))
        ],
        "payments": [
            {
                "attempt": payment.attempt,
                "provider": payment.provider,
                "status": payment.status,
                "amount": money.text(payment.amount),
                "started_at": payment.started_at,
                "ended_at": payment.ended_at,
                "arrived_on": getattr(getattr(payment, "transfer", None), "arrived_on", None),
            }
            for payment in invoices.attempts(invoice)
        ],
        "payment_plan": _plan(invoice),
    }


def _note(invoice: Invoice) -> CreditNote | None:
    """The credit note of a void invoice."""
    note = invoices.credit_note(invoice)
    if note is None:
        return None
    return CreditNote(
        number=note.number,
        issued_on=note.issued_on,
        total=money.text(note.total),
        tax=money.text(note.tax),
    )


def _parties(invoice: Invoice) -> dict[str, Any]:
    """Who issued the invoice to whom."""
    issuer, details = invoice.issuer, invoice.details
    return {
        "issuer": issuer
        and Party(
            name=issuer.name,
            address=issuer.address_lines,
            country=issuer.country,
            tax_number=issuer.tax_number,
        ),
        "billed_to": details
        and Party(
            name=details.legal_name,
            address=details.address_lines,
            country=details.country,
            tax_number=details.tax_number,
        ),
    }


def _plan(invoice: Invoice) -> dict[str, Any] | None:
    """The invoice's latest payment plan with its parts, or None."""
    plan = payment_plans.latest(invoice)
    if plan is None:
        return None
    return {
        "status": plan.status,
        "made_at": plan.at,
        "ended_at": plan.ended_at,
        "parts": [
            {
                "due_on": part.due_on,
                "amount": money.text(part.amount),
                "paid": money.text(part.paid),
            }
            for part in payment_plans.parts(plan, invoice.amount_paid)
        ],
    }


@router.get(f"{OF_MERCHANT}/prices", response=Prices, operation_id="listPrices")
def list_prices(request: KeyedRequest, merchant: str) -> Prices:
    """Every fee that may be charged, with the price that is in force for the merchant today."""
    account = _account(merchant_of(request, merchant))
    today = local_day(account, request.now)
    return Prices(
        currency=account.currency,
        on=today,
        rows=[
            Price(
                fee=priced.fee.code,
                name=priced.fee.name,
                category=priced.fee.category,
                unit_price=None if priced.unit_price is None else plain(priced.unit_price),
                is_own=priced.is_own,
            )
            for priced in priced_fees(account, today)
        ],
    )


def _account(merchant: Merchant) -> BillingAccount:
    return BillingAccount.objects.get(merchant=merchant)


def _invoice(merchant: Merchant, number: str) -> Invoice:
    found = invoices.by_number(_account(merchant), number)
    if found is None:
        raise Problem(404, "not_found", f"There is no invoice {number}.")
    return found


def _closed(merchant: Merchant, month: date) -> Statement:
    try:
        with override("en"):
            return statement_csv.closed_statement(merchant, month)
    except statement_csv.NotClosed as refusal:
        raise Problem(404, "not_closed", str(refusal)) from refusal


def _told(statement: Statement) -> ShownStatement:
    sections = statements.totals(statement).sections
    return ShownStatement(
        month=str(statement),
        currency=statement.currency,
        opened_at=statement.opened_at,
        closed_at=statement.closed_at,
        totals=list(_totals(sections)),
    )


def _totals(sections: Iterable[Any]) -> Iterable[Total]:
    for section in sections:
        yield _total(section.category, None, section.amount, section.charge_count)
        for row in section.rows:
            yield _total(section.category, row.fee_id, row.amount, row.charge_count)


def _total(category: str, fee: str | None, amount: Money, charges: int) -> Total:
    return Total(category=str(category), fee=fee, amount=money.text(amount), charges=charges)
