"""Our own accounts that withdrawals are paid from, as the environment names them (rule 29.19)."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from moneyed import CURRENCIES

from credit import bank_accounts
from lib import bank_letters, zones

SETTING = "TAEL_PAYOUT_ACCOUNTS"
LONGEST_NAME, LONGEST_TOWN = 70, bank_accounts.LONGEST_TOWN


@dataclass(frozen=True)
class Account:
    """The account that withdrawals in one currency are paid from."""

    currency: str
    name: str  # of its holder, in letters that every bank takes
    country: str
    number: str  # an IBAN, or the number where there are none
    routing: str = ""  # the country's code of its bank or branch, where accounts have no IBAN
    bic: str = ""
    zone: str = "UTC"  # where its bank's days begin
    account_type: str = ""  # such as ORDINARY, where the country's banks tell types apart
    town: str = ""  # of its holder, in letters that every bank takes


def read(text: str) -> dict[str, Account]:
    """The accounts in a JSON list of objects, by currency; none for an empty text. Raises
    ImproperlyConfigured for what is no such list, for an account that lacks something or has what
    cannot be, and for a second one in a currency. It names an account by its place and never by its
    number.
    """
    if not text.strip():
        return {}
    try:
        given = json.loads(text)
    except ValueError:
        raise ImproperlyConfigured(f"{SETTING} is no JSON.") from None
    if not isinstance(given, list):
        raise ImproperlyConfigured(f"{SETTING} has to be a JSON list of accounts.")
    found: dict[str, Account] = {}
    for place, one in enumerate(given, start=1):
        try:
            account = _account(one)
            if account.currency in found:
                raise ValueError(f"is the second in {account.currency}")
        except (ValueError, bank_accounts.NotAnAccount) as error:
            raise ImproperlyConfigured(f"Account {place} of {SETTING}: {error}") from None
        found[account.currency] = account
    return found


def _account(given: Any) -> Account:
    """The account that an object of JSON describes. Raises ValueError if something is missing,
    unknown or cannot be, and NotAnAccount for what no account of the country has.
    """
    known = {field.name for field in fields(Account)}
    if not isinstance(given, Mapping) or not all(
        name in known and isinstance(text, str) for name, text in given.items()
    ):
        raise ValueError(f"has to be an object of texts: {', '.join(sorted(known))}")
    missing = [name for name in ("currency", "name", "country", "number") if not given.get(name)]
    if missing:
        raise ValueError(f"lacks {', '.join(missing)}")
    if given["currency"] not in CURRENCIES:
        raise ValueError(f"currency: {given['currency']!r} is no code such as EUR")
    number, routing = bank_accounts.checked(
        given["country"], given["number"], given.get("routing", "")
    )
    name = _latin(given, "name", LONGEST_NAME)
    town = _latin(given, "town", LONGEST_TOWN) if given.get("town") else ""
    zone = given.get("zone", "UTC")
    if not zones.is_name(zone):
        raise ValueError(f"zone: {zone!r} is no place such as Europe/Berlin")
    country = given["country"]
    bic = bank_accounts.checked_bic(country, given.get("bic", ""))
    kind = bank_accounts.checked_type(country, given.get("account_type", ""))
    return Account(given["currency"], name, country, number, routing, bic, zone, kind, town)


def _latin(given: Mapping[str, Any], field: str, longest: int) -> str:
    """The text of this field written in letters that every bank takes, and cut off after `longest`
    of them. Raises ValueError for letters that cannot be written so, and if nothing is left.
    """
    try:
        return bank_letters.latin(given[field], longest)
    except bank_letters.NotWritable as problem:
        raise ValueError(f"{field}: no bank takes {problem.letters}") from None
