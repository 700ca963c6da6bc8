"""The form by which owners say whom bills are made out to."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from billing import tax_numbers
from billing.models import BillingDetails
from billing.operations.billing_details import LONGEST_LEGAL_NAME, Party
from lib import countries, formats
from lib.text_fields import LineField, WordsField
from lib.texts import LONGEST_NAME


class DetailsForm(forms.Form):
    """The form that says whom bills are made out to. Its fields begin with the `last` details, or
    empty. It carries along which version of them it was shown with.
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

    version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(self, data: Any = None, *, last: BillingDetails | None) -> None:
        said = {name: getattr(last, name) for name in self.base_fields} if last else {"version": 0}
        super().__init__(data, initial=said, label_suffix="")

    @property
    def party(self) -> Party:
        """The name, address and numbers that the valid form states."""
        return Party(**{name: self.cleaned_data[name] for name in self._stated})

    @property
    def seen(self) -> int | None:
        """The version of the details that the valid form was shown with, 0 for none; None if what
        was sent does not say.
        """
        version: int | None = self.cleaned_data["version"]
        return version

    def compare_with(self, last: BillingDetails) -> None:
        """Have the form, as it was sent, say at each field that states something else than the
        `last` details what is saved now. Sent again, it counts as typed on a page that shows these.
        """
        for name in self._stated:
            saved = getattr(last, name)
            if self.cleaned_data.get(name) != saved:
                shown = formats.country(saved) if name == "country" else saved
                self.add_error(name, _("Saved now: %(value)s") % {"value": shown or "–"})
        self.data = dict(self.data.items()) | {"version": str(last.version)}

    @property
    def _stated(self) -> list[str]:
        """The names of the fields that somebody fills in."""
        return [field.name for field in self.visible_fields()]
