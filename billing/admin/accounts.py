"""The operators' view of accounts, charges and bills: all of it written by operations only."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from billing.models import (
    BillingAccount,
    Charge,
    Fee,
    Invoice,
    InvoiceItem,
    InvoiceLine,
    NumberSeries,
    Payment,
    Statement,
    StatementTotal,
)
from merchants.admin import OfMerchant, ReadOnly, ReadOnlyInline, amount, related

MERCHANT = related("account__merchant")


@admin.register(Fee)
class FeeAdmin(ReadOnly):
    list_display = ("name", "code", "category", "posting", "is_sent_by_platform")
    list_filter = ("category",)
    search_fields = ("code", "name")


@admin.register(BillingAccount)
class BillingAccountAdmin(OfMerchant):
    merchant = "merchant"
    reference = ""
    list_display = (
        "merchant",
        amount("outstanding"),
        amount("accruing"),
        amount("threshold"),
        "plan",
        amount("plan_price"),
        "next_bill_on",
        "open_on",
    )
    list_select_related = ("merchant",)


@admin.register(Charge)
class ChargeAdmin(OfMerchant):
    merchant = "account__merchant"
    list_display = (
        "reference",
        MERCHANT,
        "fee",
        "request",
        amount("amount"),
        "at",
        "arrived_at",
        "is_late",
    )
    list_select_related = ("account__merchant", "fee")


@admin.register(InvoiceItem)
class InvoiceItemAdmin(OfMerchant):
    merchant = "account__merchant"
    reference = "fee_id"
    list_display = (
        "fee",
        MERCHANT,
        "posting",
        "posting_on",
        "posted_at",
        "charge_count",
        amount("amount"),
        "invoice",
    )
    list_filter = ("posting",)
    list_select_related = ("account__merchant", "fee", "invoice")


class StatementTotalInline(ReadOnlyInline):
    model = StatementTotal
    fields = readonly_fields = ("fee", "charge_count", amount("amount", "statement__currency"))


@admin.register(Statement)
class StatementAdmin(OfMerchant):
    merchant = "account__merchant"
    reference = "month"
    list_display = ("__str__", MERCHANT, "currency", "opened_at", "closed_at")
    list_filter = (("closed_at", admin.EmptyFieldListFilter),)
    list_select_related = ("account__merchant",)
    inlines = (StatementTotalInline,)


@admin.register(StatementTotal)
class StatementTotalAdmin(OfMerchant):
    merchant = "statement__account__merchant"
    reference = "fee_id"
    currency = "statement__currency"
    list_display = (
        "fee",
        related("statement__account__merchant"),
        "statement",
        "charge_count",
        amount("amount", "statement__currency"),
    )
    list_select_related = ("statement__account__merchant", "fee")


class InvoiceLineInline(ReadOnlyInline):
    model = InvoiceLine
    fields = readonly_fields = (
        "fee_name",
        "category",
        "posting_on",
        "charge_count",
        amount("amount"),
    )


class PaymentInline(ReadOnlyInline):
    model = Payment
    fields = readonly_fields = (
        "attempt",
        "provider",
        "status",
        amount("amount"),
        "started_at",
        "ended_at",
    )


@admin.register(Invoice)
class InvoiceAdmin(ReadOnly):
    list_display = (
        "number",
        "merchant_name",
        "merchant_reference",
        "kind",
        "status",
        "issued_on",
        "due_on",
        amount("total"),
    )
    list_filter = ("status", "kind")
    search_fields = ("number__exact", "account__merchant__reference__exact")
    search_help_text = _("The bill's number, or the merchant's reference.")
    inlines = (InvoiceLineInline, PaymentInline)


@admin.register(InvoiceLine)
class InvoiceLineAdmin(ReadOnly):
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
    search_fields = ("invoice__number__exact",)
    search_help_text = _("The bill's number.")


@admin.register(NumberSeries)
class NumberSeriesAdmin(ReadOnly):
    list_display = ("year", "last")
    fields = ("year", "last")


@admin.register(Payment)
class PaymentAdmin(ReadOnly):
    list_display = (
        "idempotency_key",
        "invoice",
        "provider",
        "status",
        amount("amount"),
        "started_at",
        "ended_at",
    )
    list_filter = ("status", "provider")
    list_select_related = ("invoice",)
    search_fields = ("idempotency_key__exact", "invoice__number__exact")
    search_help_text = _("The payment's key, or the bill's number.")
