from datetime import datetime
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminDecimalFieldWidget

from merchants.money import DECIMAL_PLACES, MAX_DIGITS


def amount_field(**said: Any) -> forms.DecimalField:
    """Money that an operator types; the operation knows its currency, and so its digits."""
    return forms.DecimalField(
        max_digits=MAX_DIGITS,
        decimal_places=DECIMAL_PLACES,
        widget=UnfoldAdminDecimalFieldWidget,
        **said,
    )


class ConfirmedProfile(forms.Form):
    """Which profile the operator has looked at: the one that was changed at that instant."""

    seen = forms.CharField(widget=forms.HiddenInput, required=False)

    def clean(self) -> dict[str, Any]:
        try:
            self.cleaned_data["seen"] = datetime.fromisoformat(self.cleaned_data.get("seen", ""))
        except ValueError:
            raise forms.ValidationError(_("Look at the profile first.")) from None
        return self.cleaned_data
