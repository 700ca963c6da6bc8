"""Routes that read a merchant's invoices: their lines, taxes, parties and payments."""

from datetime import date
from typing import Annotated, Any, Literal

from django.db.models import Q
from ninja import Query, Router
from pydantic import BaseModel, Field

from billing import models
from billing.models import Invoice
from billing.queries import clearances, invoices, payment_plans, payment_references, taxes
from gateway.api import listings
from gateway.api.access import OF_MERCHANT, Key, KeyedRequest, merchant_of
from gateway.api.answers import Amount
from gateway.api.books_of_billing import INVOICE, account_of, invoice_of
from gateway.api.instants import Moment
from gateway.api.lists import Asked
from gateway.models import Scope
from lib import money
from merchants.books import plain

router = Router(tags=["Reading: billing"], auth=Key(Scope.READ))
HAS_NUMBER = Q(number__isnull=False)  # a draft is our people's


class InvoicesAsked(Asked):
    """Which page of invoices, and of which status."""

    status: Literal["OPEN", "PAID", "VOID", "UNCOLLECTIBLE"] | None = None


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


class Clearance(BaseModel):
    """How a document stands with a country's tax office that has to clear it."""

    status: Literal["OPEN", "CLEARED", "REFUSED"]
    number: str | None = Field(description="What the tax office gave it; null: not yet.")
    cleared_at: Moment | None


class CreditNote(BaseModel):
    """The document that mirrors a void invoice; its amounts are below 0."""

    number: str
    issued_on: date
    total: Amount
    tax: Amount
    clearance: Clearance | None = Field(description="Null: no tax office clears it.")


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
    payment_reference: str | None = Field(
        description="What a transfer for it names, by ISO 11649; null: it has none."
    )
    clearance: Clearance | None = Field(description="Null: no tax office clears it.")
    payments: list[Attempt]
    payment_plan: Plan | None = Field(description="The latest; null: it never had one.")


@router.get(f"{OF_MERCHANT}/invoices", response=listings.INVOICES.page, operation_id="listInvoices")
def list_invoices(
    request: KeyedRequest, merchant: str, asked: Annotated[InvoicesAsked, Query(...)]
) -> dict[str, Any]:
    """A page of the merchant's invoices, newest first, of one status or of all. Drafts, which have
    no number, are left out.
    """
    account = account_of(merchant_of(request, merchant))
    which = HAS_NUMBER & Q(status=asked.status) if asked.status else HAS_NUMBER
    return listings.INVOICES.read(account.pk, account.currency, asked, which)


@router.get(INVOICE, response=ShownInvoice, operation_id="getInvoice")
def show_invoice(request: KeyedRequest, merchant: str, number: str) -> dict[str, Any]:
    """The invoice with this number, with its lines by posting day, category and fee, and what was
    tried to collect it; 404 if there is none.
    """
    invoice = invoice_of(merchant_of(request, merchant), number)
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
        "payment_reference": payment_references.of_invoice(invoice) or None,
        "clearance": _clearance(clearances.of_invoice(invoice)),
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
    """The credit note of a void invoice as the API shows it; None without one."""
    note = invoices.credit_note(invoice)
    if note is None:
        return None
    return CreditNote(
        number=note.number,
        issued_on=note.issued_on,
        total=money.text(note.total),
        tax=money.text(note.tax),
        clearance=_clearance(clearances.of_note(note)),
    )


def _clearance(found: models.Clearance | None) -> Clearance | None:
    """How the document stands with the tax office, as the API shows it; None for one that no tax
    office has to clear.
    """
    if found is None:
        return None
    return Clearance.model_validate(
        {
            "status": found.status,
            "number": found.number or None,
            "cleared_at": found.ended_at if found.is_cleared else None,
        }
    )


def _parties(invoice: Invoice) -> dict[str, Any]:
    """Who issued the invoice (`issuer`) to whom (`billed_to`), as it was frozen at its issue; None
    for a side that has no version.
    """
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
    """The invoice's latest payment plan, in force or ended, as the API shows it: `status`,
    `made_at`, `ended_at`, and its `parts`, each with the day on which it is due, its amount, and
    how much of that is paid. None if the invoice never had one.
    """
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
