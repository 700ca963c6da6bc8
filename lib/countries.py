"""Countries, by their codes of ISO 3166, and their names in the reader's language."""

from functools import cache

from babel import Locale

from lib.formats import country
from lib.refusals import Invalid

# Two capitals in the common locale data that are no country: unions, and what is made up for tests.
NO_COUNTRIES = {"EU", "EZ", "UN", "QO", "XA", "XB", "ZZ"}


@cache
def codes() -> frozenset[str]:
    """The codes of all countries, of two letters (ISO 3166)."""
    found = (str(code) for code in Locale("en").territories)
    return frozenset(code for code in found if len(code) == len("XX")) - NO_COUNTRIES


def check(code: str, *, field: str = "country") -> str:
    """Return the code if it is a country's. Raises Invalid, about this field, otherwise."""
    if code not in codes():
        raise Invalid(field, f"{code!r} is no country")
    return code


def choices() -> list[tuple[str, str]]:
    """All countries as choices of a form, pairs of code and name, by their names in the language in
    force, after an empty choice.
    """
    named = [(code, country(code)) for code in codes()]
    return [("", "–"), *sorted(named, key=lambda one: one[1])]
