"""Accounts, and what was changed about them."""

from typing import Any

from django.contrib import admin

from backoffice.list_pages import OfMerchant, ReadOnly, amount, one_of, related
from backoffice.outcomes import LastDecision
from billing.admin import account_decisions, by_hand, closing, unapplied
from billing.admin.shown import AboutAccount
from billing.models import AccountChange, BillingAccount, Card, NumberSeries, PlanTerm

MERCHANT = related("account__merchant")


@admin.register(NumberSeries)
class NumberSeriesAdmin(ReadOnly):
    list_display = ("__str__", "last")
    fields = ("series", "year", "last")


@admin.register(BillingAccount)
class BillingAccountAdmin(AboutAccount, OfMerchant):
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
        "next_invoice_on",
        "open_on",
        "closed_on",
    )
    list_filter = ("reviews_bills", "payment_method")
    list_select_related = ("merchant",)
    decisions = (
        *by_hand.DECISIONS,
        *account_decisions.DECISIONS,
        *unapplied.DECISIONS,
        *closing.DECISIONS,
    )

    def last_decision(self, row: Any) -> LastDecision | None:
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


@admin.register(Card)
class CardAdmin(OfMerchant):
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
    )
    list_filter = (
        one_of("provider", BillingAccount.Method.choices),
        ("removed_at", admin.EmptyFieldListFilter),
    )
    list_select_related = ("account__merchant",)
    search_help_text = "Merchant's reference, last four digits"
