from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from billing.models import BillingAccount, Charge
from billing.queries import credits, effects
from lib.amount_fields import AmountField, in_currency
from lib.form_keys import KeyedForm
from lib.text_fields import LineField, WordsField


class ChargeSearch(forms.Form):
    """The form that finds, by its reference, the charge for which a credit is asked."""

    charge = LineField(
        label=_("Reference of the charge"),
        help_text=_("As in the column “Charge” of a statement's CSV."),
        max_length=100,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )

    def __init__(self, *args: Any, account: BillingAccount, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs | {"label_suffix": ""})
        self.account = account

    def clean_charge(self) -> Charge:
        """The account's charge with this reference. Raises ValidationError if there is none that
        can be credited.
        """
        found = credits.charge_to_credit(self.account, self.cleaned_data["charge"])
        if found is None:
            raise forms.ValidationError(
                _("You have no charge with this reference. Copy it as it is in your statement.")
            )
        return found

    @property
    def found(self) -> Charge:
        """The charge that was found; only if the form is valid."""
        charge: Charge = self.cleaned_data["charge"]
        return charge


class CreditRequest(KeyedForm):
    """The form that asks for a credit: how much of a charge to give back, and why."""

    charge = LineField(widget=forms.HiddenInput)
    fee = forms.ChoiceField(label=_("Reason"))
    amount = AmountField()
    message = WordsField(
        label=_("What went wrong"),
        widget=forms.Textarea(attrs={"rows": 4}),
    )

    def __init__(self, *args: Any, charge: Charge, **kwargs: Any) -> None:
        initial = {"charge": charge.reference}
        super().__init__(*args, **kwargs | {"label_suffix": "", "initial": initial})
        in_currency(self, charge.currency)
        self.left = effects.left_to_credit(charge)
        self.fields["fee"].choices = [(fee.code, fee.label) for fee in credits.reasons(charge)]  # type: ignore[attr-defined]
        self.fields["amount"].label = _("Amount in %(currency)s") % {"currency": charge.currency}

    @property
    def asked(self) -> dict[str, Any]:
        """The arguments of credits.ask that the form gives."""
        asked = ("fee", "amount", "message", "request_key")
        return {name: self.cleaned_data[name] for name in asked}
