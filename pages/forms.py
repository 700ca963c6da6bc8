from django import forms
from django.utils.translation import gettext_lazy as _

from lib.text_fields import LineField


class Search(forms.Form):
    """The search box. Invalid text counts as none."""

    q = LineField(max_length=100, required=False, label=_("Page or reference"))

    @property
    def text(self) -> str:
        return str(self.cleaned_data["q"]) if self.is_valid() else ""
