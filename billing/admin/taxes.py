"""Tax rates, the tax classes of fees, how merchants are treated, and the taxes of bills."""

from datetime import datetime
from typing import Any

from django.contrib import admin

from backoffice.columns import amount, related
from backoffice.decision_pages import Deciding
from backoffice.decisions import Call, Decision
from backoffice.list_pages import FoundByKeys, OfMerchant, ReadOnly
from billing.admin.tax_forms import NewClass, NewRate, TreatmentChoice
from billing.models import BillingAccount, FeeTaxClass, InvoiceTax, TaxRate, TaxTreatment
from billing.operations import tax_rates, tax_treatments
from billing.queries.taxes import percent_text

_NEW_RATE = Decision(
    "introduce",
    "New rate",
    form=NewRate,
    effect=lambda rate: (
        "Bills of issuers in that country tax services of that day and later by it; bills and"
        " drafts that there are stay as they are. With its first standard rate a country's bills"
        " begin to have tax. A rate never changes; of two from the same day the one introduced"
        " last holds."
    ),
    carry_out=Call(tax_rates.introduce),
    done="The rate is introduced.",
)
_NEW_CLASS = Decision(
    "choose",
    "Choose a class",
    form=NewClass,
    effect=lambda chosen: (
        "Services of that day and later are taxed by the rate of this class, in all countries. A"
        " fee for which nothing was chosen has the standard rate. Of two from the same day the one"
        " chosen last holds."
    ),
    carry_out=Call(tax_rates.classify),
    done="The tax class is chosen.",
)


def _decided(account: BillingAccount) -> TaxTreatment | None:
    """The tax treatment that operators decided last for the account, by when they decided;
    None if they never did. It need not be the one that holds today: it may start later, or
    earlier than one that was decided before it. One whose `treatment` is "" counts too:
    with it operators went back to what follows from both parties.
    """
    return account.tax_treatments.order_by("pk").last()


TREAT = Decision(
    "tax",
    "Tax treatment",
    form=TreatmentChoice,
    effect=lambda account: (
        f"Decided last: {tax_treatments.name_of(_decided(account))}. Bills from the next one on"
        " treat services of that day and later so, whatever the countries of issuer and merchant"
        " and its tax number say. Bills and drafts that there are stay as they are."
    ),
    shown=lambda account: {"Tax treatment": str(_decided(account))},
    carry_out=Call(tax_treatments.decide, "merchant_id"),
    done="The tax treatment is decided.",
    menu="Terms",
)


class _InTurn(Deciding):
    """Admin pages of tax rates and tax classes, which are introduced one after the other."""

    def lock(self, row: Any, now: datetime) -> None:
        """Wait until no other transaction introduces tax rates or classes, and keep others waiting
        until this one ends; `row` and `now` are not used.
        """
        tax_rates.wait_turn()


@admin.register(TaxRate)
class TaxRateAdmin(_InTurn, ReadOnly):
    list_display = (
        *("country", "tax_class", "per_cent", "starts_on", "sentence"),
        *("introduced_at", "introduced_by"),
    )
    list_filter = ("tax_class",)
    search_fields = ("country",)
    list_decisions = (_NEW_RATE,)

    @admin.display(description="rate", ordering="percent")
    def per_cent(self, rate: TaxRate) -> str:
        """The rate in per cent, as text with its sign; "none of its own" for a row that ends a
        rate, after which the class has the standard rate, and the standard class no tax.
        """
        return "none of its own" if rate.percent is None else percent_text(rate.percent)


@admin.register(FeeTaxClass)
class FeeTaxClassAdmin(_InTurn, ReadOnly):
    list_display = ("fee", "tax_class", "starts_on", "chosen_at", "chosen_by")
    list_filter = ("tax_class",)
    list_select_related = ("fee",)
    search_fields = ("fee__code",)
    list_decisions = (_NEW_CLASS,)


@admin.register(TaxTreatment)
class TaxTreatmentAdmin(OfMerchant):
    merchant = "account__merchant"
    reference = ""
    list_display = (
        *("__str__", related("account__merchant"), "starts_on", "decided_at", "decided_by"),
        "reason",
    )
    list_filter = ("treatment",)
    list_select_related = ("account__merchant",)


@admin.register(InvoiceTax)
class InvoiceTaxAdmin(FoundByKeys):
    keys = ("invoice__number",)
    search_help_text = "The bill's number."
    is_long = True
    list_display = (
        *("invoice", "category", "percent", amount("base"), amount("tax"), "corrects", "rest"),
    )
    list_filter = ("category",)
    list_select_related = ("invoice", "corrects", "rest")
