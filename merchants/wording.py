"""Words that people type, checked before they are kept; and what is told of who did something."""

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext as _

from merchants.refusals import Invalid

LONGEST_TEXT = 2000
LONGEST_REASON = 500  # of a decision about money or limits


def checked(field: str, text: str, longest: int = LONGEST_TEXT) -> str:
    """The text without the space around it; Invalid when nothing is left, or too much."""
    text = text.strip()
    if not text:
        raise Invalid(field, "is missing")
    if len(text) > longest:
        raise Invalid(field, f"must not be longer than {longest} characters")
    if "\0" in text:
        raise Invalid(field, "has a character that cannot be kept")
    return text


def doer(actor: str) -> str:
    """Who did something, as merchants are told: never the address of one of our people."""
    return _("Our team") if "@" in actor else _("Automatic")


def address(field: str, text: str) -> str:
    """An e-mail address as we keep those of people: in lower case. Raises Invalid."""
    text = text.strip().lower()
    try:
        validate_email(text)
    except ValidationError as error:
        raise Invalid(field, f"{text!r} is not an e-mail address") from error
    return text
