"""What operators did about the collecting of bills, of all merchants."""

from django.contrib import admin

from backoffice.columns import amount, related
from backoffice.filters import waiting
from backoffice.list_pages import FoundByKeys
from billing.models import CollectionPause, DueDay, PaymentPlan, PaymentPlanPart, Waiver
from billing.queries import waiting as queues

MERCHANT = related("invoice__account__merchant")


class OfInvoice(FoundByKeys):
    """Pages of what was decided about a bill."""

    keys = ("invoice__number", "invoice__account__merchant__reference")
    search_help_text = "The bill's number, or the merchant's reference."
    list_select_related = ("invoice__account__merchant",)


@admin.register(DueDay)
class DueDayAdmin(OfInvoice):
    list_display = ("__str__", "invoice", MERCHANT, "before", "actor", "reason", "at")


@admin.register(CollectionPause)
class CollectionPauseAdmin(OfInvoice):
    list_display = ("__str__", "invoice", MERCHANT, "began_on", "ended_on", "actor", "reason", "at")


@admin.register(Waiver)
class WaiverAdmin(OfInvoice):
    list_display = ("__str__", "invoice", MERCHANT, amount("amount"), "actor", "reason", "at")


@admin.register(PaymentPlan)
class PaymentPlanAdmin(OfInvoice):
    list_display = (
        *(
            "__str__",
            "invoice",
            MERCHANT,
            "status",
            "next_due_on",
            "reminded_at",
            "ended_on",
            "actor",
        ),
        *("reason", "at"),
    )
    list_filter = (waiting(queues.PLANS_BROKEN, queues.PARTS_DUE), "status")


@admin.register(PaymentPlanPart)
class PaymentPlanPartAdmin(FoundByKeys):
    keys = ("plan__invoice__number", "plan__invoice__account__merchant__reference")
    search_help_text = "The bill's number, or the merchant's reference."
    list_display = (
        *("__str__", "plan", related("plan__invoice__account__merchant"), "due_on"),
        amount("amount"),
    )
    list_select_related = ("plan__invoice__account__merchant",)
