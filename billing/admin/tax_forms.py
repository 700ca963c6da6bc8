"""The forms of operators' decisions about tax."""

from typing import Any

from django import forms
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from backoffice.amount_fields import figure_field
from backoffice.decisions import Reasoned
from billing.models import Fee
from billing.models.tax import PERCENT_DECIMALS
from billing.operations import tax_rates
from billing.tax import TaxClass, Treatment
from lib import countries
from lib.text_fields import LineField


def _starts_on(help_text: str) -> forms.DateField:
    """Return a form field for the first day of service that a decision about tax holds for."""
    return forms.DateField(
        label="From day of service",
        widget=UnfoldAdminTextInputWidget(attrs={"type": "date"}),
        help_text=help_text,
    )


NOT_BEGUN = "Local days of merchants; one that has begun nowhere yet."


class NewRate(Reasoned):
    """The form that introduces a tax rate."""

    country = forms.ChoiceField(
        label="Country of the issuer", choices=countries.choices, widget=UnfoldAdminSelectWidget
    )
    tax_class = forms.ChoiceField(
        label="Class of fees",
        choices=[one for one in TaxClass.choices if one[0] != TaxClass.OUTSIDE],
        widget=UnfoldAdminSelectWidget,
    )
    percent = figure_field(
        label="Per cent",
        required=False,
        max_digits=6,
        decimal_places=PERCENT_DECIMALS,
        help_text="0 for the zero rate and what is exempt. Empty ends it: without a standard rate"
        " the country has no tax, and a class without one has the standard rate.",
    )
    starts_on = _starts_on(NOT_BEGUN)
    sentence = LineField(
        label="Sentence on bills",
        required=False,
        max_length=tax_rates.LONGEST_SENTENCE,
        widget=UnfoldAdminTextInputWidget,
        help_text="Of the zero rate and what is exempt: why nothing is due, in the issuer's words.",
    )
    field_order = ("country", "tax_class", "percent", "starts_on", "sentence", "reason")


class NewClass(Reasoned):
    """The form that chooses the tax class of a fee."""

    fee = forms.ChoiceField(label="Fee", widget=UnfoldAdminSelectWidget)
    tax_class = forms.ChoiceField(
        label="Tax class", choices=TaxClass.choices, widget=UnfoldAdminSelectWidget
    )
    starts_on = _starts_on(NOT_BEGUN)
    field_order = ("fee", "tax_class", "starts_on", "reason")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["fee"]
        assert isinstance(field, forms.ChoiceField)
        taxed = Fee.objects.exclude(pk__in=Fee.UNTAXED).order_by("category", "name")
        field.choices = [(fee.code, f"{fee} ({fee.code})") for fee in taxed]


class TreatmentChoice(Reasoned):
    """The form that has a merchant taxed otherwise than the countries of issuer and merchant
    say.
    """

    treatment = forms.ChoiceField(
        label="Treatment",
        required=False,
        choices=[("", "As follows from both countries and the tax number"), *Treatment.choices],
        widget=UnfoldAdminSelectWidget,
    )
    starts_on = _starts_on("What is on no bill yet goes by it, also of days that are over.")
    field_order = ("treatment", "starts_on", "reason")
