"""The base class of all refusals, so that views, admin, tasks and commands answer all of them
alike.
"""

from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise


class Refused(Exception):
    """An operation refused to do what it was asked. Nothing was changed, unless the refusal's
    docstring says so.

    `code` is the word the platform's systems read (rule 23.5). `str()` names the fact
    for operators and logs, in English. `sentence` is what a merchant's people read, in their
    language: a class that pages can meet has its own, or makes one of its fields.
    """

    code = "invalid"
    sentence: StrOrPromise = _("This can't be done. Check what you entered.")


def sentence_of(refusal: Refused) -> str:
    """Why nothing was done, as a merchant's people read it, in the language in force."""
    return str(refusal.sentence)


class Invalid(Refused):
    """A value that no merchant could ever have: malformed, out of range, or of an unknown name.

    `sentence` is what a person reads who typed it into a form, where there is more to say.
    """

    sentence: StrOrPromise = _("This can't be kept as it is.")

    def __init__(self, field: str, problem: str, sentence: StrOrPromise | None = None) -> None:
        super().__init__(f"{field}: {problem}")
        self.field = field
        if sentence is not None:
            self.sentence = sentence


class CurrencyMismatch(Refused):
    """The amount is in another currency than the merchant's; Tael never converts."""

    code = "currency_mismatch"
    sentence = _("This amount is in another currency than yours.")

    def __init__(self, given: str, expected: str) -> None:
        super().__init__(f"currency: {given} given, this merchant's is {expected}")


class Conflict(Refused):
    """The reference is known already, with other content."""

    code = "conflict"


class AlreadyDecided(Refused):
    """Somebody has decided this already; the first decision stands."""

    code = "already_decided"


class ChangedMeanwhile(Refused):
    """What is to be decided is not any more as it was when the page about it was shown."""

    code = "changed_meanwhile"
