"""The form by which a merchant asks about its charges and bills."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from lib import formats
from lib.form_keys import KeyedForm
from lib.text_fields import LineField, WordsField


class About(forms.Form):
    """The text in the page's address that says what a question is about; invalid text counts as
    nothing.
    """

    about = LineField(max_length=100, required=False)

    @property
    def message(self) -> str:
        """The text with which the question begins: what it is about and a colon, or "" if the
        address does not say.
        """
        about = self.cleaned_data["about"] if self.is_valid() else ""
        return f"{about}{formats.colon()}" if about else ""


class Question(KeyedForm):
    """The form by which a merchant asks our team about its charges and bills."""

    message = WordsField(
        label=_("Your question"),
        help_text=_("Name the bill, statement or charge that it is about."),
        widget=forms.Textarea(attrs={"rows": 4}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs | {"label_suffix": ""})
