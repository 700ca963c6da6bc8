"""The forms of administrators' decisions about people."""

from typing import Any

from django import forms
from django.conf import settings
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminEmailInputWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from backoffice.decisions import Reasoned
from lib.form_keys import KeyedForm
from lib.text_fields import LineField, WordsField
from merchants import roles as known_roles
from merchants.models import Membership, Merchant


class Roles(Reasoned):
    """The form for the roles that an operator is to have; it starts with the present ones."""

    roles = forms.MultipleChoiceField(
        choices=known_roles.choices, required=False, widget=UnfoldAdminCheckboxSelectMultipleWidget
    )
    field_order: tuple[str, ...] = ("roles", "reason")


class NewOperator(Roles):
    email = forms.EmailField(
        max_length=254, label="E-mail address", widget=UnfoldAdminEmailInputWidget
    )
    field_order: tuple[str, ...] = ("email", "roles", "reason")


class MerchantRole(Reasoned):
    role = forms.TypedChoiceField(
        choices=Membership.Role.choices,
        coerce=Membership.Role,
        widget=UnfoldAdminSelectWidget,
    )
    field_order: tuple[str, ...] = ("role", "reason")


class Invited(MerchantRole, KeyedForm):
    email = forms.EmailField(
        max_length=254, label="E-mail address", widget=UnfoldAdminEmailInputWidget
    )
    field_order: tuple[str, ...] = ("email", "role", "reason")


class MerchantChange(Reasoned):
    name = LineField(widget=UnfoldAdminTextInputWidget)
    language = forms.ChoiceField(
        choices=settings.LANGUAGES,
        help_text="Of the documents that are made for it from now on.",
        widget=UnfoldAdminSelectWidget,
    )
    field_order: tuple[str, ...] = ("name", "language", "reason")


class ContactsChange(Reasoned):
    contact_name = LineField(required=False, widget=UnfoldAdminTextInputWidget)
    contact_email = forms.EmailField(
        required=False, max_length=254, label="E-mail address", widget=UnfoldAdminEmailInputWidget
    )
    contact_phone = LineField(
        required=False, max_length=50, label="Telephone", widget=UnfoldAdminTextInputWidget
    )
    field_order: tuple[str, ...] = ("contact_name", "contact_email", "contact_phone", "reason")


class OfMerchantNamed(forms.Form):
    """The part of a form that names a merchant."""

    merchant = LineField(help_text="The merchant's reference.", widget=UnfoldAdminTextInputWidget)

    def clean_merchant(self) -> Any:
        """Return the merchant with the reference that was typed. Raises ValidationError if there is
        none.
        """
        merchant = Merchant.objects.filter(reference=self.cleaned_data["merchant"]).first()
        if merchant is None:
            raise forms.ValidationError("There is no merchant with this reference.")
        return merchant


class InvitedTo(OfMerchantNamed, Invited):
    field_order: tuple[str, ...] = ("merchant", "email", "role", "reason")


class NoteWritten(KeyedForm):
    text = WordsField(label="Note", widget=UnfoldAdminTextareaWidget(attrs={"rows": 5}))
