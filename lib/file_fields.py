"""The field by which people choose a file, in their own language: a browser's own has the words of
the browser.
"""

from typing import Any

from django import forms
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _


class ChosenFile(forms.FileInput):
    """A file's input with a button that is its label, and so opens it without a script, too. With
    one, the name of the chosen file stands beside it (static/js/files.js).
    """

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        """The input's HTML, with the button and the place of the name. `attrs` has the id."""
        return format_html(
            '<span class="file">{}<label class="button" for="{}">{}</label>'
            '<output class="note name" data-file hidden>{}</output></span>',
            super().render(name, value, attrs, renderer),
            (attrs or {}).get("id", ""),
            _("Choose a file"),
            _("No file is chosen."),
        )
