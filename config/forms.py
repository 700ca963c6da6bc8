from django import forms
from django.utils.translation import gettext_lazy as _


class Search(forms.Form):
    """What to look for. What makes no sense is as good as nothing asked."""

    q = forms.CharField(max_length=100, required=False, label=_("Page or reference"))

    @property
    def text(self) -> str:
        return str(self.cleaned_data["q"]) if self.is_valid() else ""
