"""Numbers by which tax offices know businesses, checked by their countries' rules (rule 28.12)."""

from importlib import import_module

import stdnum
from django.utils.translation import gettext_lazy as _
from stdnum.eu import vat as eu
from stdnum.exceptions import ValidationError

from lib import wording
from lib.refusals import Invalid

LONGEST = 40
# Where what the library calls a country's VAT number is none that its businesses have.
OTHERS = {"TH": "stdnum.th.tin", "US": "stdnum.us.tin"}
GREECE, GREECE_IN_VAT = "GR", "EL"


class WrongTaxNumber(Invalid):
    """The number cannot be one of its country: its length, characters or check digit are wrong."""

    sentence = _("This is not a tax number of this country. Check its digits.")

    def __init__(self, country: str, number: str) -> None:
        super().__init__("tax_number", f"{number!r} is no tax number of {country}")


def checked(country: str, number: str) -> str:
    """Check the number's length, characters and check digits by the rules of its country,
    without asking any office, and return it as it is kept. It is kept without the
    separators between its digits, and within the European Union behind the letters of its
    country (EL for Greece). A number of a country whose rules are not known is kept as it
    was typed, without spaces around it; an empty one stays "". Raises WrongTaxNumber, and
    Invalid if it is too long or has control characters.
    """
    if not number.strip():
        return ""
    number = wording.line("tax_number", number, LONGEST)
    if country.lower() in eu.MEMBER_STATES:
        return _of_union(country, number)
    module = _module(country)
    if module is None:
        return number
    try:
        return str(module.validate(number))
    except ValidationError as error:
        raise WrongTaxNumber(country, number) from error


def _of_union(country: str, number: str) -> str:
    """The number in the form of its country of the European Union, with the country's letters in
    front (EL for Greece) and without blanks or other separators; it may be given with the letters
    or without. Raises WrongTaxNumber.
    """
    letters = GREECE_IN_VAT if country == GREECE else country
    compact = number.replace(" ", "").upper()
    try:
        return str(eu.validate(compact if compact.startswith(letters) else letters + compact))
    except ValidationError as error:
        raise WrongTaxNumber(country, number) from error


def _module(country: str):  # type: ignore[no-untyped-def]
    """The library's module that checks numbers of the country; None without one."""
    if country in OTHERS:
        return import_module(OTHERS[country])
    return stdnum.get_cc_module(country.lower(), "vat")
