"""The admin pages of what providers paid out to our bank: payouts, which open to their rows, and
where they and our books differ.
"""

from collections.abc import Sequence
from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html_join
from django.utils.http import urlencode
from django.utils.safestring import SafeString

from backoffice.columns import amount, related
from backoffice.filters import of_currency, one_of
from backoffice.list_pages import FoundByKeys
from billing.models import ProviderDifference, ProviderMovement, ProviderPayout

# As Stripe calls them.
STATES = tuple((one, one) for one in ("pending", "in_transit", "paid", "failed", "canceled"))
FIGURES = (amount("amount"), amount("gross"), amount("fee"), amount("net"))


@admin.register(ProviderPayout)
class ProviderPayoutAdmin(FoundByKeys):
    keys: ClassVar[Sequence[str]] = ("reference",)
    search_help_text = "The provider's reference of a payout"
    list_display = (
        *("reference", "provider", "state", "arrives_on", *FIGURES),
        *("count", "looked_at"),
    )
    list_filter = (one_of("state", STATES), of_currency("billing.BillingAccount"))
    ordering = ("-made_at", "-pk")

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> Sequence[Any]:
        return (*super().get_fields(request, obj), self.rows)

    @admin.display(description="its rows")
    def rows(self, payout: ProviderPayout) -> SafeString:
        """Links to its rows, and to what is different about them."""
        asked = urlencode({"q": payout.reference})
        models = (("Rows", ProviderMovement), ("Differences", ProviderDifference))
        return format_html_join(
            " · ",
            '<a class="underline" href="{}?{}">{}</a>',
            (
                (reverse(f"admin:billing_{model._meta.model_name}_changelist"), asked, title)
                for title, model in models
            ),
        )


@admin.register(ProviderMovement)
class ProviderMovementAdmin(FoundByKeys):
    keys: ClassVar[Sequence[str]] = ("payout__reference", "reference", "source", "money_reference")
    search_help_text = "A payout, or the provider's reference of the row or of what it is of"
    merchant = "account__merchant"
    list_display = (
        *("reference", "kind", related("account__merchant"), "payment", "reversal"),
        *(amount("gross"), amount("fee"), amount("net"), "payout", "made_at"),
    )
    list_filter = ("kind", of_currency("billing.BillingAccount"))
    list_select_related = ("account__merchant", "payment", "reversal", "payout")
    is_long = True


@admin.register(ProviderDifference)
class ProviderDifferenceAdmin(FoundByKeys):
    keys: ClassVar[Sequence[str]] = ("payout__reference", "reference")
    search_help_text = "A payout, a row of one, or a payment's key"
    list_display = (
        *("kind", "reference", "payout", "payment", "there", "here", "found_at", "ended_at"),
    )
    list_filter = ("kind", ("ended_at", admin.EmptyFieldListFilter))
    list_select_related = ("payout", "payment")
    ordering = ("-pk",)
