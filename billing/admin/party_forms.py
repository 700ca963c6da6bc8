"""The forms of operators' decisions about issuers and whom bills are made out to."""

from typing import Any

from django import forms
from unfold.widgets import (
    UnfoldAdminFileFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from backoffice.decisions import Reasoned
from billing import tax_numbers
from billing.clearing import registry
from billing.models import Issuer, IssuerVersion
from billing.models.parties import LONGEST_PREFIX
from billing.operations import issuers
from lib import countries
from lib.text_fields import LineField, WordsField


class EntityForm(Reasoned):
    """The form with what stands on bills of an issuer: name, address, tax number and the like."""

    name = LineField(
        label="Legal name",
        max_length=issuers.LONGEST_LEGAL_NAME,
        widget=UnfoldAdminTextInputWidget,
    )
    address = WordsField(label="Address", widget=UnfoldAdminTextareaWidget(attrs={"rows": 4}))
    country = forms.ChoiceField(
        label="Country", choices=countries.choices, widget=UnfoldAdminSelectWidget
    )
    tax_number = LineField(
        label="Tax number",
        max_length=tax_numbers.LONGEST,
        required=False,
        widget=UnfoldAdminTextInputWidget,
        help_text="For VAT and its like; checked by the rules of the country.",
    )
    registration_number = LineField(
        label="Registration number",
        max_length=tax_numbers.LONGEST,
        required=False,
        widget=UnfoldAdminTextInputWidget,
    )
    logo = forms.FileField(
        label="Logo",
        required=False,
        widget=UnfoldAdminFileFieldWidget,
        help_text="PNG or JPEG, of at most 100 KB. Empty: as it is.",
    )

    @property
    def entity(self) -> issuers.Entity:
        """The legal entity that the form states; its logo is None if none was uploaded. The
        uploaded file is read by it, and so it is asked for once: cleaned_data has it.
        """
        said = self.cleaned_data
        return issuers.Entity(
            name=said["name"],
            address=said["address"],
            country=said["country"],
            tax_number=said["tax_number"],
            registration_number=said["registration_number"],
            logo=said["logo"].read() if said["logo"] else None,
        )

    def clean(self) -> dict[str, Any]:
        """The cleaned data; if all fields are valid, also the `entity` that they make."""
        said = super().clean() or self.cleaned_data
        if not self.errors:
            said["entity"] = self.entity
        return said

    field_order = (
        *("number_prefix", "name", "address", "country", "tax_number", "registration_number"),
        *("logo", "reason"),
    )


class BanksForm(Reasoned):
    """The form that says to which bank accounts merchants pay an issuer's bills."""

    banks = WordsField(
        label="Bank accounts, one on each line: currency; number; code; bank",
        required=False,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 4}),
        help_text="Such as EUR; DE89 3704 0044 0532 0130 00; COBADEFFXXX; Commerzbank. Unpaid bills"
        " in that currency name it; merchants pay there.",
    )
    field_order = ("banks", "reason")


class NewIssuer(EntityForm):
    """The form that adds an issuer: its entity, and the prefix of its bill numbers."""

    number_prefix = LineField(
        label="Prefix",
        max_length=LONGEST_PREFIX,
        widget=UnfoldAdminTextInputWidget,
        help_text="Capitals and digits that its bills' numbers begin with, as in DE-2026-000001."
        " Never changes.",
    )


class IssuerChoice(Reasoned):
    """The form that chooses who issues the bills of an account."""

    issuer = forms.ChoiceField(label="Issuer", required=False, widget=UnfoldAdminSelectWidget)
    field_order = ("issuer", "reason")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["issuer"]
        assert isinstance(field, forms.ChoiceField)
        found = Issuer.objects.select_related("present").order_by("prefix")
        field.choices = [("", "The installation’s own (TAEL_ISSUER)")] + [
            (one.prefix, f"{one.prefix}: {one.present.name if one.present else ''}")
            for one in found
        ]


class ClearingChoice(Reasoned):
    """The form that chooses the provider that has an issuer's documents cleared, or nobody."""

    provider = forms.ChoiceField(label="By whom", required=False, widget=UnfoldAdminSelectWidget)
    field_order = ("provider", "reason")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["provider"]
        assert isinstance(field, forms.ChoiceField)
        offered = [(one.value, one.label) for one in registry.offered()]
        field.choices = [("", "Nobody: they are not cleared"), *offered]


class ReferencesChoice(Reasoned):
    """Chooses whether an issuer's bills carry references by which bank statements are matched."""

    is_on = forms.BooleanField(
        label="Print references on bills, and take statements of its bank accounts",
        required=False,
        widget=UnfoldBooleanSwitchWidget,
    )
    field_order = ("is_on", "reason")


def said_of(version: IssuerVersion) -> dict[str, Any]:
    """The initial data of a form that changes the issuer's entity: what this version says of it,
    without the logo.
    """
    return {
        "name": version.name,
        "address": version.address,
        "country": version.country,
        "tax_number": version.tax_number,
        "registration_number": version.registration_number,
    }
