"""The form by which owners say whom bills are made out to."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from billing import tax_numbers
from billing.models import BillingDetails
from billing.operations.billing_details import LONGEST_LEGAL_NAME, Party
from lib import countries
from lib.text_fields import LineField, WordsField
from lib.texts import LONGEST_NAME


class DetailsForm(forms.Form):
    """The form that says whom bills are made out to. Its fields begin with the `last` details, or
    empty.
    """

    legal_name = LineField(max_length=LONGEST_LEGAL_NAME, label=_("Legal name"))
    address = WordsField(label=_("Postal address"), widget=forms.Textarea(attrs={"rows": 3}))
    country = forms.ChoiceField(label=_("Country"), choices=countries.choices)
    tax_number = LineField(
        max_length=tax_numbers.LONGEST,
        required=False,
        label=_("Tax number"),
        help_text=_("Your number for VAT or sales tax, if you have one."),
    )
    purchase_order = LineField(
        max_length=LONGEST_NAME,
        required=False,
        label=_("Purchase order"),
        help_text=_("Your own number, if each bill is to show one."),
    )

    def __init__(self, data: Any = None, *, last: BillingDetails | None) -> None:
        said = {name: getattr(last, name) for name in self.base_fields} if last else {}
        super().__init__(data, initial=said, label_suffix="")

    @property
    def party(self) -> Party:
        """The name, address and numbers that the valid form states."""
        return Party(**self.cleaned_data)
