"""The base class of all refusals, so that views, admin, tasks and commands answer all of them
alike.
"""

from collections.abc import Iterable, Mapping
from typing import Any

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
    # What of the request is at fault, or differs from what is known, by the names of the members.
    fields: tuple[str, ...] = ()
    # Whether what was written before it was refused stays; the refusal's docstring says what.
    keeps_changes = False


def sentence_of(refusal: Refused) -> str:
    """The sentence of the refusal that a merchant's people read, in the language in force."""
    return str(refusal.sentence)


class Invalid(Refused):
    """A value that no merchant could ever have: malformed, out of range, or an unknown name.
    `problem` says in English what is wrong with `field`.

    `sentence` is what a person reads who typed the value into a form; without one, a general
    sentence.
    """

    sentence: StrOrPromise = _("This can't be kept as it is.")

    def __init__(self, field: str, problem: str, sentence: StrOrPromise | None = None) -> None:
        """`problem` says in English what is wrong with `field`, and `sentence` says it to the
        person who typed the value.
        """
        super().__init__(f"{field}: {problem}")
        self.field = field
        self.fields = (field,)
        if sentence is not None:
            self.sentence = sentence


class CurrencyMismatch(Refused):
    """The amount is in another currency than the merchant's; Tael never converts."""

    code = "currency_mismatch"
    sentence = _("This amount is in another currency than yours.")
    fields = ("currency",)

    def __init__(self, given: str, expected: str) -> None:
        """`given` is the code of the amount's currency, and `expected` that of the merchant's."""
        super().__init__(f"currency: {given} given, this merchant's is {expected}")


class Conflict(Refused):
    """The reference is known already, with other content; `fields` names the members that
    differ.
    """

    code = "conflict"

    def __init__(self, fact: str, fields: Iterable[str] = ()) -> None:
        """`fact` names the conflict in English, and `fields` the members that differ."""
        super().__init__(fact)
        self.fields = tuple(fields)


def differing(known: Mapping[str, Any], sent: Mapping[str, Any]) -> list[str]:
    """The names, of either side, whose values differ between what is known and what was sent; a
    missing name counts as None. Those that were sent come first.
    """
    names = [*sent, *(name for name in known if name not in sent)]
    return [name for name in names if known.get(name) != sent.get(name)]


class AlreadyDecided(Refused):
    """Somebody has decided this already; the first decision stands."""

    code = "already_decided"


class ChangedMeanwhile(Refused):
    """What was to be decided has changed since the page about it was shown."""

    code = "changed_meanwhile"
