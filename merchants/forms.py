"""The forms about a merchant's profile, its people, and the lists they saved."""

from datetime import datetime
from typing import Any

from django import forms
from django.contrib.auth.forms import SetPasswordForm
from django.utils.translation import gettext_lazy as _

from lib.file_fields import ChosenFile
from lib.form_keys import KeyedForm
from lib.text_fields import LineField
from merchants.models import Membership, Profile
from merchants.models.saved_views import LONGEST_QUERY, LONGEST_VIEW_NAME
from merchants.operations import profiles


class ProfileLookedAt(forms.Form):
    """The form that says which version of the profile the operator has looked at, by the instant of
    the profile's last change.
    """

    seen = LineField(widget=forms.HiddenInput, required=False)

    def clean(self) -> dict[str, Any]:
        """The cleaned data, with `seen` as a datetime. Raises ValidationError if it is missing or
        no instant.
        """
        try:
            self.cleaned_data["seen"] = datetime.fromisoformat(self.cleaned_data.get("seen", ""))
        except ValueError:
            raise forms.ValidationError(_("Look at the profile first.")) from None
        return self.cleaned_data


class View(forms.Form):
    """What a member saves of a list: what it is asked for, and a name."""

    name = LineField(max_length=LONGEST_VIEW_NAME)
    page = LineField(max_length=60)
    query = LineField(max_length=LONGEST_QUERY, required=False)


class RoleForm(forms.Form):
    role = forms.ChoiceField(choices=Membership.Role.choices, label=_("Role"))


class MemberRole(RoleForm):
    """The form that changes a member's role. It carries along with which role it was shown."""

    seen = LineField(widget=forms.HiddenInput, required=False)


class InvitationForm(RoleForm, KeyedForm):
    email = forms.EmailField(label=_("E-mail address"), max_length=254)

    field_order = ("email", "role")


class FirstPassword(SetPasswordForm):
    """The form by which a new person chooses a password."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["new_password1"].label = _("Password")
        self.fields["new_password2"].label = _("Password, once more")


class ProfileForm(forms.Form):
    """The form of a merchant's profile. Any field may be left empty, and filled in later; what is
    marked as optional is never needed. It carries along which version of the profile it was shown
    with.
    """

    version = LineField(widget=forms.HiddenInput, required=False)
    licence_number = LineField(
        max_length=profiles.LONGEST["licence_number"], required=False, label=_("Licence number")
    )
    licence_document = forms.FileField(
        required=False,
        label=_("Scan of the licence"),
        help_text=_("PDF, PNG or JPEG, at most 5 MB."),
        widget=ChosenFile(attrs={"accept": ".pdf,.png,.jpg,.jpeg"}),
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
        label=_("Telephone number of the contact (optional)"),
        widget=forms.TextInput(attrs={"type": "tel"}),
    )

    def __init__(self, profile: Profile, data: Any = None, files: Any = None) -> None:
        told = {name: getattr(profile, name) for name in profiles.LONGEST}
        told["version"] = profiles.version(profile)
        super().__init__(data, files, initial=told, label_suffix="")

    def clean_licence_document(self) -> Any:
        """Return the uploaded file, if any. Raises ValidationError if it is too large, without
        reading it.
        """
        uploaded = self.cleaned_data["licence_document"]
        if uploaded and uploaded.size > profiles.LARGEST_DOCUMENT:
            raise forms.ValidationError(_("This file is larger than 5 MB."))
        return uploaded

    @property
    def fields_of_profile(self) -> dict[str, str]:
        """The texts that the valid form states, by the names of the profile's fields, for
        profiles.complete; "" for those left empty. The document is not among them.
        """
        return {name: self.cleaned_data[name] for name in profiles.LONGEST}

    @property
    def is_empty(self) -> bool:
        """Whether the form states nothing and brings no document; only once it is valid."""
        return (
            not any(self.fields_of_profile.values()) and not self.cleaned_data["licence_document"]
        )

    @property
    def seen(self) -> str | None:
        """The version of the profile that the valid form was shown with (profiles.version); None if
        what was sent does not say.
        """
        return self.cleaned_data["version"] if "version" in self.data else None

    def compare_with(self, profile: Profile) -> None:
        """Have the form, as it was sent, say that the profile was changed meanwhile, and at each
        field that states something else what is saved now. Sent again, it counts as typed on a page
        that shows this profile.
        """
        changed = _(
            "The profile was changed while you were typing. See what is saved now; if yours is to"
            " take its place, save again."
        )
        stated = self.fields_of_profile
        self.add_error(None, changed)
        for name, text in stated.items():
            if text != getattr(profile, name):
                saved = _("Saved now: %(value)s") % {"value": getattr(profile, name) or "–"}
                self.add_error(name, saved)
        self.data = dict(self.data.items()) | {"version": profiles.version(profile)}

    @property
    def document(self) -> profiles.Document | None:
        """The uploaded licence document with its name and content, or None. It reads the upload, so
        it is asked for once.
        """
        uploaded = self.cleaned_data["licence_document"]
        return profiles.Document(uploaded.name, uploaded.read()) if uploaded else None
