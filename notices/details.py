"""Formats the details of a notice, which are stored as text, for a sentence in the language in
force.

Each function takes the detail's name and all details, and raises KeyError, ValueError or
ArithmeticError for details that another version of the code wrote otherwise.
"""

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal

from babel.dates import format_date
from babel.numbers import format_decimal
from django.utils.translation import get_language, gettext, to_locale
from django_stubs_ext import StrOrPromise

from lib import formats
from lib.money import minor_digits

Details = Mapping[str, str]
Show = Callable[[str, Details], str]


def plain(detail: str, details: Details) -> str:
    """The detail with this name as it is stored. Raises KeyError if it is missing."""
    return details[detail]


def amount(detail: str, details: Details) -> str:
    """The amount in the detail with this name, with exactly the digits of the currency in the
    detail `currency`, and that currency's code behind it, kept on one line, as the language in
    force writes figures. Raises KeyError if either is missing, and ArithmeticError for what is no
    figure.
    """
    value, currency = Decimal(details[detail]), details["currency"]
    digits = minor_digits(currency)
    pattern = "#,##0" + ("." + "0" * digits if digits else "")
    text = format_decimal(value, format=pattern, locale=_locale()).replace("-", formats.MINUS)
    return f"{text}\N{NO-BREAK SPACE}{currency}"


def day(detail: str, details: Details) -> str:
    """The day in the detail with this name, stored as 2026-11-12, as the language in force writes
    it. Raises KeyError if it is missing, and ValueError if it is no day.
    """
    return str(format_date(date.fromisoformat(details[detail]), locale=_locale()))


def month(detail: str, details: Details) -> str:
    """The month in the detail with this name, stored as 2026-11, as the language in force writes
    it. Raises KeyError if it is missing, and ValueError if it is no month.
    """
    return formats.month(date.fromisoformat(f"{details[detail]}-01"))


def phrase(known: Mapping[str, StrOrPromise], *, of: str = "") -> Show:
    """A function for `Kind.shows` that shows a code as its phrase in `known`. The code is in the
    detail named `of`; without `of`, in the detail that the sentence names.

    An unknown code is shown as it is, and an empty one as "no reason was given".
    """

    def show(name: str, details: Details) -> str:
        """The phrase in `known` for the code in the detail named `of` or, without `of`, in the
        detail called `name`. An unknown code is returned as it is, and an empty one as "no
        reason was given". Raises KeyError if the notice has no such detail.
        """
        return in_words(details[of or name], known)

    return show


def in_words(code: str, known: Mapping[str, StrOrPromise]) -> str:
    """The code's phrase in `known`, or the code itself if it is unknown; "no reason was given" if
    that is empty.
    """
    return str(known.get(code, code)) or gettext("no reason was given")


words = phrase({})  # a person's or a provider's


def _locale() -> str:
    """The name of the language in force as Babel's functions take it; British English for
    English.
    """
    language = get_language() or "en"
    # Days before months: the plain "en" is American.
    return "en_GB" if language == "en" else to_locale(language)
