"""Accounts, and what was changed about them."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest

from backoffice.briefs import Brief
from backoffice.columns import amount, related
from backoffice.decisions import Act, Call, Decision, Telling
from backoffice.filters import of_currency, one_of, waiting
from backoffice.list_pages import OfMerchant, ReadOnly
from backoffice.outcomes import LastDecision
from billing.admin import account_decisions, by_hand, closing, parties, taxes, unapplied
from billing.admin.shown import AboutAccount
from billing.models import AccountChange, BillingAccount, Card, NumberSeries, PlanTerm
from billing.operations import cards, cards_blocked
from billing.queries import briefs, methods
from billing.queries import waiting as queues

MERCHANT = related("account__merchant")
DATES = ("next_plan_on", "next_cycle_on")

METHODS = BillingAccount.Method.choices


@admin.register(NumberSeries)
class NumberSeriesAdmin(ReadOnly):
    list_display = ("__str__", "last")
    fields = ("series", "year", "last")


@admin.register(BillingAccount)
class BillingAccountAdmin(AboutAccount, OfMerchant):
    dated = "joined_on"
    merchant = "merchant"
    reference = ""
    list_display = (
        "merchant",
        amount("outstanding"),
        amount("accruing"),
        amount("unapplied"),
        amount("threshold"),
        "plan",
        amount("plan_price"),
        "payment_method",
        "next_invoice",
        "open_on",
        "closed_on",
    )
    list_filter = (
        waiting(queues.UNAPPLIED),
        "reviews_bills",
        one_of("payment_method", lambda: methods.offered(METHODS)),
        of_currency("billing.BillingAccount"),
        ("closed_on", admin.EmptyFieldListFilter),
    )
    list_select_related = ("merchant", "issuer", "details")
    decisions = (
        *by_hand.DECISIONS,
        *account_decisions.DECISIONS,
        parties.CHOOSE,
        taxes.TREAT,
        *unapplied.DECISIONS,
        *closing.DECISIONS,
    )

    def brief(self, row: Any, name: str) -> Brief | None:
        """What stands beside the decision called `name` about the account (AboutAccount.brief);
        before it is closed, what its final bill comes to. It is never None.
        """
        return briefs.about(row, name, final=closing.final(row) if name == "close" else None)

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> Sequence[Any]:
        """All fields; of a closed account without the dates of its next bills (DATES), by which no
        bill comes any more.
        """
        fields = super().get_fields(request, obj)
        is_closed = isinstance(obj, BillingAccount) and obj.is_closed
        return [name for name in fields if not is_closed or name not in DATES]

    @admin.display(description="next bill")
    def next_invoice(self, account: BillingAccount) -> date | None:
        """The date of the account's next bill by its plan or cycle, before which a threshold bill
        may come; None for a closed account.
        """
        return None if account.is_closed else account.next_invoice_on

    def last_decision(self, row: Any) -> LastDecision | None:
        """What happened last to the account, a change or an entry of unapplied money, with who did
        it and when; None if neither ever happened.
        """
        change = row.changes.order_by("pk").last()
        entry = row.unapplied_entries.order_by("pk").last()
        if entry and (change is None or entry.at > change.at):
            return LastDecision(str(entry.get_kind_display()), entry.actor, entry.at)
        return change and LastDecision(str(change.get_what_display()), change.actor, change.at)


@admin.register(PlanTerm)
class PlanTermAdmin(OfMerchant):
    merchant = "account__merchant"
    reference = ""
    list_display = (
        "plan",
        MERCHANT,
        "starts_on",
        amount("plan_price"),
        "plan_interval_days",
    )
    list_select_related = ("account__merchant",)


@admin.register(AccountChange)
class AccountChangeAdmin(OfMerchant):
    merchant = "account__merchant"
    reference = ""
    list_display = (
        "__str__",
        MERCHANT,
        "before",
        "after",
        "effective_on",
        "actor",
        "reason",
        "at",
    )
    list_filter = ("what",)
    list_select_related = ("account__merchant",)


def _blocked(act: Act, card: Card) -> Card:
    """Have the provider forget the card, which the decision has blocked; called without any lock.
    If Stripe does not answer, or cannot be asked, that is only logged, and the card stays blocked
    here (cards.detach). Returns the card.
    """
    cards.detach(card)
    return card


@admin.register(Card)
class CardAdmin(AboutAccount, OfMerchant):
    merchant = "account__merchant"
    reference = "last_four"
    list_display = (
        "__str__",
        MERCHANT,
        "provider",
        "expires_on",
        "added_at",
        "added_by",
        "removed_at",
        "blocked_at",
    )
    list_filter = (
        one_of("provider", lambda: methods.offered(METHODS)),
        ("removed_at", admin.EmptyFieldListFilter),
    )
    list_select_related = ("account__merchant",)
    search_help_text = "Merchant's reference, last four digits"
    decisions = (
        Decision(
            "block",
            "Block",
            form=Telling,
            effect=lambda card: (
                f"Nothing is collected from {card} any more, and the merchant cannot add it again."
                " Bills that were collected from it wait for a transfer, or until another method is"
                " chosen. What the provider was asked for before goes on. Owners are told. It"
                " cannot be taken back."
            ),
            shown=lambda card: {"Blocked": card.is_blocked, "Removed": card.removed_at},
            carry_out=Call(cards_blocked.block, "card_id"),
            afterwards=_blocked,
            done="The card is blocked.",
            is_open=lambda card: not card.is_blocked,
        ),
    )
