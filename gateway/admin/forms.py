"""What administrators say about keys of the API."""

from django import forms
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminTextInputWidget,
)

from backoffice.decisions import Reasoned
from gateway.models import Scope
from lib.form_keys import KeyedForm
from lib.text_fields import LineField
from merchants.models import Merchant

REQUESTS_PER_MINUTE = 1200
OVERLAP_HOURS = 24


class NewKey(Reasoned, KeyedForm):
    name = LineField(
        help_text="Whose key it is, such as “Checkout”.", widget=UnfoldAdminTextInputWidget
    )
    scopes = forms.MultipleChoiceField(
        choices=Scope.choices, widget=UnfoldAdminCheckboxSelectMultipleWidget
    )
    merchant = LineField(
        required=False,
        help_text="The reference of the one merchant whose books it reaches; empty: all merchants."
        " A merchant's key says nothing of its terms, name or metrics, whatever it is for.",
        widget=UnfoldAdminTextInputWidget,
    )
    networks = LineField(
        required=False,
        max_length=500,
        help_text="Networks it may be used from, such as 203.0.113.0/24; empty: from anywhere.",
        widget=UnfoldAdminTextInputWidget,
    )
    requests_per_minute = forms.IntegerField(
        min_value=1, initial=REQUESTS_PER_MINUTE, widget=UnfoldAdminIntegerFieldWidget
    )
    valid_for_days = forms.IntegerField(
        required=False,
        min_value=1,
        max_value=3660,
        help_text="Empty: until it is revoked.",
        widget=UnfoldAdminIntegerFieldWidget,
    )
    field_order: tuple[str, ...] = (
        *("name", "scopes", "merchant", "networks", "requests_per_minute", "valid_for_days"),
        "reason",
    )

    def clean_merchant(self) -> Merchant | None:
        """The merchant whose reference was typed; None if the field is empty. Raises
        ValidationError for an unknown one.
        """
        named = self.cleaned_data["merchant"]
        merchant = Merchant.objects.filter(reference=named).first()
        if named and merchant is None:
            raise forms.ValidationError("There is no merchant with this reference.")
        return merchant


class NewKeyOfMerchant(NewKey):
    """A key for the merchant of the page."""

    merchant = None  # type: ignore[assignment]  # no field


class Rotation(Reasoned):
    overlap_hours = forms.IntegerField(
        min_value=0,
        max_value=30 * 24,
        initial=OVERLAP_HOURS,
        help_text="For how long the old key goes on beside the new one.",
        widget=UnfoldAdminIntegerFieldWidget,
    )
    field_order: tuple[str, ...] = ("overlap_hours", "reason")
