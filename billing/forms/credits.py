"""The forms by which a merchant asks for credits on its charges."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from billing.models import BillingAccount, Charge
from billing.models.fees import CREDIT_FOR, Category
from billing.queries import credits, effects
from lib import money
from lib.amount_fields import AmountField, in_currency
from lib.form_keys import KeyedForm
from lib.text_fields import LineField, WordsField


class ChargeSearch(forms.Form):
    """The form that finds, by its reference, the charge for which a credit is asked."""

    charge = LineField(
        label=_("Reference of the charge"),
        help_text=_("As in the list of all charges, or in a statement's CSV."),
        max_length=100,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )

    def __init__(self, *args: Any, account: BillingAccount, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs | {"label_suffix": ""})
        self.account = account

    def clean_charge(self) -> Charge:
        """The account's charge with the reference that was typed. Raises ValidationError if there
        is none, or it is of a category for which no credits are given. How much of it was credited
        already is not looked at.
        """
        found = credits.charge_to_credit(self.account, self.cleaned_data["charge"])
        if found is None:
            raise forms.ValidationError(
                _("You have no charge with this reference. Copy it as it is in your statement.")
            )
        return found

    @property
    def found(self) -> Charge:
        """The charge that was found; the form must be valid."""
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
        self.fields["fee"].choices = _reasons(charge)  # type: ignore[attr-defined]
        self.fields["amount"].label = _("Amount in %(currency)s") % {"currency": charge.currency}

    @property
    def asked(self) -> dict[str, Any]:
        """The arguments that the valid form gives to credits.ask: fee, amount, message and request
        key. The charge is not among them: the caller gives the one that the form was made for.
        """
        asked = ("fee", "amount", "message", "request_key")
        return {name: self.cleaned_data[name] for name in asked}


class Dispute(KeyedForm):
    """The form that asks for all that is left of several charges, with a reason for each kind of
    charge and one message.
    """

    total = AmountField()
    message = WordsField(
        label=_("What went wrong"),
        help_text=_("It goes with each of these charges."),
        widget=forms.Textarea(attrs={"rows": 4}),
    )

    def __init__(self, *args: Any, charges: Sequence[Charge], **kwargs: Any) -> None:
        """Make the form that asks for all that is left of `charges`, of which there is at least
        one, and which have to be charges that can be credited: with that total in a hidden field,
        and a field for the reason of each kind of charge.
        """
        self.charges, self.lefts = charges, effects.lefts_to_credit(charges)
        self.left = money.total(self.lefts.values(), charges[0].currency)
        initial = {"total": money.text(self.left)}
        super().__init__(*args, **kwargs | {"label_suffix": "", "initial": initial})
        in_currency(self, charges[0].currency)
        self.fields["total"].widget = forms.HiddenInput()  # only told apart from what is left now
        self._add_reasons()
        self.order_fields([*(name for name in self.fields if name != "message"), "message"])

    def _add_reasons(self) -> None:
        """Add a field for the reason of each kind of charge; a reason fits only one kind."""
        one_of: dict[Category, Charge] = {}
        for charge in self.charges:
            one_of.setdefault(CREDIT_FOR[Category(charge.fee.category)], charge)
        for kind, charge in one_of.items():
            label = _("Reason") if len(one_of) == 1 else _("Reason: %s") % kind.label
            self.fields[_of_kind(kind)] = forms.ChoiceField(label=label, choices=_reasons(charge))

    @property
    def rows(self) -> list[tuple[Charge, Any]]:
        """Each charge with the amount of it that can still be credited."""
        return [(charge, self.lefts[charge.pk]) for charge in self.charges]

    @property
    def asked(self) -> dict[str, Any]:
        """The arguments that the valid form gives to disputes.ask: the reason for each charge by
        its reference, the total, the message and the request key.
        """
        reasons = {
            charge.reference: self.cleaned_data[_of_kind(CREDIT_FOR[Category(charge.fee.category)])]
            for charge in self.charges
        }
        given = ("total", "message", "request_key")
        return {"reasons": reasons} | {name: self.cleaned_data[name] for name in given}


def _reasons(charge: Charge) -> list[tuple[str, Any]]:
    """The reasons for which the charge can be credited, as choices. A blank choice comes first, so
    that none is chosen beforehand, unless there is exactly one reason; without any it stands alone.
    """
    reasons = [(fee.code, fee.label) for fee in credits.reasons(charge)]
    return reasons if len(reasons) == 1 else [("", "–"), *reasons]


def _of_kind(kind: Category) -> str:
    """The name of the field for the reason of charges that this category of credits corrects."""
    return f"fee_{kind.lower()}"
