"""Who gets a merchant's documents by mail, what was mailed, and ZIP files that were built."""

from django.contrib import admin

from backoffice.columns import related
from backoffice.list_pages import FoundByKeys, OfMerchant
from billing.models import BillingAddress, DocumentMail, YearArchive

MERCHANT = related("account__merchant")


@admin.register(BillingAddress)
class BillingAddressAdmin(OfMerchant):
    merchant = "account__merchant"
    reference = "email"
    list_display = (
        *("email", MERCHANT, "schedule", "added_at", "added_by", "confirmed_at", "ended_at"),
        *("ended_by", "failures"),
    )
    list_filter = ("schedule", ("ended_at", admin.EmptyFieldListFilter))
    list_select_related = ("account__merchant",)


@admin.register(DocumentMail)
class DocumentMailAdmin(FoundByKeys):
    keys = ("invoice__number", "address__account__merchant__reference")
    search_help_text = "The bill's number, or the merchant's reference."
    list_display = (
        *("__str__", "address", related("address__account__merchant"), "invoice", "statement"),
        "sent_at",
    )
    list_select_related = ("address__account__merchant", "invoice", "statement")


@admin.register(YearArchive)
class YearArchiveAdmin(OfMerchant):
    merchant = "account__merchant"
    reference = ""
    list_display = (
        *("__str__", MERCHANT, "status", "asked_at", "asked_by", "built_at", "kept_until", "size"),
    )
    list_filter = ("status",)
    list_select_related = ("account__merchant",)
