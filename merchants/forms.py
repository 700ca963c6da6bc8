import re
from datetime import datetime
from decimal import Decimal
from typing import Any

from django import forms
from django.contrib.auth.forms import SetPasswordForm
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminDecimalFieldWidget

from merchants import money
from merchants.lists import Filter, choice
from merchants.models import Membership, Notice, Profile
from merchants.money import DECIMAL_PLACES, MAX_DIGITS
from merchants.operations import profiles
from merchants.refusals import Invalid
from merchants.text_fields import LineField

Kind = Notice.Kind

# How the kinds of notices stand on the page where people choose their e-mails; each once.
NOTICE_GROUPS = {
    "credit": (
        _("Credit"),
        (
            Kind.LIMIT_80,
            Kind.LIMIT_100,
            Kind.REVIEW,
            Kind.REQUEST_ANSWERED,
            Kind.FREEZE_PLACED,
            Kind.FREEZE_LIFTED,
        ),
    ),
    "orders": (_("Orders"), (Kind.ORDER_DECLINED, Kind.ORDER_OVERDUE)),
    "proceeds": (
        _("Proceeds"),
        (
            Kind.WITHDRAWAL_DONE,
            Kind.WITHDRAWAL_FAILED,
            Kind.DESTINATION_ADDED,
            Kind.AUTOMATIC_SET_UP,
        ),
    ),
    "billing": (
        _("Billing"),
        (
            Kind.BILL_ISSUED,
            Kind.PAYMENT_FAILED,
            Kind.PAYMENT_REVERSED,
            Kind.STATEMENT_CLOSED,
            Kind.THRESHOLD_ANSWERED,
            Kind.CREDIT_ANSWERED,
            Kind.UNAPPLIED,
        ),
    ),
}
TOPICS = [("", _("All")), *((name, label) for name, (label, _kinds) in NOTICE_GROUPS.items())]
# merchants.operations.mails: they may be a thief's.
ALWAYS_TOLD_OWNERS = (Kind.DESTINATION_ADDED, Kind.AUTOMATIC_SET_UP)


def amount_field(**said: Any) -> forms.DecimalField:
    """Money that an operator types; the operation knows its currency, and so its digits."""
    return forms.DecimalField(
        max_digits=MAX_DIGITS,
        decimal_places=DECIMAL_PLACES,
        widget=UnfoldAdminDecimalFieldWidget,
        **said,
    )


# A comma between groups of three digits, as pages show amounts and people copy them.
_GROUPED = re.compile(r"[0-9]{1,3}(,[0-9]{3})+(\.[0-9]*)?")


class NoticeFilter(Filter):
    SORTS = ("-id",)

    topic = choice(TOPICS)

    @property
    def kinds(self) -> tuple[Notice.Kind, ...]:
        """Those of the topic; none at all is all."""
        topic = self.rows["topic"]
        return NOTICE_GROUPS[topic][1] if topic else ()


class AmountField(forms.DecimalField):
    """An amount above 0 in `currency`, as a person types it: never rounded, never guessed at."""

    currency = ""  # to be set before use

    def __init__(self, **kwargs: Any) -> None:
        widget = forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"})
        super().__init__(widget=widget, **kwargs)

    def to_python(self, value: Any) -> Decimal | None:  # type: ignore[override]
        text = re.sub(r"\s", "", str(value or "")).removesuffix(self.currency)
        amount = super().to_python(text.replace(",", "") if _GROUPED.fullmatch(text) else text)
        if amount is None:
            return None
        if not amount.is_finite():  # "NaN" is a decimal, too
            raise forms.ValidationError(self.error_messages["invalid"], code="invalid")
        if amount <= 0:
            raise forms.ValidationError(_("Enter an amount above 0."))
        try:
            return money.posted(amount, self.currency)
        except Invalid:
            digits = money.minor_digits(self.currency)
            raise forms.ValidationError(
                _("Enter an amount with at most %(digits)s decimals, as %(currency)s has.")
                % {"currency": self.currency, "digits": digits}
            ) from None


class ProfileLookedAt(forms.Form):
    """Which profile the operator has looked at: the one that was changed at that instant."""

    seen = LineField(widget=forms.HiddenInput, required=False)

    def clean(self) -> dict[str, Any]:
        try:
            self.cleaned_data["seen"] = datetime.fromisoformat(self.cleaned_data.get("seen", ""))
        except ValueError:
            raise forms.ValidationError(_("Look at the profile first.")) from None
        return self.cleaned_data


class RoleForm(forms.Form):
    role = forms.ChoiceField(choices=Membership.Role.choices, label=_("Role"))


class InvitationForm(RoleForm):
    email = forms.EmailField(label=_("E-mail address"), max_length=254)

    field_order = ("email", "role")


class FirstPassword(SetPasswordForm):
    """The password of somebody new."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["new_password1"].label = _("Password")
        self.fields["new_password2"].label = _("Password, once more")


class EmailChoices(forms.Form):
    """Which kinds of notices somebody wants e-mails of: a box each, in groups."""

    def __init__(self, membership: Membership, data: Any = None) -> None:
        super().__init__(data)
        self.membership = membership
        for name, (label, kinds) in NOTICE_GROUPS.items():
            offered = [kind for kind in kinds if self._is_offered(kind)]
            self.fields[name] = forms.MultipleChoiceField(
                choices=[(kind.value, kind.label) for kind in offered],
                initial=[kind.value for kind in offered if kind not in membership.muted],
                widget=forms.CheckboxSelectMultiple,
                required=False,
                label=label,
            )

    def _is_offered(self, kind: Notice.Kind) -> bool:
        return not (self.membership.is_owner and kind in ALWAYS_TOLD_OWNERS)

    @property
    def muted(self) -> set[str]:
        """The kinds that are not wanted; what could not be chosen stays as it was."""
        wanted = {kind for kinds in self.cleaned_data.values() for kind in kinds}
        return {
            kind
            for kind in Kind
            if (kind not in wanted if self._is_offered(kind) else kind in self.membership.muted)
        }


class ProfileForm(forms.Form):
    """What a merchant says of itself; nothing of it is needed to save the rest."""

    licence_number = LineField(
        max_length=profiles.LONGEST["licence_number"], required=False, label=_("Licence number")
    )
    licence_document = forms.FileField(
        required=False,
        label=_("Scan of the licence"),
        help_text=_("PDF, PNG or JPEG, at most 5 MB."),
        widget=forms.FileInput(attrs={"accept": ".pdf,.png,.jpg,.jpeg"}),
    )
    contact_name = LineField(
        max_length=profiles.LONGEST["contact_name"], required=False, label=_("Contact person")
    )
    contact_email = forms.EmailField(
        max_length=profiles.LONGEST["contact_email"],
        required=False,
        label=_("E-mail address of the contact"),
    )
    contact_phone = LineField(
        max_length=profiles.LONGEST["contact_phone"],
        required=False,
        label=_("Telephone number of the contact"),
        widget=forms.TextInput(attrs={"type": "tel"}),
    )

    def __init__(self, profile: Profile, data: Any = None, files: Any = None) -> None:
        told = {name: getattr(profile, name) for name in profiles.LONGEST}
        super().__init__(data, files, initial=told)

    def clean_licence_document(self) -> Any:
        """Too much is not even read."""
        uploaded = self.cleaned_data["licence_document"]
        if uploaded and uploaded.size > profiles.LARGEST_DOCUMENT:
            raise forms.ValidationError(_("This file is larger than 5 MB."))
        return uploaded

    @property
    def fields_of_profile(self) -> dict[str, str]:
        return {name: self.cleaned_data[name] for name in profiles.LONGEST}

    @property
    def document(self) -> profiles.Document | None:
        uploaded = self.cleaned_data["licence_document"]
        return profiles.Document(uploaded.name, uploaded.read()) if uploaded else None
