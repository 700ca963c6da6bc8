"""Checks texts that people type before they are kept, and names for merchants who did something."""

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext as _

from lib import texts
from lib.refusals import Invalid

LONGEST_TEXT = texts.LONGEST_WORDS  # of a message
LONGEST_REASON = texts.LONGEST_WORDS  # of a decision about money or limits


def checked(field: str, text: str, longest: int = LONGEST_TEXT) -> str:
    """A reason or message without the space around it, its line ends as LF.

    Raises Invalid when nothing is left, or too much, and for what cannot be kept or shown.
    """
    return _checked(field, texts.with_line_ends(text), longest, has_lines=True)


def line(field: str, text: str, longest: int = texts.LONGEST_NAME) -> str:
    """As `checked`, for a reference or a name of one line."""
    return _checked(field, text, longest, has_lines=False)


def _checked(field: str, text: str, longest: int, *, has_lines: bool) -> str:
    if texts.has_control(text, in_lines=has_lines):
        raise Invalid(field, "has a character that cannot be kept")
    text = text.strip()
    if not text:
        raise Invalid(field, "is missing")
    if len(text) > longest:
        raise Invalid(field, f"must not be longer than {longest} characters")
    return text


def doer(actor: str) -> str:
    """The name by which merchants are told who did something: never the address of one of our own
    people.
    """
    return _("Our team") if "@" in actor else _("Automatic")


def address(field: str, text: str) -> str:
    """An e-mail address as we keep those of people: in lower case. Raises Invalid."""
    text = text.strip().lower()
    try:
        validate_email(text)
    except ValidationError as error:
        sentence = _("This is not an e-mail address.")
        raise Invalid(field, f"{text!r} is not an e-mail address", sentence) from error
    return text
