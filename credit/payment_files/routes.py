"""What a transfer to an account of each country needs, and how it is said (rule 29.20).

Within a country its own code of the bank or branch is enough, and in the Single Euro Payments Area
an IBAN; from abroad a bank is found by its BIC. What each country needs is in
credit.bank_accounts.RULES.
"""

from contextlib import suppress
from dataclasses import dataclass

from moneyed import Money

from credit import bank_accounts
from credit.payment_files.accounts import LONGEST_NAME, LONGEST_TOWN, Account
from lib import bank_letters


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
    account_type: str = ""
    town: str = ""


@dataclass(frozen=True)
class Route:
    """How a transfer is said: whether as a SEPA credit transfer, holder and town in letters that
    its bank takes, and the code of the bank in its country, with the clearing system that has such
    codes and the branch, where these are said apart.
    """

    is_sepa: bool
    holder: str
    clearing: str = ""
    member: str = ""
    branch: str = ""
    account_type: str = ""  # ISO 20022's code of it, where the country's banks tell types apart
    town: str = ""


def route(ours: Account, transfer: Transfer) -> Route:
    """How the transfer is said in a file for our account, with holder and town cut off after
    LONGEST_NAME and LONGEST_TOWN letters. A town that is "", or has letters that the bank does not
    take, is left out. Raises Lacking if its number, routing code or BIC is wrong, if it has no BIC
    and needs one, or if the bank does not take the letters of its holder's name.
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
    is_at_home, rules = ours.country == country, bank_accounts.rules_of(country)
    if not (is_sepa or is_at_home or transfer.bic):
        raise Lacking(f"a transfer from {ours.country} to {country} needs the bank's BIC")
    written = bank_letters.as_written if is_at_home and rules.own_letters else bank_letters.latin
    try:
        holder = written(transfer.holder, LONGEST_NAME)
    except bank_letters.NotWritable as problem:
        raise Lacking(
            f"the holder's name has letters that this bank does not take: {problem.letters}"
        ) from None
    town = ""
    with suppress(bank_letters.NotWritable):  # nor has a transfer to have an address
        town = written(transfer.town, LONGEST_TOWN)
    at = rules.bank_digits or len(transfer.routing)
    bank, branch = transfer.routing[:at], transfer.routing[at:]
    kind = rules.types.get(transfer.account_type, "")
    return Route(is_sepa, holder, rules.clearing, bank, branch, kind, town)
