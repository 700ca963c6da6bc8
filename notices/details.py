"""How the details of a notice, which are stored as text, are shown in the language in force.

Each way takes the detail's name and all details, and raises KeyError, ValueError or
ArithmeticError for details that another version wrote otherwise.
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


def plain(name: str, details: Details) -> str:
    """The detail as it is stored."""
    return details[name]


def amount(name: str, details: Details) -> str:
    """An amount in the notice's currency, with its digits and its code, kept on one line."""
    value, currency = Decimal(details[name]), details["currency"]
    digits = minor_digits(currency)
    pattern = "#,##0" + ("." + "0" * digits if digits else "")
    return f"{format_decimal(value, format=pattern, locale=_locale())}\N{NO-BREAK SPACE}{currency}"


def day(name: str, details: Details) -> str:
    """A day such as 2026-11-12."""
    return str(format_date(date.fromisoformat(details[name]), locale=_locale()))


def month(name: str, details: Details) -> str:
    """A month such as 2026-11."""
    return formats.month(date.fromisoformat(f"{details[name]}-01"))


def phrase(known: Mapping[str, StrOrPromise], *, of: str = "") -> Show:
    """The way to show a code as a phrase: of the detail with this name, or of the sentence's own.

    A code that is not known is shown as it is, and an empty one as no reason.
    """

    def show(name: str, details: Details) -> str:
        return in_words(details[of or name], known)

    return show


def in_words(code: str, known: Mapping[str, StrOrPromise]) -> str:
    """The code's phrase, or itself; that no reason was given if it is empty."""
    return str(known.get(code, code)) or gettext("no reason was given")


words = phrase({})  # a person's or a provider's


def _locale() -> str:
    language = get_language() or "en"
    # Days before months: the plain "en" is American.
    return "en_GB" if language == "en" else to_locale(language)
