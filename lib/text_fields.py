"""The fields into which people type texts; what `lib.texts` does not allow is refused."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from lib import texts


class LineField(forms.CharField):
    """A form field for one line of text: a reference, a name, something to search for."""

    has_lines = False

    def __init__(self, *, max_length: int | None = texts.LONGEST_NAME, **kwargs: Any) -> None:
        super().__init__(max_length=max_length, **kwargs)

    def to_python(self, value: Any) -> Any:
        """The text without spaces around it, "" for none. Raises ValidationError if it has control
        characters, or line ends in a field of one line; in a field of several lines they become LF.
        """
        if isinstance(value, str):
            value = texts.with_line_ends(value) if self.has_lines else value
            # Before anything is stripped: Python counts some of them as blanks. NUL is refused by a
            # validator of Django's own.
            if texts.has_control(value.replace("\0", ""), in_lines=self.has_lines):
                raise ValidationError(
                    _("Leave out what cannot be shown, such as control characters."),
                    code="control",
                )
        return super().to_python(value)


class WordsField(LineField):
    """A form field for a reason or a message, which may have several lines."""

    has_lines = True
    widget = forms.Textarea

    def __init__(self, *, max_length: int | None = texts.LONGEST_WORDS, **kwargs: Any) -> None:
        super().__init__(max_length=max_length, **kwargs)
