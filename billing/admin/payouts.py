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

from backoffice.briefs import Brief
from backoffice.columns import amount, related
from backoffice.decision_pages import Deciding
from backoffice.decisions import Call, Decision, Reasoned
from backoffice.filters import of_currency, one_of, waiting
from backoffice.list_pages import FoundByKeys
from backoffice.outcomes import LastDecision
from billing.models import ProviderDifference, ProviderMovement, ProviderPayout
from billing.operations import provider_differences
from billing.queries import briefs
from billing.queries.waiting import DIFFERENCES

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
        provider, reference, *others = super().get_fields(request, obj)
        return (reference, provider, self.rows, *others)

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


def _effect_of_closing(difference: ProviderDifference) -> str:
    """What an operator reads before closing a difference: its kind, what the provider and our books
    say, that closing changes nothing in the books, and when it waits again.
    """
    theirs, ours = difference.there or "nothing", difference.here or "nothing"
    return (
        f"{difference.get_kind_display()}: the provider says {theirs}, and our books say {ours}."
        " Closed, it waits for nobody any more; nothing of the books is changed. Should both agree"
        " later, it ends by itself, and with other figures it waits again."
    )


def _shown_difference(difference: ProviderDifference) -> dict[str, Any]:
    """What a page of decisions shows of a difference, and compares when the form comes back: what
    the provider and our books say, whether it has ended, and who closed it.
    """
    return {
        "There": difference.there or "–",
        "Here": difference.here or "–",
        "Has ended": "yes" if difference.ended_at else "no",
        "Closed by": difference.closed_by or "nobody",
    }


@admin.register(ProviderDifference)
class ProviderDifferenceAdmin(Deciding, FoundByKeys):
    keys: ClassVar[Sequence[str]] = ("payout__reference", "reference")
    search_help_text = "A payout, a row of one, or a payment's key"
    merchant = "payment__invoice__account__merchant"
    list_display = (
        *("kind", "reference", related("payment__invoice__account__merchant"), "payout"),
        *("payment", "there", "here", "found_at", "ended_at", "closed_by"),
    )
    list_filter = (waiting(DIFFERENCES), "kind", ("ended_at", admin.EmptyFieldListFilter))
    list_select_related = ("payout", "payment__invoice__account__merchant")
    ordering = ("-pk",)
    decisions = (
        Decision(
            "close",
            "Close",
            form=Reasoned,
            effect=_effect_of_closing,
            shown=_shown_difference,
            carry_out=Call(provider_differences.close, "difference_id"),
            done="The difference is closed.",
            is_open=lambda difference: difference.is_open,
        ),
    )

    def lock(self, row: Any, now: Any) -> None:
        """Take the lock of all payouts and their differences, and after it that of the row, in
        the order in which operations take them. Otherwise a job that compares payouts with our
        books could give the difference other figures, or end it, at the same time. The row is
        not read again here.
        """
        provider_differences.wait_turn()
        super().lock(row, now)

    def brief(self, row: Any, name: str) -> Brief | None:
        """What stands beside the decision: the payout and the account of the merchant whose payment
        it is.
        """
        return briefs.of_difference(row)

    def last_decision(self, row: Any) -> LastDecision | None:
        """Who closed the difference and when; if nobody did, that it ended by itself; None while it
        waits. One that was closed counts as closed, whether or not it has ended since.
        """
        if row.closed_at is not None:
            return LastDecision("Closed", row.closed_by, row.closed_at)
        return LastDecision("Ended by itself", "", row.ended_at) if row.ended_at else None
