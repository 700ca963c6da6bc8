"""The forms of operators' decisions about billing."""

from datetime import date
from decimal import Decimal
from typing import Any

from django import forms
from django.conf import settings
from moneyed import Money
from unfold.widgets import (
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from backoffice.amount_fields import amount_field, figure_field
from backoffice.asking_again import AsksAgain
from backoffice.decisions import Reasoned, Telling
from billing.models import Fee
from billing.models.accounts import CYCLE_DAYS
from billing.models.fees import ADDED_CATEGORIES, Posting
from billing.models.prices import PRICE_DECIMALS
from billing.operations import fees
from lib.amount_fields import plain
from lib.form_keys import KeyedForm
from lib.text_fields import LineField, WordsField
from lib.texts import LONGEST_DESCRIPTION
from merchants.models import Merchant


def _line(**said: Any) -> LineField:
    """Return a form field for one line of text in the admin's look; `said` are its other
    arguments.
    """
    return LineField(widget=UnfoldAdminTextInputWidget, **said)


def _day_widget() -> forms.Widget:
    """Return an input for a day in the admin's look."""
    widget: forms.Widget = UnfoldAdminTextInputWidget(attrs={"type": "date"})
    return widget


class GrantedCredit(Telling, KeyedForm):
    """The form that grants a credit. `initial` has the `categories` whose fees can be its
    reason.
    """

    fee = forms.ChoiceField(label="Credits", widget=UnfoldAdminSelectWidget)
    amount = amount_field(label="Amount")
    field_order = ("fee", "amount", "reason", "told")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Offer the fees of the categories in `initial` for which a credit may be granted."""
        super().__init__(*args, **kwargs)
        reasons = Fee.objects.filter(category__in=self.initial["categories"])
        field = self.fields["fee"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [
            (fee.code, f"{fee}: {fee.definition}")
            for fee in reasons.exclude(pk__in=Fee.NOT_GRANTED).order_by("category", "name")
        ]


class Charged(Telling, KeyedForm):
    """The form that charges the merchant by hand. `initial` has the `fees` that can be charged."""

    fee = forms.ChoiceField(label="Fee", widget=UnfoldAdminSelectWidget)
    description = _line(
        label="Description",
        max_length=LONGEST_DESCRIPTION,
        help_text="The merchant reads it with the charge, and on its bill.",
    )
    service_on = forms.DateField(label="Day of the service", widget=_day_widget())
    quantity = figure_field(label="Quantity", max_digits=18, decimal_places=6, initial=1)
    amount = amount_field(
        label="Amount", required=False, help_text="Empty: the quantity times the fee's price."
    )
    field_order = ("fee", "description", "service_on", "quantity", "amount", "reason", "told")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["fee"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [(fee.code, f"{fee} ({fee.code})") for fee in self.initial["fees"]]


class Waived(Telling, KeyedForm):
    """The form that waives what is left of a bill, or a part of it."""

    amount = amount_field(label="Amount that is not asked for")
    field_order = ("amount", "reason", "told")


class DueLater(Telling):
    """The form that gives a bill another due day."""

    due_on = forms.DateField(label="Due on", widget=_day_widget())
    field_order = ("due_on", "reason", "told")


class SplitIntoParts(Telling):
    """The form that splits a bill into dated parts. `initial` has the bill's `currency`."""

    parts = WordsField(
        label="Parts, one on each line: day and amount",
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 6}),
        help_text="Such as 2026-12-01 80.00. From 2 to 12, which come to what is left to pay.",
    )
    field_order = ("parts", "reason", "told")

    def clean_parts(self) -> list[tuple[date, Money]]:
        """Read the parts that were typed, a day and an amount in the bill's currency a line, in the
        order of the lines. Raises ValidationError for a line that is not a day and an amount, an
        empty one included. How many they are, their days and their sum are left to the operation.
        """
        found = []
        for line in self.cleaned_data["parts"].splitlines():
            day, _space, amount = line.strip().partition(" ")
            try:
                figure = Decimal(plain(amount))
                found.append((date.fromisoformat(day), Money(figure, self.initial["currency"])))
            except (ValueError, ArithmeticError, forms.ValidationError) as error:
                raise forms.ValidationError(
                    f"“{line}” is not a day and an amount, such as 2026-12-01 80.00."
                ) from error
        return found


class Paused(Telling):
    """The form that pauses the collecting of a bill."""

    until_on = forms.DateField(
        label="Until", widget=_day_widget(), help_text="As this day starts, collecting goes on."
    )
    field_order = ("until_on", "reason", "told")


class ThresholdChange(AsksAgain, Reasoned):
    """The form that sets another threshold."""

    threshold = amount_field(label="New threshold")
    field_order = ("threshold", "reason")


class ThresholdApproved(AsksAgain, Telling):
    """The form that approves a higher threshold: the one asked for, or another one."""

    threshold = amount_field(
        label="Other threshold", required=False, help_text="Empty: what was asked for."
    )
    field_order = ("threshold", "reason", "told")


class PlanChange(AsksAgain, Reasoned):
    """The form that changes the plan from the next plan date on."""

    plan = _line(label="Plan")
    price = amount_field(label="Price")
    interval_days = forms.IntegerField(
        label="Days that it pays for",
        min_value=CYCLE_DAYS,
        widget=UnfoldAdminIntegerFieldWidget,
    )
    field_order = ("plan", "price", "interval_days", "reason")


class TimeZoneChange(Reasoned):
    """The form that changes the time zone from the next month on."""

    timezone = _line(max_length=64, label="Time zone", help_text="Such as Asia/Bangkok.")
    field_order = ("timezone", "reason")


class MethodChoice(Reasoned):
    """The form that chooses a payment method. `initial` has the `methods` that are offered, as
    pairs of a value and a label.
    """

    method = forms.ChoiceField(label="Payment method", widget=UnfoldAdminSelectWidget)
    field_order = ("method", "reason")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["method"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = self.initial["methods"]


class RestPaidOut(Reasoned):
    """The form that records that the rest of a closed account was paid out."""

    reference = _line(label="The bank's reference")
    field_order = ("reference", "reason")


class GivenBack(Reasoned):
    """The form that records that unapplied money was paid back to the merchant."""

    amount = amount_field(label="Amount")
    reference = _line(label="The bank's reference")
    field_order = ("amount", "reference", "reason")


class Transfer(forms.Form):
    """The form that records a bank transfer that came in."""

    amount = amount_field(label="Amount")
    reference = _line(label="The bank's reference")
    arrived_on = forms.DateField(
        label="Value date",
        required=False,
        widget=UnfoldAdminTextInputWidget(attrs={"type": "date"}),
        help_text="The merchant's local day on which the money arrived. Empty: today.",
    )


class TransferMoved(Telling):
    """The form that takes a transfer off the account and bill that it was booked on by mistake."""

    to = _line(
        max_length=100,
        label="It belongs to merchant",
        required=False,
        help_text=(
            "The merchant's reference: this one's if only the bill was wrong. Empty: the money"
            " never came."
        ),
    )
    is_another = forms.BooleanField(
        label="It is another transfer than the one that they have under its reference",
        required=False,
        help_text=(
            "Some banks give one reference to all transfers. If it is the same money, leave the"
            " merchant empty."
        ),
    )
    field_order = ("to", "is_another", "reason", "told")


class ValueDate(Reasoned):
    """The form that corrects the day on which a transfer's money arrived."""

    arrived_on = forms.DateField(
        label="Value date", widget=UnfoldAdminTextInputWidget(attrs={"type": "date"})
    )
    field_order = ("arrived_on", "reason")


class Ended(Reasoned):
    """The form that ends an attempt whose provider's answer cannot be right, and says how much
    money arrived for it.
    """

    arrived = amount_field(
        label="Money that arrived", help_text="By the provider's own pages; 0 if none did."
    )
    reference = _line(
        label="The provider's reference of it",
        required=False,
        help_text="Such as pi_…; empty if no money arrived.",
    )
    field_order = ("arrived", "reference", "reason")


class NewPrice(AsksAgain, Reasoned):
    """The form that introduces a price of a fee, for one merchant or for all."""

    fee = forms.ChoiceField(label="Fee", widget=UnfoldAdminSelectWidget)
    currency = _line(min_length=3, max_length=3, label="Currency")
    unit_price = figure_field(
        label="Unit price",
        max_digits=18,
        decimal_places=PRICE_DECIMALS,
        required=False,
        help_text="Of one unit. Empty: the merchant's own price ends.",
    )
    from_on = forms.DateField(label="From", widget=_day_widget())
    merchant = _line(
        max_length=100,
        label="For one merchant",
        required=False,
        help_text="The merchant's reference. Empty: for everybody without an own price.",
    )
    field_order = ("fee", "currency", "unit_price", "from_on", "merchant", "reason")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["fee"]
        assert isinstance(field, forms.ChoiceField)
        fees = Fee.objects.filter(is_sent_by_platform=True).order_by("name")
        field.choices = [(fee.code, f"{fee} ({fee.code})") for fee in fees]

    def clean_merchant(self) -> Merchant | None:
        """The merchant whose reference was typed; None if the field is empty. Raises
        ValidationError for an unknown one.
        """
        reference = self.cleaned_data["merchant"]
        if not reference:
            return None
        merchant = Merchant.objects.filter(reference=reference).first()
        if merchant is None:
            raise forms.ValidationError("There is no merchant with this reference.")
        return merchant


class NewFee(Reasoned):
    """The form that adds a fee, with its name and definition in each language of merchants' pages:
    a field for each of them.
    """

    code = _line(
        label="Code",
        max_length=fees.LONGEST_CODE,
        help_text="What the platform's systems call it, such as gift-wrapping.",
    )
    category = forms.ChoiceField(
        label="Category",
        widget=UnfoldAdminSelectWidget,
        choices=[(one.value, one.label) for one in ADDED_CATEGORIES],
    )
    posting = forms.ChoiceField(
        label="Counts towards a bill", widget=UnfoldAdminSelectWidget, choices=Posting.choices
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for language, called in settings.LANGUAGES:
            self.fields[f"name_{language}"] = _line(label=f"Name, {called}", max_length=100)
            self.fields[f"definition_{language}"] = _line(
                label=f"Definition, {called}", max_length=fees.LONGEST_DEFINITION
            )
        self.order_fields([name for name in self.fields if name != "reason"])

    def in_languages(self, what: str) -> dict[str, str]:
        """What was typed, by the code of its language: the fee's names if `what` is "name", its
        definitions if it is "definition".
        """
        return {language: self.cleaned_data[f"{what}_{language}"] for language in fees.languages()}

    def clean(self) -> dict[str, Any]:
        """The cleaned data; if all fields are valid, also `names` and `definitions`, each by
        language.
        """
        said = super().clean() or self.cleaned_data
        if not self.errors:
            said["names"], said["definitions"] = map(self.in_languages, ("name", "definition"))
        return said
