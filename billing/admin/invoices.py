"""Bills with their lines and payments, and what was decided about them."""

from typing import Any

from django.contrib import admin

from backoffice.columns import amount, figure, related
from backoffice.decisions import Call, Download
from backoffice.filters import of_currency, waiting
from backoffice.list_pages import FoundByKeys, ReadOnlyInline
from backoffice.outcomes import LastDecision
from backoffice.several import DecidingSeveral
from billing.admin import collecting, files, invoice_decisions
from billing.admin.shown import AboutAccount
from billing.documents import for_operators
from billing.documents.einvoices import content
from billing.models import (
    CollectionPause,
    CreditNote,
    DueDay,
    Invoice,
    InvoiceDecision,
    InvoiceLine,
    InvoiceTax,
    Payment,
    PaymentPlan,
    Waiver,
)
from billing.queries import waiting as queues
from billing.queries.effects import last_decided
from merchants import installation


class InvoiceLineInline(ReadOnlyInline):
    model = InvoiceLine
    fields = readonly_fields = (
        "fee_name",
        "category",
        "posting_on",
        "charge_count",
        amount("amount"),
    )


class InvoiceTaxInline(ReadOnlyInline):
    model = InvoiceTax
    fk_name = "invoice"
    fields = readonly_fields = (
        *("category", "percent", amount("base"), amount("tax"), "corrects", "sentence"),
    )


class PaymentInline(ReadOnlyInline):
    model = Payment
    fields = readonly_fields = (
        "attempt",
        "provider",
        "status",
        amount("amount"),
        "failure",
        "actor",
        "started_at",
        "ended_at",
    )


class InvoiceDecisionInline(ReadOnlyInline):
    model = InvoiceDecision
    fields = readonly_fields = ("decision", "actor", "reason", "at")


class DueDayInline(ReadOnlyInline):
    model = DueDay
    fields = readonly_fields = ("before", "due_on", "actor", "reason", "told", "at")


class PauseInline(ReadOnlyInline):
    model = CollectionPause
    fields = readonly_fields = (
        *("began_on", "until_on", "actor", "reason", "told", "ended_on", "ended_by"),
    )


class WaiverInline(ReadOnlyInline):
    model = Waiver
    fields = readonly_fields = (amount("amount"), "actor", "reason", "told", "at")


class PlanInline(ReadOnlyInline):
    model = PaymentPlan
    fields = readonly_fields = (
        *("status", "parts_in_words", "next_due_on", "actor", "reason", "told", "ended_on"),
        "ended_by",
    )

    @admin.display(description="parts")
    def parts_in_words(self, plan: PaymentPlan) -> str:
        """The plan's parts, each with its day and amount."""
        parts = plan.parts.order_by("due_on")
        return ", ".join(f"{part.due_on}: {figure(part.amount)}" for part in parts)


@admin.register(Invoice)
class InvoiceAdmin(DecidingSeveral, AboutAccount, FoundByKeys):
    several = ("issue",)
    merchant = "account__merchant"
    keys = ("number", "account__merchant__reference")
    search_help_text = "The bill's number, or the merchant's reference."
    is_long = True
    list_display = (
        "__str__",
        "merchant_name",
        "merchant_reference",
        "kind",
        "status",
        "issued_on",
        "due_on",
        amount("total"),
    )
    list_filter = (
        waiting(queues.DRAFTS, queues.FAILED),
        "status",
        "kind",
        of_currency("billing.BillingAccount"),
    )
    inlines = (
        *(InvoiceLineInline, InvoiceTaxInline, PaymentInline, InvoiceDecisionInline),
        *(DueDayInline, PauseInline, WaiverInline, PlanInline),
    )
    decisions = (*invoice_decisions.DECISIONS, *collecting.DECISIONS)
    downloads = (
        *files.of_merchant(
            "invoice",
            is_there=lambda invoice: invoice.number is not None,  # drafts have no files
            as_pdf=for_operators.invoice_as_pdf,
            as_csv=for_operators.invoice_as_csv,
        ),
        *files.einvoices("invoice", for_operators.invoice_as_xml, "invoice_id", content.is_whole),
    )

    def last_decision(self, row: Any) -> LastDecision | None:
        """The bill's status, with the operator who decided about it or its collecting last, and
        when; if none did, with nobody and the instant at which it was paid, None for an unpaid one.
        """
        found = last_decided(row)
        if found is None:
            return LastDecision(str(row.get_status_display()), at=row.paid_at)
        who, at = found
        return LastDecision(str(row.get_status_display()), who, at)

    def asked_as(self, term: str) -> str:
        """Return what was typed into the search without spaces around it and without the
        installation's prefix of bill numbers, which the stored numbers do not have. The
        number of a cell behind the prefix stays. Merchants' references are looked for by
        the same text, so one that begins with the prefix and a hyphen loses them, too.
        """
        return installation.inside(term)


@admin.register(CreditNote)
class CreditNoteAdmin(AboutAccount, FoundByKeys):
    keys = ("number", "invoice__number", "account__merchant__reference")
    search_help_text = "The note's or the bill's number, or the merchant's reference."
    list_display = (
        *("__str__", "invoice", related("account__merchant"), "issued_on"),
        *(amount("total"), amount("tax")),
    )
    list_select_related = ("invoice", "account__merchant")
    downloads = (
        Download(
            "pdf",
            "PDF",
            is_there=lambda note: True,
            effect=lambda note: (
                "The file is as the merchant gets it. That you took it, and why, is on the trail."
            ),
            content=Call(for_operators.credit_note_as_pdf, "note_id"),
            permission="billing.view_creditnote",
        ),
        *files.einvoices(
            "creditnote",
            for_operators.credit_note_as_xml,
            "note_id",
            lambda note: content.is_whole(note.invoice),
        ),
    )


@admin.register(InvoiceLine)
class InvoiceLineAdmin(FoundByKeys):
    keys = ("invoice__number",)
    search_help_text = "The bill's number."
    is_long = True
    list_display = (
        "fee_name",
        "invoice",
        "category",
        "posting_on",
        "charge_count",
        amount("amount"),
    )
    list_filter = ("category",)
    list_select_related = ("invoice",)


@admin.register(InvoiceDecision)
class InvoiceDecisionAdmin(FoundByKeys):
    keys = ("invoice__number", "invoice__account__merchant__reference")
    search_help_text = "The bill's number, or the merchant's reference."
    list_display = (
        "__str__",
        "invoice",
        related("invoice__account__merchant"),
        "actor",
        "reason",
        "at",
    )
    list_filter = ("decision",)
    list_select_related = ("invoice__account__merchant",)
