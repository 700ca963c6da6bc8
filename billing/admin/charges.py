"""Charges with the requests, items and statements they belong to; credits on them."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest

from backoffice.columns import amount, figure, related
from backoffice.decision_pages import Deciding
from backoffice.decisions import Decision
from backoffice.filters import of_currency
from backoffice.list_pages import OfMerchant, ReadOnlyInline
from billing.admin import files, shown
from billing.admin.forms import GrantedCredit
from billing.admin.lists import unit_price
from billing.admin.shown import AboutAccount
from billing.documents import for_operators
from billing.models import (
    Charge,
    FulfilmentRequest,
    InvoiceItem,
    Statement,
    StatementTotal,
)
from billing.models.fees import CREDIT_FOR, Category
from billing.operations import credits
from billing.queries.effects import left_to_credit
from merchants.admin.two_people import CallOrPropose, done

MERCHANT = related("account__merchant")
UNIT_PRICE = unit_price("-")


def _credit_effect(charge: Charge) -> str:
    """What an operator reads before crediting the charge: how much of it can still be credited,
    what of the account is outstanding, and that the merchant is told.
    """
    return (
        f"{figure(left_to_credit(charge))} of the charge's {figure(charge.amount)} can still be"
        f" credited. A credit is a negative charge of today: {figure(charge.account.outstanding)}"
        " is outstanding, and will be less by its amount. The merchant is told."
    )


def _new_credit(charge: Charge) -> dict[str, Any]:
    """The initial data of the form for a credit on the charge. Its `categories` is a list
    of the one category of credits that corrects charges of its category; the list is empty
    if there is no such category.
    """
    category = CREDIT_FOR.get(Category(charge.fee.category))
    return {"categories": [category] if category else []}


@admin.register(Charge)
class ChargeAdmin(AboutAccount, OfMerchant):
    merchant = "account__merchant"
    is_long = True
    of_one = ("reference",)
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
    list_filter = (of_currency("billing.BillingAccount"),)
    list_select_related = ("account__merchant", "fee")
    decisions = (
        Decision(
            "credit",
            "Grant a credit",
            form=GrantedCredit,
            effect=_credit_effect,
            initial=_new_credit,
            shown=shown.left_of_charge,
            repeats=shown.is_granted,
            carry_out=CallOrPropose(
                credits.grant,
                columns={"merchant_id": "account_id", "charge": "reference"},
            ),
            done=done("The credit is granted."),
            is_open=lambda charge: charge.fee.category in CREDIT_FOR,
        ),
    )

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> Sequence[Any]:
        """All fields; the unit price is shown with its currency."""
        fields = super().get_fields(request, obj)
        return [UNIT_PRICE if field == "unit_price" else field for field in fields]


@admin.register(FulfilmentRequest)
class FulfilmentRequestAdmin(OfMerchant):
    merchant = "account__merchant"
    is_long = True
    of_one = ("-first_at", "-pk")
    list_display = ("reference", MERCHANT, "first_at")
    list_select_related = ("account__merchant",)


@admin.register(InvoiceItem)
class InvoiceItemAdmin(OfMerchant):
    dated = "posting_on"
    merchant = "account__merchant"
    reference = "fee__code"
    is_long = True
    of_one = ("-posting_on",)
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
    fields = readonly_fields = ("fee", "charge_count", amount("amount"))


@admin.register(Statement)
class StatementAdmin(Deciding, OfMerchant):
    merchant = "account__merchant"
    reference = "month"
    list_display = ("__str__", MERCHANT, "currency", "opened_at", "closed_at")
    list_filter = (("closed_at", admin.EmptyFieldListFilter),)
    list_select_related = ("account__merchant",)
    search_help_text = "Merchant's reference, month (2026-11)"
    inlines = (StatementTotalInline,)
    downloads = files.of_merchant(
        "statement",
        is_there=lambda statement: statement.is_closed,
        as_pdf=for_operators.statement_as_pdf,
        as_csv=for_operators.statement_as_csv,
    )

    def named(self, queryset: "QuerySet[Statement]", reference: str) -> "QuerySet[Statement]":
        """Those of these statements that are of the month with which `reference` begins, written as
        in 2026-11; none if it begins with no month.
        """
        try:
            return queryset.filter(month=date.fromisoformat(f"{reference[:7]}-01"))
        except ValueError:
            return queryset.none()


@admin.register(StatementTotal)
class StatementTotalAdmin(OfMerchant):
    merchant = "statement__account__merchant"
    reference = "fee__code"
    list_display = (
        "fee",
        related("statement__account__merchant"),
        "statement",
        "charge_count",
        amount("amount"),
    )
    list_select_related = ("statement__account__merchant", "fee")
