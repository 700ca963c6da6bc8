"""Checks texts that people type before they are kept, and names for merchants who did something."""

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext as _

from lib import texts
from lib.refusals import Invalid

LONGEST_TEXT = texts.LONGEST_WORDS  # of a message
LONGEST_REASON = texts.LONGEST_WORDS  # of a decision about money or limits


def checked(field: str, text: str, longest: int = LONGEST_TEXT) -> str:
    """The reason or message that somebody typed into `field`, without spaces around it, and with
    every line end as LF.

    Raises Invalid if it is empty, longer than `longest`, or has control characters.
    """
    return _checked(field, texts.with_line_ends(text), longest, has_lines=True)


def optional(field: str, text: str, longest: int = LONGEST_TEXT) -> str:
    """The text, cleaned as `checked` does, or "" if there is nothing in it. Raises Invalid if it is
    longer than `longest`, or has control characters.
    """
    return checked(field, text, longest) if text.strip() else ""


def line(field: str, text: str, longest: int = texts.LONGEST_NAME) -> str:
    """The reference or name that somebody typed into `field`, without spaces around it.

    Raises Invalid if it is empty, longer than `longest`, or has control characters, which line ends
    are here.
    """
    return _checked(field, text, longest, has_lines=False)


def _checked(field: str, text: str, longest: int, *, has_lines: bool) -> str:
    """The text without spaces around it. Raises Invalid if it is empty, longer than `longest`, or
    has control characters; line ends are allowed with `has_lines`.
    """
    if texts.has_control(text, in_lines=has_lines):
        raise Invalid(field, "has a character that cannot be kept")
    text = text.strip()
    if not text:
        raise Invalid(field, "is missing")
    if len(text) > longest:
        raise Invalid(field, f"must not be longer than {longest} characters")
    return text


def doer(actor: str) -> str:
    """What merchants read in place of who did something, in the language in force: "Our team" if
    `actor` has an @, as e-mail addresses have, which are not shown; otherwise "Automatic", also for
    "".
    """
    return _("Our team") if "@" in actor else _("Automatic")


def address(field: str, text: str) -> str:
    """The e-mail address in lower case and without spaces around it, as people's addresses are
    kept. Raises Invalid for text that is not written as one; whether the mailbox exists is not
    asked. That it has no more than the 254 characters that columns take is up to the caller.
    """
    text = text.strip().lower()
    try:
        validate_email(text)
    except ValidationError as error:
        sentence = _("This is not an e-mail address.")
        raise Invalid(field, f"{text!r} is not an e-mail address", sentence) from error
    return text
