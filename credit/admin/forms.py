"""The forms of operators' decisions about credit."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.conf import settings
from django.utils.text import format_lazy
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminFileFieldWidget,
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from backoffice.amount_fields import amount_field
from backoffice.asking_again import AsksAgain
from backoffice.columns import figure
from backoffice.decisions import Reasoned, Telling
from credit import policy_bounds
from credit.explanations import BY_OUR_TEAM
from credit.models import CreditPolicy, Freeze, PaymentFile
from credit.queries import withdrawals as queries
from credit.rules import MOST_PAYMENT_DAYS, SETTLEMENT_DAYS
from lib.form_keys import KeyedForm
from lib.text_fields import LineField, WordsField
from merchants.admin.policies import NewVersion

MOST_IN_A_FILE = 500
LONGEST_KEY = 18  # digits that the database's widest whole numbers surely hold
LARGEST_ANSWER_FILE = 5 * 1024 * 1024


class MayTell(Telling):
    """The base form of decisions about limits and freezes: what the merchant reads may be left to
    a standard sentence.
    """

    told = WordsField(
        label="For the merchant",
        required=False,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
        help_text=format_lazy("The merchant reads it. Left empty: “{}”", BY_OUR_TEAM),
    )


class LimitChange(AsksAgain, MayTell):
    limit = amount_field(label="New limit")
    field_order = ("limit", "reason", "told")


class ProceedsCorrected(Telling, KeyedForm):
    amount = amount_field(
        label="Amount", help_text="What is added to the proceeds; with a minus, what is taken."
    )
    field_order = ("amount", "reason", "told")


class DaysChange(MayTell):
    payment_days = forms.IntegerField(
        label="Days from the delivery to the first due day",
        min_value=0,
        max_value=MOST_PAYMENT_DAYS,
        widget=UnfoldAdminIntegerFieldWidget,
    )
    settlement_days = forms.TypedChoiceField(
        label="Days from the payment until it can be withdrawn",
        choices=[(days, str(days)) for days in SETTLEMENT_DAYS],
        coerce=int,
        widget=UnfoldAdminSelectWidget,
    )
    field_order = ("payment_days", "settlement_days", "reason", "told")


class FreezePlaced(MayTell, KeyedForm):
    cause = forms.TypedChoiceField(
        label="Cause",
        coerce=Freeze.Reason,
        choices=[
            (reason.value, reason.label)
            for reason in (Freeze.Reason.MANUAL, Freeze.Reason.SUSPECTED_FRAUD)
        ],
        widget=UnfoldAdminSelectWidget,
    )
    field_order = ("cause", "reason", "told")


class UnmatchedReleased(Reasoned):
    amount = amount_field(label="Amount")
    # How much was settled when the page was shown, so that a form that is sent twice settles once.
    settled = amount_field(widget=forms.HiddenInput)
    field_order: Sequence[str] = ("amount", "reason", "settled")


class UnmatchedApplied(UnmatchedReleased):
    order = LineField(label="Order (its reference)", widget=UnfoldAdminTextInputWidget)
    field_order = ("order", "amount", "reason", "settled")


class UnmatchedReturned(UnmatchedReleased):
    reference = LineField(label="The bank's reference", widget=UnfoldAdminTextInputWidget)
    field_order = ("amount", "reference", "reason", "settled")


class OrderRefunded(Reasoned):
    amount = amount_field(label="Amount")
    reference = LineField(
        label="Reference of the refund",
        widget=UnfoldAdminTextInputWidget,
        help_text="Unique at the merchant, as the references that the platform sends.",
    )
    # How much was refunded when the page was shown, so that a form that is sent twice refunds once.
    refunded = amount_field(widget=forms.HiddenInput)
    field_order = ("amount", "reference", "reason", "refunded")


class RaiseApproved(AsksAgain, Telling):
    limit = amount_field(
        label="Other limit", required=False, help_text="Empty: what was asked for."
    )
    field_order = ("limit", "reason", "told")


class MarkedPaid(forms.Form):
    bank_reference = LineField(label="The bank's reference", widget=UnfoldAdminTextInputWidget)


class FoundPaid(MarkedPaid, Reasoned):
    """The bank's reference of a payment that was found later, and how it was found."""


class ChosenField(forms.TypedMultipleChoiceField):
    """A choice of several rows by their keys. It accepts any key, even one that is no longer
    offered: the operation then refuses that row and says why.
    """

    def valid_value(self, value: object) -> bool:
        """Whether the value is written as a whole number of at most LONGEST_KEY digits."""
        text = str(value)
        return text.isascii() and text.isdigit() and len(text) <= LONGEST_KEY


class BankFile(forms.Form):
    withdrawals = ChosenField(
        label="Withdrawals", coerce=int, widget=UnfoldAdminCheckboxSelectMultipleWidget
    )
    form = forms.ChoiceField(
        label="Form of the file",
        choices=[("CSV", "CSV"), *PaymentFile.Version.choices],
        initial="CSV",
        widget=UnfoldAdminSelectWidget,
        help_text="pain.001 takes bank accounts only, and what a transfer to their country needs.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["withdrawals"]
        assert isinstance(field, ChosenField)
        field.choices = _to_export()
        field.initial = [key for key, _label in field.choices]
        if not settings.TAEL_PAYOUT_ACCOUNTS:
            del self.fields["form"]


def _to_export() -> list[tuple[int, str]]:
    """The choices of BankFile, as (id, label): the withdrawals that can go into a file for the
    bank, oldest first, but at most the first MOST_IN_A_FILE of them. The label has the reference,
    the amount, the merchant and the destination.
    """
    found = queries.to_export().select_related("line__merchant", "destination")
    return [
        (
            one.pk,
            f"{one}: {figure(one.amount)}, {one.line.merchant}, {one.destination}",
        )
        for one in found[:MOST_IN_A_FILE]
    ]


class BankAnswers(forms.Form):
    file = forms.FileField(label="File", widget=UnfoldAdminFileFieldWidget)

    def clean_file(self) -> bytes:
        """Return the bytes of the file. Raises ValidationError if it is larger than 5 MB."""
        file = self.cleaned_data["file"]
        if file.size > LARGEST_ANSWER_FILE:
            raise forms.ValidationError("The file must not be larger than 5 MB.")
        return bytes(file.read())


class NewCreditPolicy(NewVersion):
    model = CreditPolicy

    def figure_field(self, name: str) -> forms.Field:
        """Make the form's field for the policy's figure in the column `name`; the caller puts it
        into the form. It may be left empty: the figure of the newest version stays then. Where
        policy_bounds has bounds for the figure, the help text says them; the policy checks them
        (CreditPolicy.clean), and not the field.
        """
        field = super().figure_field(name)
        bounds = policy_bounds.BOUNDS.get(name)
        field.help_text = str(bounds) if bounds else field.help_text
        return field
