"""The operators' view of credit lines: all of it written by operations only."""

from django.contrib import admin

from credit.models import (
    CreditLine,
    Freeze,
    LimitEntry,
    Order,
    OrderPayment,
    ProceedsEntry,
    ShopMetrics,
)
from merchants.admin import OfMerchant, ReadOnlyInline, amount, related

MERCHANT = related("line__merchant")


@admin.register(CreditLine)
class CreditLineAdmin(OfMerchant):
    merchant = "merchant"
    reference = ""
    list_display = (
        "merchant",
        amount("limit"),
        amount("used"),
        amount("available"),
        amount("proceeds"),
        "frozen",
        "open_on",
    )
    list_select_related = ("merchant",)

    @admin.display(boolean=True)
    def frozen(self, line: CreditLine) -> bool:
        return line.is_frozen


@admin.register(Freeze)
class FreezeAdmin(OfMerchant):
    merchant = "line__merchant"
    reference = ""
    list_display = ("__str__", MERCHANT, "note", "placed_at", "placed_by", "lifted_at")
    list_filter = ("reason", ("lifted_at", admin.EmptyFieldListFilter))
    list_select_related = ("line__merchant",)


@admin.register(LimitEntry)
class LimitEntryAdmin(OfMerchant):
    merchant = "line__merchant"
    reference = "order__reference"
    list_display = (
        "__str__",
        MERCHANT,
        "order",
        amount("limit_change"),
        amount("used_change"),
        amount("limit_after"),
        amount("used_after"),
        "actor",
        "at",
    )
    list_filter = ("kind",)
    list_select_related = ("line__merchant", "order")


class PaymentInline(ReadOnlyInline):
    model = OrderPayment
    fields = readonly_fields = ("reference", amount("amount"), "status", "refusal", "at")


@admin.register(Order)
class OrderAdmin(OfMerchant):
    merchant = "line__merchant"
    list_display = (
        "reference",
        MERCHANT,
        "buyer",
        "status",
        amount("amount"),
        amount("outstanding"),
        "due_on",
        "placed_at",
    )
    list_filter = ("status",)
    list_select_related = ("line__merchant",)
    inlines = (PaymentInline,)


@admin.register(OrderPayment)
class OrderPaymentAdmin(OfMerchant):
    merchant = "line__merchant"
    list_display = ("reference", MERCHANT, "order", amount("amount"), "status", "at")
    list_filter = ("status",)
    list_select_related = ("line__merchant", "order")


@admin.register(ProceedsEntry)
class ProceedsEntryAdmin(OfMerchant):
    merchant = "line__merchant"
    reference = "order__reference"
    list_display = ("__str__", MERCHANT, "order", amount("amount"), "matures_on", "at")
    list_filter = ("kind",)
    list_select_related = ("line__merchant", "order")


@admin.register(ShopMetrics)
class ShopMetricsAdmin(OfMerchant):
    merchant = "line__merchant"
    reference = ""
    list_display = (
        MERCHANT,
        "at",
        "rating",
        "listing_quality",
        "profile_completeness",
        "after_sales",
    )
    list_select_related = ("line__merchant",)
