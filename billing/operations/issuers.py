"""Adds legal entities that issue bills, and gives them new versions (rule 28.7 to rule 28.9, rule
28.27).
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction

from billing import tax_numbers
from billing.models import AccountChange, BillingAccount, Issuer, IssuerVersion
from billing.models.parties import LONGEST_PREFIX
from billing.operations import accounts
from billing.proposals import ISSUER_BANKS
from billing.queries.payment_references import LONGEST_PREFIXES
from billing.trail import Action
from lib import cells, countries, money, texts, wording
from lib.refusals import Conflict, Invalid, Refused
from merchants import installation
from merchants.models import Proposal
from merchants.operations import two_people
from trail import operations as trail

PREFIX = re.compile(rf"[A-Z][A-Z0-9]{{0,{LONGEST_PREFIX - 1}}}")
LONGEST_LEGAL_NAME = 200
MOST_BANK_ACCOUNTS = 20
LARGEST_LOGO = 100 * 1024
LOGOS = {b"\x89PNG\r\n\x1a\n": "png", b"\xff\xd8\xff": "jpg"}  # by their first bytes
INSTALLATION = "TAEL_ISSUER"  # what the installation's own issuer is called in records


class IssuerKnown(Conflict):
    """There is an issuer with this prefix already."""


class UnknownIssuer(Refused):
    """There is no such issuer."""

    code = "unknown_issuer"


@dataclass(frozen=True)
class BankAccount:
    """Where transfers in one currency go to: the account's number, its bank's code and name."""

    currency: str
    number: str
    code: str = ""
    bank: str = ""

    @classmethod
    def said(cls, line: str) -> "BankAccount":
        """The account that a line states: currency, number, code and bank, separated by semicolons;
        code and bank may be left out. Raises Invalid for fewer or more parts; what they are is not
        checked here.
        """
        parts = [part.strip() for part in line.split(";")]
        if not 2 <= len(parts) <= 4:
            raise Invalid(
                "banks",
                f"“{line}” is not a currency, number, code and bank, separated by semicolons",
            )
        return cls(*parts)


@dataclass(frozen=True)
class Entity:
    """What stands on bills of an issuer. `logo` of None leaves the one that there is.

    Bank accounts are those that a new issuer begins with; they change by `change_banks` alone.
    """

    name: str
    address: str
    country: str
    tax_number: str = ""
    registration_number: str = ""
    bank_accounts: Sequence[BankAccount] = field(default=())
    logo: bytes | None = None

    def checked(self) -> dict[str, Any]:
        """What a version stores, by its columns, without the logo if none is given and without bank
        accounts. Raises Invalid for an unknown country, a tax number that its country does not
        have, a text that is empty or too long (the numbers may be empty), and a logo that is no PNG
        or JPEG or too large.
        """
        countries.check(self.country)
        registered = self.registration_number.strip()
        columns: dict[str, Any] = {
            "name": wording.line("name", self.name, LONGEST_LEGAL_NAME),
            "address": wording.checked("address", self.address),
            "country": self.country,
            "tax_number": tax_numbers.checked(self.country, self.tax_number),
            "registration_number": registered
            and wording.line("registration_number", registered, tax_numbers.LONGEST),
        }
        if self.logo is not None:
            columns["logo"] = _logo(self.logo)
        return columns


@transaction.atomic
def add(*, prefix: str, entity: Entity, actor: str, reason: str, now: datetime) -> Issuer:
    """Add an issuer with its first version and a trail row; its bills are numbered in a series of
    their own that begins with `prefix`. No account has it yet.

    Raises IssuerKnown, and Invalid for a prefix that is not one to eight capitals and digits, a
    capital first, or is the installation's own, for what Entity.checked refuses, for its bank
    accounts, or without a reason. Rule 28.7.
    """
    if not PREFIX.fullmatch(prefix):
        raise Invalid("prefix", "must be one to eight capitals and digits, such as DE")
    if prefix == installation.own():
        raise Invalid("prefix", "is the installation's own, which begins all numbers outside")
    columns = entity.checked() | {"bank_accounts": _bank_accounts(entity.bank_accounts)}
    issuer, is_new = Issuer.objects.get_or_create(prefix=prefix)
    if not is_new:
        raise IssuerKnown(f"prefix: there is an issuer {prefix} already", ["prefix"])
    return _next_version(issuer, columns, Action.ISSUER_ADDED, actor, reason, now)


@transaction.atomic
def change(*, issuer_id: int, entity: Entity, actor: str, reason: str, now: datetime) -> Issuer:
    """Give the issuer, which is locked, a new version with a trail row, which is on bills from now
    on; those of before keep theirs. Its bank accounts stay. If nothing differs, nothing is written.

    Raises UnknownIssuer, and Invalid for another country, for what Entity.checked refuses, or
    without a reason. Rule 28.8.
    """
    issuer = lock(issuer_id)
    columns = entity.checked()
    present = issuer.present
    assert present is not None
    if columns["country"] != present.country:
        raise Invalid("country", "of an issuer stays; in another country it is another issuer")
    known = _columns(present)
    if known | columns == known:
        return issuer
    return _next_version(issuer, known | columns, Action.ISSUER_CHANGED, actor, reason, now)


@transaction.atomic
def change_banks(
    *,
    issuer_id: int,
    banks: str,
    actor: str,
    reason: str,
    now: datetime,
    proposal: Proposal | None = None,
) -> Issuer:
    """Give the issuer, which is locked, other bank accounts, which are on bills that are written
    from now on, in a new version with a trail row. `banks` has a line for each: currency; number;
    code; bank. If they are the same, nothing is written.

    They say where merchants pay to, so it always takes two people: raises TakesTwoPeople without
    the `proposal` that is confirmed, and ChangedMeanwhile if the accounts are no longer those that
    were proposed to be changed. Raises UnknownIssuer, and Invalid for accounts that cannot be or
    without a reason. Rule 28.27.
    """
    issuer = lock(issuer_id)
    wording.checked("reason", reason, wording.LONGEST_REASON)
    wanted = _bank_accounts([BankAccount.said(line) for line in banks.splitlines()])
    present = issuer.present
    assert present is not None
    if wanted == present.bank_accounts:
        return issuer
    change = two_people.Change(
        kind=ISSUER_BANKS,
        subject=f"bank accounts of issuer {issuer.prefix}",
        before={"bank accounts": banks_text(present.bank_accounts) or "none"},
        after={"bank accounts": banks_text(wanted) or "none"},
    )
    two_people.check(change, is_above=True, proposal=proposal)
    columns = _columns(present) | {"bank_accounts": wanted}
    confirmed = two_people.proposed_by(proposal)
    return _next_version(issuer, columns, Action.ISSUER_CHANGED, actor, reason, now, confirmed)


class NoReferences(Refused):
    """The issuer's bills cannot have structured references."""

    code = "no_references"


@transaction.atomic
def take_statements(
    *, issuer_id: int, is_on: bool, actor: str, reason: str, now: datetime
) -> Issuer:
    """Have bills of the issuer, which is locked, carry structured references, and statements of its
    bank accounts taken; or, if not `is_on`, no longer. It is a new version, with a trail row. Bills
    of before stay as they are.

    The same again changes nothing. Raises UnknownIssuer, Invalid without a reason, and NoReferences
    for an issuer without a bank account, or whose prefix, the installation's and the number of the
    last cell are too long together. Rule 29.12.
    """
    issuer = lock(issuer_id)
    present = issuer.present
    assert present is not None
    if present.has_references == is_on:
        return issuer
    if is_on and not present.bank_accounts:
        raise NoReferences("issuer: it has no bank account yet")
    last = max(cells.numbers())  # bills of all cells are the issuer's
    prefixes = f"{installation.own()}{'' if last == cells.FIRST else last}{issuer.prefix}"
    if is_on and len(prefixes) > LONGEST_PREFIXES:
        raise NoReferences(
            f"issuer: a reference has room for {LONGEST_PREFIXES} characters of the prefixes, and"
            f" {prefixes} has {len(prefixes)}"
        )
    columns = _columns(present) | {"has_references": is_on}
    return _next_version(issuer, columns, Action.ISSUER_CHANGED, actor, reason, now)


def banks_text(accounts: Sequence[Mapping[str, str]]) -> str:
    """Bank accounts as a person types them, one a line: currency; number; code; bank. Where the
    last of these are empty, they and their semicolons are left out.
    """
    return "\n".join(
        "; ".join([one["currency"], one["number"], one["code"], one["bank"]]).rstrip("; ")
        for one in accounts
    )


def _columns(version: IssuerVersion) -> dict[str, Any]:
    """What a version says, by its columns, with its bank accounts, whether its bills carry
    references, and the bytes of its logo.
    """
    names = (
        *("name", "address", "country", "tax_number", "registration_number", "bank_accounts"),
        "has_references",
    )
    return {name: getattr(version, name) for name in names} | {"logo": bytes(version.logo)}


def lock(issuer_id: int) -> Issuer:
    """Lock the issuer until the transaction ends, and return it. Raises UnknownIssuer."""
    issuer = Issuer.objects.select_for_update().filter(pk=issuer_id).first()
    if issuer is None:
        raise UnknownIssuer(f"issuer: there is no issuer {issuer_id}")
    return issuer


@transaction.atomic
def choose(
    *, merchant_id: int, prefix: str, actor: str, reason: str, now: datetime
) -> BillingAccount:
    """Have the account's bills issued by the issuer with this prefix from the next one on; "" is
    the installation's own. Drafts and bills that there are keep theirs. The change is recorded,
    with a trail row if it is another issuer.

    Raises UnknownIssuer, Invalid without a reason. It locks the account, whose ended days are
    worked off first (accounts.lock). Rule 28.9.
    """
    account = accounts.lock(merchant_id, now=now)
    issuer = _with_prefix(prefix) if prefix else None
    before, after = name_of(account.issuer), name_of(issuer)
    accounts.note_change(
        account,
        AccountChange.What.ISSUER,
        before=before,
        after=after,
        actor=actor,
        reason=wording.checked("reason", reason, wording.LONGEST_REASON),
        now=account.now,
        trailed={"issuer": (before, after)},
    )
    account.issuer = issuer
    account.save(update_fields=["issuer"])
    return account


def _with_prefix(prefix: str) -> Issuer:
    """Look up the issuer with this prefix. Raises UnknownIssuer."""
    issuer = Issuer.objects.filter(prefix=prefix).first()
    if issuer is None:
        raise UnknownIssuer(f"issuer: there is no issuer {prefix!r}")
    return issuer


def name_of(issuer: Issuer | None) -> str:
    """The text for the issuer in records and on the trail: its prefix, or a word for the
    installation's own, which is None.
    """
    return INSTALLATION if issuer is None else issuer.prefix


def _next_version(
    issuer: Issuer,
    columns: dict[str, Any],
    action: Action,
    actor: str,
    reason: str,
    now: datetime,
    confirmed: Mapping[str, str] | None = None,
) -> Issuer:
    """Write the locked issuer's next version with these columns, and a trail row. `confirmed` is
    what the trail has besides for a version that a second person confirmed: who proposed it. Raises
    Invalid without a reason.
    """
    reason = wording.checked("reason", reason, wording.LONGEST_REASON)
    before = issuer.present
    number = before.version + 1 if before else 1
    now = max(now, before.at) if before else now  # clocks differ; bills take the latest
    issuer.present = IssuerVersion.objects.create(
        issuer=issuer, version=number, at=now, actor=actor, reason=reason, **columns
    )
    issuer.save(update_fields=["present"])
    trail.write(
        action,
        subject=f"issuer {issuer.prefix}",
        before=_trailed(before) if before else {},
        after=_trailed(issuer.present) | dict(confirmed or {}),
        actor=actor,
        reason=reason,
        now=now,
    )
    return issuer


def _trailed(version: IssuerVersion) -> dict[str, Any]:
    """What the trail says of a version: which one it is of its issuer, name, address, country, tax
    number and bank accounts, and that its bills carry references, if they do.
    """
    banks = ", ".join(f"{one['currency']} {one['number']}" for one in version.bank_accounts)
    return {
        "version": version.version,
        "name": version.name,
        "address": version.address,
        "country": version.country,
        "tax_number": version.tax_number,
        "bank_accounts": banks,
    } | ({"references": "on"} if version.has_references else {})


def _bank_accounts(accounts: Sequence[BankAccount]) -> list[dict[str, str]]:
    """The bank accounts as a version stores them, in the order given. Raises Invalid for more than
    MOST_BANK_ACCOUNTS, two of one currency, an unknown currency, and texts that cannot be; code and
    bank may be empty.
    """
    currencies = [one.currency for one in accounts]
    if len(accounts) > MOST_BANK_ACCOUNTS or len(set(currencies)) < len(currencies):
        raise Invalid("bank_accounts", "has one account of a currency, and twenty at most")
    return [
        {
            "currency": money.check_currency(one.currency, field="bank_accounts"),
            "number": wording.line("bank_accounts", one.number, texts.LONGEST_NAME),
            "code": one.code and wording.line("bank_accounts", one.code, texts.LONGEST_NAME),
            "bank": one.bank and wording.line("bank_accounts", one.bank, texts.LONGEST_NAME),
        }
        for one in accounts
    ]


def _logo(content: bytes) -> bytes:
    """Return the picture, b"" for none. Raises Invalid for what is no PNG or JPEG file, or too
    large.
    """
    if content and (len(content) > LARGEST_LOGO or not content.startswith(tuple(LOGOS))):
        raise Invalid("logo", "must be a PNG or JPEG picture of at most 100 KB")
    return content
