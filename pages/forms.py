"""The form of the search."""

from django import forms
from django.utils.translation import gettext_lazy as _

from lib.text_fields import LineField


class Search(forms.Form):
    """The search box. Invalid text counts as no text."""

    q = LineField(max_length=100, required=False, label=_("Page or reference"))

    @property
    def text(self) -> str:
        """The text that is searched for; "" if there is none, or it is invalid."""
        return str(self.cleaned_data["q"]) if self.is_valid() else ""
