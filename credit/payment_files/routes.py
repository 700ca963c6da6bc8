"""What a transfer to an account of each country needs, and how it is said (rule 29.20).

Within a country its own code of the bank or branch is enough, and in the Single Euro Payments Area
an IBAN; from abroad a bank is found by its BIC.
"""

from dataclasses import dataclass

from moneyed import Money

from credit import bank_accounts
from credit.payment_files.accounts import Account
from lib import bank_letters

LONGEST_NAME = 70
# The codes of ISO 20022 for the national codes of banks (External Clearing System Identification).
# Mexico's accounts say their bank; Brazil's have no code there.
CLEARING = {
    **{"AU": "AUBSB", "CA": "CACPA", "CN": "CNAPS", "HK": "HKNCC", "IN": "INFSC", "JP": "JPZGN"},
    **{"SG": "SGIBG", "TH": "THCBC", "US": "USABA"},
}
# Whose banks take names in their own letters from accounts at home.
OWN_LETTERS = {"CN", "HK", "JP", "TH"}


class Lacking(Exception):
    """The file cannot say this transfer; the text says what is missing."""


@dataclass(frozen=True)
class Transfer:
    """An order to pay so much to an account, under our reference."""

    reference: str
    amount: Money
    holder: str
    country: str
    number: str
    routing: str = ""
    bic: str = ""


@dataclass(frozen=True)
class Route:
    """How a transfer is said: whether as a SEPA credit transfer, the holder in letters that its
    bank takes, and the code of the bank in its country, with the clearing system that has such
    codes and the branch, where these are said apart.
    """

    is_sepa: bool
    holder: str
    clearing: str = ""
    member: str = ""
    branch: str = ""


def route(ours: Account, transfer: Transfer) -> Route:
    """How the transfer is said in a file for our account. Raises Lacking if its number, routing
    code or BIC is wrong, if it has no BIC and needs one, or if no bank takes the letters of its
    holder's name.
    """
    country = transfer.country
    try:
        bank_accounts.checked(country, transfer.number, transfer.routing)
        bank_accounts.checked_bic(country, transfer.bic)
    except bank_accounts.NotAnAccount as error:
        raise Lacking(f"{error.field} {error.problem}") from None
    is_sepa = transfer.amount.currency.code == "EUR" and {ours.country, country} <= (
        bank_accounts.SEPA
    )
    is_at_home = ours.country == country
    if not (is_sepa or is_at_home or transfer.bic):
        raise Lacking(f"a transfer from {ours.country} to {country} needs the bank's BIC")
    try:
        if is_at_home and country in OWN_LETTERS:
            holder = bank_letters.as_written(transfer.holder, LONGEST_NAME)
        else:
            holder = bank_letters.latin(transfer.holder, LONGEST_NAME)
    except bank_letters.NotWritable as problem:
        raise Lacking(
            f"the holder's name has letters that this bank does not take: {problem.letters}"
        ) from None
    if country == "BR":  # the bank's three digits, and the agency's four
        return Route(is_sepa, holder, "", transfer.routing[:3], transfer.routing[3:])
    return Route(is_sepa, holder, CLEARING.get(country, ""), transfer.routing)
