"""The formats of bank account numbers, country by country (rule 10.1).

Pure: no query, no clock. An IBAN has the country's length and its check digits; elsewhere an
account has a number and, beside it, the country's code for the bank or branch. A bank's BIC is for
transfers from abroad. RULES is the one table of what an account in a country without IBAN needs, to
be added and to be paid to in a file for the bank.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

# Countries whose accounts have an IBAN, and how long it is there (ISO 13616).
IBAN_LENGTHS = {
    **{"AD": 24, "AE": 23, "AL": 28, "AT": 20, "AZ": 28, "BA": 20, "BE": 16, "BG": 22, "BH": 22},
    **{"BY": 28, "CH": 21, "CR": 22, "CY": 28, "CZ": 24, "DE": 22, "DK": 18, "DO": 28, "EE": 20},
    **{"EG": 29, "ES": 24, "FI": 18, "FO": 18, "FR": 27, "GB": 22, "GE": 22, "GI": 23, "GL": 18},
    **{"GR": 27, "GT": 28, "HR": 21, "HU": 28, "IE": 22, "IL": 23, "IQ": 23, "IS": 26, "IT": 27},
    **{"JO": 30, "KW": 30, "KZ": 20, "LB": 28, "LC": 32, "LI": 21, "LT": 20, "LU": 20, "LV": 21},
    **{"MC": 27, "MD": 24, "ME": 22, "MK": 19, "MR": 27, "MT": 31, "MU": 30, "NL": 18, "NO": 15},
    **{"PK": 24, "PL": 28, "PS": 29, "PT": 25, "QA": 29, "RO": 24, "RS": 22, "SA": 24, "SC": 31},
    **{"SE": 24, "SI": 19, "SK": 24, "SM": 27, "ST": 25, "SV": 28, "TL": 23, "TN": 24, "TR": 26},
    **{"UA": 29, "VA": 22, "VG": 24, "XK": 20},
}
IBAN = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]+")
# Between whose accounts euros go by the IBAN alone: the Single Euro Payments Area.
SEPA = frozenset(
    [
        "AD",
        "AL",
        "AT",
        "BE",
        "BG",
        "CH",
        "CY",
        "CZ",
        "DE",
        "DK",
        "EE",
        "ES",
        "FI",
        "FR",
        "GB",
        "GI",
        "GR",
        "HR",
        "HU",
        "IE",
        "IS",
        "IT",
        "LI",
        "LT",
        "LU",
        "LV",
        "MC",
        "MD",
        "ME",
        "MK",
        "MT",
        "NL",
        "NO",
        "PL",
        "PT",
        "RO",
        "RS",
        "SE",
        "SI",
        "SK",
        "SM",
        "VA",
    ]
)
# ISO 9362: the bank, its country, its place, and perhaps a branch.
BIC = re.compile(r"[A-Z]{4}([A-Z]{2})[A-Z2-9][A-NP-Z0-9](?:[A-Z0-9]{3})?")
# Countries whose accounts are at banks with the BIC of another one, too.
BICS_OF_OTHERS = {
    "FR": {"BL", "GF", "GP", "MC", "MF", "MQ", "NC", "PF", "PM", "RE", "WF", "YT"},
    "GB": {"GG", "IM", "JE"},
    "MC": {"FR"},
    "SM": {"IT"},
    "US": {"GU", "PR", "VI"},
    "VA": {"IT"},
}


class NotAnAccount(Exception):
    """The country is not known, or its banks do not use such a number or routing code. `field` is
    "country", "number", "routing", "bic" or "account_type", whichever is wrong.
    """

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(f"{field}: {problem}")
        self.field, self.problem = field, problem


def _weighed(digits: str, weights: tuple[int, ...]) -> int:
    """The sum of the digits, each multiplied by its weight; the weights repeat."""
    return sum(int(one) * weights[at % len(weights)] for at, one in enumerate(digits))


def _is_american_bank(routing: str) -> bool:
    """Whether nine digits are a valid American routing number, by their check digit; nine zeros are
    not.
    """
    return _weighed(routing, (3, 7, 1)) % 10 == 0 and routing != "000000000"


def _is_clabe(number: str) -> bool:
    """Whether the check digit of a Mexican CLABE of 18 digits is right.

    The first 17 digits are multiplied by 3, 7, 1, 3, and so on. The last digits of these products
    and the 18th digit must add up to a multiple of ten.
    """
    products = (int(one) * (3, 7, 1)[at % 3] % 10 for at, one in enumerate(number[:17]))
    return (10 - sum(products) % 10) % 10 == int(number[17])


@dataclass(frozen=True)
class Rules:
    """What an account in a country without IBAN needs."""

    number: str  # a pattern
    routing: str = ""  # a pattern of the bank's or branch's code; none: the number says it all
    number_is_right: Callable[[str], bool] = lambda number: True
    routing_is_right: Callable[[str], bool] = lambda routing: True
    # Of ISO 20022, for such codes (External Clearing System Identification); "" where it has none.
    clearing: str = ""
    bank_digits: int = 0  # of the code are the bank's, and the rest the branch's, said apart
    own_letters: bool = False  # its banks take names in its own letters from accounts at home
    # The types of accounts between which its banks tell, with ISO 20022's codes of them (External
    # Cash Account Type); none where a number is enough.
    types: Mapping[str, str] = field(default_factory=dict)


ORDINARY, CURRENT = "ORDINARY", "CURRENT"  # 普通 and 当座
RULES = {
    "AU": Rules(r"[0-9]{5,10}", routing=r"[0-9]{6}", clearing="AUBSB"),  # BSB
    # Bank (3) and agency (4), for which ISO 20022 has no code.
    "BR": Rules(r"[0-9]{1,12}[0-9X]", routing=r"[0-9]{7}", bank_digits=3),
    # 0, institution (3), transit (5)
    "CA": Rules(r"[0-9]{7,12}", routing=r"0[0-9]{8}", clearing="CACPA"),
    # CNAPS code of the branch
    "CN": Rules(r"[0-9]{9,30}", routing=r"[0-9]{12}", clearing="CNAPS", own_letters=True),
    # Bank code; the branch starts the number.
    "HK": Rules(r"[0-9]{9,12}", routing=r"[0-9]{3}", clearing="HKNCC", own_letters=True),
    "IN": Rules(r"[0-9]{9,18}", routing=r"[A-Z]{4}0[A-Z0-9]{6}", clearing="INFSC"),  # IFSC
    # Bank (4) and branch (3); a branch may have one number as each type of account.
    "JP": Rules(r"[0-9]{7}", routing=r"[0-9]{7}", clearing="JPZGN", own_letters=True,
                types={ORDINARY: "SVGS", CURRENT: "CACC"}),
    "MX": Rules(r"[0-9]{18}", number_is_right=_is_clabe),  # CLABE, which says the bank
    "SG": Rules(r"[0-9]{6,14}", routing=r"[0-9]{7}", clearing="SGIBG"),  # bank (4) and branch (3)
    "TH": Rules(r"[0-9]{10,15}", routing=r"[0-9]{3}", clearing="THCBC",
                own_letters=True),  # bank code
    "US": Rules(r"[0-9]{4,17}", routing=r"[0-9]{9}", routing_is_right=_is_american_bank,
                clearing="USABA"),  # ABA
}  # fmt: skip
NEEDS_NOTHING_MORE = Rules("")  # an IBAN
# What is said of an account beside its number, and may be filled in later where it is missing.
LATER = ("bic", "account_type", "town")
LONGEST_TOWN = 35  # in ISO 20022
COUNTRIES = (*IBAN_LENGTHS, *RULES)
# Where the accounts of merchants that trade in a currency are, unless they say otherwise.
HOMES = {
    **{"AUD": "AU", "BRL": "BR", "CAD": "CA", "CNY": "CN", "GBP": "GB", "HKD": "HK", "INR": "IN"},
    **{"JPY": "JP", "MXN": "MX", "SGD": "SG", "THB": "TH", "USD": "US"},
}


def checked(country: str, number: str, routing: str) -> tuple[str, str]:
    """Return (account number, code of its bank or branch) as banks write them: in capitals, without
    blanks, dots, slashes or dashes. `country` is a code of two letters, and `routing` the bank's
    code as it was typed. The code returned is empty for an IBAN, which contains it, and where the
    country has none.

    Raises NotAnAccount if the country is not known here, if the number or code is wrong, or if an
    IBAN comes with a code.
    """
    number, routing = _plain(number), _plain(routing)
    if country in IBAN_LENGTHS:
        if routing:
            raise NotAnAccount("routing", "an IBAN says it all")
        _check_iban(country, number)
        return number, ""
    rules = RULES.get(country)
    if rules is None:
        raise NotAnAccount("country", f"{country!r} is none whose accounts are known here")
    if not re.fullmatch(rules.routing, routing) or (
        routing and not rules.routing_is_right(routing)
    ):
        raise NotAnAccount("routing", f"is not a code of a bank in {country}")
    if not re.fullmatch(rules.number, number) or not rules.number_is_right(number):
        raise NotAnAccount("number", f"is not an account number in {country}")
    return number, routing


def rules_of(country: str) -> Rules:
    """The rules for accounts in the country: patterns of their numbers and of the code of the bank,
    and types. For a country whose accounts have an IBAN, and for one that is not known here, the
    patterns are empty and there are no types, so that nothing can be checked by them (`checked`
    does).
    """
    return RULES.get(country, NEEDS_NOTHING_MORE)


def checked_type(country: str, account_type: str) -> str:
    """The type of an account in that country; "" where its banks tell none apart. Raises
    NotAnAccount if it is missing there or none of the country's, or if it is given elsewhere.
    """
    known = rules_of(country).types
    if account_type == "" and not known:
        return ""
    if not known:
        raise NotAnAccount("account_type", f"accounts in {country} have none")
    if account_type not in known:
        raise NotAnAccount("account_type", f"has to be one of {', '.join(known)} in {country}")
    return account_type


def checked_bic(country: str, bic: str) -> str:
    """The BIC of a bank of that country in capitals, without blanks; "" if none is given. Raises
    NotAnAccount for what is no BIC, and for that of a bank in a country whose banks have no
    accounts there.
    """
    bic = _plain(bic)
    if not bic:
        return ""
    parts = BIC.fullmatch(bic)
    if parts is None:
        raise NotAnAccount("bic", "is not a BIC of 8 or 11 letters and digits")
    if parts[1] not in {country, *BICS_OF_OTHERS.get(country, ())}:
        raise NotAnAccount("bic", f"is not of a bank in {country}")
    return bic


def _plain(text: str) -> str:
    """The text in capitals without blanks, dots, slashes and dashes. Full-width letters and digits
    of Chinese keyboards become plain ones.
    """
    return re.sub(r"[\s./-]", "", unicodedata.normalize("NFKC", text)).upper()


def _check_iban(country: str, number: str) -> None:
    """Raise NotAnAccount unless the number is an IBAN of that country, with its length and check
    digits.
    """
    if not number.startswith(country) or len(number) != IBAN_LENGTHS[country]:
        raise NotAnAccount("number", f"is not an IBAN of {country}")
    if not IBAN.fullmatch(number):
        raise NotAnAccount("number", "is not an IBAN")
    turned = number[4:] + number[:4]  # letters count as 10 to 35
    if int("".join(str(int(letter, 36)) for letter in turned)) % 97 != 1:
        raise NotAnAccount("number", "is not an IBAN: a digit is wrong")
