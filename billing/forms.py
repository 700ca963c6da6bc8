from django import forms
from django.utils.translation import gettext_lazy as _


class RequestFilter(forms.Form):
    """Which fulfilment requests to show. What makes no sense is as good as nothing asked."""

    reference = forms.CharField(max_length=100, required=False, label=_("Request starts with"))

    @property
    def start(self) -> str:
        return str(self.cleaned_data["reference"]) if self.is_valid() else ""
