"""What is written of a destination that withdrawals may go to: each field is checked, and brought
into the form in which banks write it (rule 10.1).
"""

import re
import unicodedata

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

from credit import bank_accounts
from credit.models import PayoutDestination
from lib import texts
from lib.refusals import Invalid

MAINLAND_MOBILE = re.compile(r"(?:\+?86)?(1[3-9][0-9]{9})")
FOREIGN_MOBILE = re.compile(r"\+[1-9][0-9]{6,14}")
# Narrower than what e-mail allows: a bank's file may be opened in a spreadsheet, which takes what
# starts with = + or - for a formula.
ALIPAY_EMAIL = re.compile(r"[A-Za-z0-9][^\s,;\"']{2,253}")
CARD = re.compile(r"[0-9]{12,19}")


# What is said to a person who typed a wrong number.
NUMBERS: dict[str, StrOrPromise] = {
    PayoutDestination.Kind.BANK_CARD: _(
        "This is no card number: it has 12 to 19 digits. Check each digit."
    ),
    PayoutDestination.Kind.ALIPAY: _(
        "Enter the e-mail address or the mobile number of the Alipay account."
    ),
    PayoutDestination.Kind.BANK_ACCOUNT: _(
        "This is no account number of that country. Check each digit."
    ),
}
BIC = _("This is no BIC of a bank in that country: 8 or 11 letters and digits. Or leave it empty.")
TOWN = _("Write the town in letters only, in 35 at most. Or leave it empty.")
TYPE = _("Choose the type only for an account in Japan: there the bank needs it.")
ROUTING = _(
    "This is no bank or branch code of that country. Where accounts have an IBAN, leave it empty."
)


class NotADestination(Invalid):
    """A field is missing or malformed, or this kind of destination does not have it."""

    sentence = _("Write the name in letters only, as the bank knows it.")

    def __init__(self, kind: PayoutDestination.Kind, field: str, problem: str) -> None:
        more_to_say = {
            **{"routing": ROUTING, "number": NUMBERS.get(kind), "bic": BIC},
            "account_type": TYPE,
            "town": TOWN,
        }
        super().__init__(field, problem, more_to_say.get(field))


def checked_name(kind: PayoutDestination.Kind, name: str, field: str) -> str:
    """The name of a holder, bank or town, with single blanks. An error is about `field`; `kind`
    only goes into it. Raises NotADestination if the name is empty, too long, or has control
    characters.
    """
    if texts.has_control(name):
        raise NotADestination(kind, field, "must not have control characters")
    name = " ".join(unicodedata.normalize("NFC", name).split())
    if not name:
        raise NotADestination(kind, field, "is missing")
    if len(name) > texts.LONGEST_NAME:
        problem = f"must not be longer than {texts.LONGEST_NAME} characters"
        raise NotADestination(kind, field, problem)
    if not name.isprintable():
        raise NotADestination(kind, field, "must not have control characters")
    return name


def checked_bank(kind: PayoutDestination.Kind, bank: str) -> str:
    """The bank's name for a card or bank account, and "" for Alipay. Raises NotADestination if it
    is missing, malformed, or given for Alipay.
    """
    if kind in (PayoutDestination.Kind.BANK_CARD, PayoutDestination.Kind.BANK_ACCOUNT):
        return checked_name(kind, bank, "bank")
    if bank.strip():
        raise NotADestination(kind, "bank", "only a bank card or account has one")
    return ""


def checked_number(
    kind: PayoutDestination.Kind, number: str, country: str, routing: str
) -> tuple[str, str]:
    """Return (number, routing code) as banks write them; the code is empty if there is none. Raises
    NotADestination for a number that this kind of destination cannot have, for a country or routing
    code that no account has, and for any country or routing code if it is no bank account.
    """
    if kind == PayoutDestination.Kind.BANK_ACCOUNT:
        try:
            return bank_accounts.checked(country, number, routing)
        except bank_accounts.NotAnAccount as error:
            raise NotADestination(kind, error.field, error.problem) from None
    for field, text in (("country", country), ("routing", routing)):
        if text.strip():
            raise NotADestination(kind, field, "only a bank account has one")
    return _number_of_no_account(kind, number), ""


def checked_bic(kind: PayoutDestination.Kind, country: str, bic: str) -> str:
    """The BIC of an account's bank as banks write it; "" if none is given. Raises NotADestination
    for what is no BIC of a bank in that country, and for one that is given for what is no bank
    account.
    """
    if kind == PayoutDestination.Kind.BANK_ACCOUNT:
        try:
            return bank_accounts.checked_bic(country, bic)
        except bank_accounts.NotAnAccount as error:
            raise NotADestination(kind, error.field, error.problem) from None
    if bic.strip():
        raise NotADestination(kind, "bic", "only a bank account has one")
    return ""


def checked_type(kind: PayoutDestination.Kind, country: str, account_type: str) -> str:
    """Return the type of a bank account in a country whose banks tell types apart. It
    is "" for a bank account in any other country, and for a destination that is no bank
    account. Raises NotADestination if the type is missing where banks tell types apart,
    or is none of theirs, and if one is given where there is none.
    """
    if kind == PayoutDestination.Kind.BANK_ACCOUNT:
        try:
            return bank_accounts.checked_type(country, account_type)
        except bank_accounts.NotAnAccount as error:
            raise NotADestination(kind, error.field, error.problem) from None
    if account_type:
        raise NotADestination(kind, "account_type", "only a bank account has one")
    return ""


def checked_town(kind: PayoutDestination.Kind, town: str) -> str:
    """The town of an account's holder, with single blanks; "" if none is given. Raises
    NotADestination for one that is too long or has control characters, and for one that is given
    for what is no bank account.
    """
    if not town.strip():
        return ""
    if kind != PayoutDestination.Kind.BANK_ACCOUNT:
        raise NotADestination(kind, "town", "only a bank account has one")
    town = checked_name(kind, town, "town")
    if len(town) > bank_accounts.LONGEST_TOWN:
        problem = f"must not be longer than {bank_accounts.LONGEST_TOWN} characters"
        raise NotADestination(kind, "town", problem)
    return town


def _number_of_no_account(kind: PayoutDestination.Kind, number: str) -> str:
    """The number of a card or an Alipay account in its plain form, in which full-width digits of
    Chinese keyboards are ordinary ones. Raises NotADestination, also for any other kind.
    """
    plain = "".join(unicodedata.normalize("NFKC", number).split())
    if kind == PayoutDestination.Kind.BANK_CARD:
        plain = plain.replace("-", "")
        if not CARD.fullmatch(plain):
            raise NotADestination(kind, "number", "must be a card number of 12 to 19 digits")
        if not _passes_luhn(plain):
            raise NotADestination(kind, "number", "is not a card number: a digit is wrong")
        return plain
    if kind != PayoutDestination.Kind.ALIPAY:
        known = ", ".join(PayoutDestination.Kind.values)
        raise NotADestination(kind, "kind", f"{kind!r} is none of {known}")
    return _email(kind, plain) if "@" in plain else _mobile(kind, plain.replace("-", ""))


def _email(kind: PayoutDestination.Kind, address: str) -> str:
    """The e-mail address of an Alipay account in small letters. Raises NotADestination if it is
    none; `kind` only goes into that error.
    """
    try:
        validate_email(address)
    except ValidationError:
        pass
    else:
        if ALIPAY_EMAIL.fullmatch(address):
            return address.lower()
    raise NotADestination(kind, "number", "must be an e-mail address or a mobile number")


def _mobile(kind: PayoutDestination.Kind, number: str) -> str:
    """The mobile number of an Alipay account, which is given without blanks and hyphens: a mainland
    Chinese one without its country code, and another one with a + and its country code. Raises
    NotADestination if it is none; `kind` only goes into that error.
    """
    if mainland := MAINLAND_MOBILE.fullmatch(number):
        return mainland[1]
    if FOREIGN_MOBILE.fullmatch(number):
        return number
    raise NotADestination(kind, "number", "must be an e-mail address or a mobile number")


def _passes_luhn(digits: str) -> bool:
    """Whether the last digit is right by the Luhn formula of card numbers."""
    doubled = (2 * int(digit) for digit in digits[-2::-2])
    total = sum(map(int, digits[::-2])) + sum(n - 9 if n > 9 else n for n in doubled)
    return total % 10 == 0
