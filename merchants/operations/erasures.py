"""Administrators erase a person from Tael on request, and take what is kept of one as a file (rule
21.18, rule 21.17).

The rows of the books stay, and their figures; the person's name in them becomes one pseudonym. What
is only about the person goes: how they sign in, sessions, second factors, mails.
"""

import json
from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import TypeVar

from django.db import InterfaceError, OperationalError, transaction

from lib import cells, erasing, statement_timeout, wording
from lib.refusals import Refused
from merchants import personal, personal_rows
from merchants.models import Erasure, Merchant, User
from merchants.operations import operators
from merchants.personal import Kind, Subject
from merchants.trail import Action
from trail import operations as trail

T = TypeVar("T")
File = tuple[str, bytes]  # name and content
SHOWN_FROM = 7  # characters of a payer, of whose last four the trail keeps what it can


class NothingKept(Refused):
    """Nothing is kept of such a person, or they are erased already."""

    code = "nothing_kept"


class HasAccount(Refused):
    """The address is that of an account, which is erased on its own page."""

    code = "has_account"


class CellAway(Refused):
    """A cell does not answer, and what is kept there would be left out."""

    code = "cell_away"


def erase_person(*, user_id: int, reason: str, actor: User, now: datetime) -> Erasure:
    """Replace the names of a person who has, or had, an account by a pseudonym wherever they are
    kept, delete how they sign in and the e-mails to them, revoke open invitations to them, and
    empty the contacts of merchants that have their address; written down with a trail row.

    Raises NotAnAdministrator, UnknownPerson, OnOneself, NothingKept for one who is erased already,
    CellAway if a cell does not answer, Invalid without a reason, and what stands against it, such
    as StillInRole, ProposalOpen and RecordKept. Others who decide about people wait until the
    transaction ends.
    """
    with transaction.atomic():
        user = operators.hold(user_id, actor)
        return _erase(_person(user, now), reason, actor, now)


def erase_address(*, email: str, reason: str, actor: User, now: datetime) -> Erasure:
    """Erase a person of whom only an address is kept, such as that of an invitation nobody
    accepted: replace it by a pseudonym wherever it is kept, revoke open invitations to it, and
    empty the contacts of merchants that have it; written down with a trail row. Raises
    NotAnAdministrator, HasAccount, NothingKept, CellAway, Invalid, and what stands against it, such
    as ProposalOpen and RecordKept. Others who decide about people wait until the transaction ends.
    """
    with transaction.atomic():
        operators.check(actor)
        return _erase(_address(email, now), reason, actor, now)


def erase_buyer(*, buyer: str, reason: str, actor: User, now: datetime) -> Erasure:
    """Replace a buyer's name, exactly as the platform sends it, by a pseudonym at all merchants, in
    what came in and in what webhooks tell, and delete saved views of lists that are narrowed to the
    buyer. All is one transaction, with a trail row and the Erasure that is returned.

    Raises NotAnAdministrator, NothingKept, CellAway if a cell does not answer, Invalid without a
    reason, and what a book has against it: BuyerOwes while the buyer owes something at any
    merchant, or cash of the buyer waits to be settled. Others who decide about people wait until
    the transaction ends.
    """
    with transaction.atomic():
        operators.check(actor)
        return _erase(Subject(Kind.BUYER, now, (buyer,)), reason, actor, now)


def erase_payer(*, payer: str, reason: str, actor: User, now: datetime) -> Erasure:
    """Put a pseudonym in the place of the name of whoever pays us, or is paid, by bank transfer,
    and empty account and words, on those lines from our bank that were never booked; what was
    booked stays. `payer` is the account's number or the exact name that the bank told. All is one
    transaction, with a trail row and the Erasure that is returned.

    Raises NotAnAdministrator, NothingKept, CellAway, Invalid without a reason, and what a book has
    against it: LineWaits while one of the payer's lines waits to be placed, and BooksKept if all of
    them are booked. Others who decide about people wait until the transaction ends.
    """
    with transaction.atomic():
        operators.check(actor)
        return _erase(Subject(Kind.PAYER, now, (payer.strip(),)), reason, actor, now)


def erase_contacts(*, merchant_id: int, reason: str, actor: User, now: datetime) -> Erasure:
    """Empty a merchant's contacts and licence, put a pseudonym in the place of what the trail says
    of present and former ones, and erase those of its removed destinations that it was never paid
    to, unless they are blocked; written down with a trail row. Raises NotAnAdministrator,
    NothingKept, CellAway, Invalid without a reason, Merchant.DoesNotExist. Others who decide about
    people wait until the transaction ends.
    """
    with transaction.atomic():
        operators.check(actor)
        merchant = Merchant.objects.get(pk=merchant_id)
        return _erase(Subject(Kind.CONTACTS, now, merchant=merchant), reason, actor, now)


def _erase(subject: Subject, reason: str, actor: User, now: datetime) -> Erasure:
    """Erase the subject from all that is kept of it under a new pseudonym, and write down, with an
    Erasure and a trail row, that it was done and in how many rows. It runs in the caller's
    transaction, which holds the lock of decisions about people. Raises NothingKept, CellAway,
    Invalid without a reason, and the first refusal of what is kept to be erased now
    (`Holding.object_to`).
    """
    reason = wording.checked("reason", reason)
    holdings = personal.of(subject)
    for holding in holdings:
        _in_each(partial(holding.object_to, subject))
    pseudonym = erasing.new_pseudonym()
    with statement_timeout.download():
        rows = {
            holding.title: sum(_in_each(partial(holding.erase, subject, pseudonym)))
            for holding in holdings
        }
    if not any(rows.values()):
        raise NothingKept(f"Nothing is kept of {subject}, or nothing any more.")
    erasure = Erasure.objects.create(
        kind=subject.kind,
        pseudonym=pseudonym,
        merchant=subject.merchant,
        rows={title: count for title, count in rows.items() if count},
        reason=reason,
        erased_at=now,
        erased_by=actor.email,
    )
    trail.write(
        Action.PERSON_ERASED,
        actor=actor.email,
        merchant_id=subject.merchant.pk if subject.merchant else None,
        subject=pseudonym,
        after={"who": str(Kind(subject.kind).label), "rows": sum(rows.values())},
        reason=reason,
        now=now,
    )
    return erasure


def _in_each(ask: Callable[[], T]) -> list[T]:
    """What the function returns inside each cell (cells.in_each). Raises CellAway, which names the
    first one that does not answer, or the database's own error in an installation without cells;
    the caller's transaction is lost then.
    """

    def ask_here() -> T:
        """Call `ask` in this cell, and return what it returns. Raises CellAway if the cell does not
        answer, but in an installation without cells the database's own error.
        """
        try:
            return ask()
        except (OperationalError, InterfaceError) as error:
            if not cells.are_on():
                raise
            raise CellAway(
                f"Cell {cells.number()} does not answer. Nothing was done; try again once it does."
            ) from error

    return cells.in_each(ask_here)


def _rows(holding: personal.Holding, subject: Subject) -> list[personal.Row]:
    """The rows that the holding keeps of the subject, from all cells; a row that several cells
    have, as they share it, is given once.
    """
    found = _in_each(lambda: list(holding.rows(subject)))
    if len(found) == 1:
        return found[0]
    return list({json.dumps(row, default=str): row for rows in found for row in rows}.values())


def data_of_person(*, user_id: int, reason: str, actor: User, now: datetime) -> File:
    """All that is kept of a person who has an account, as a JSON file; a trail row says who took
    it. Raises NotAnAdministrator, UnknownPerson, NothingKept, CellAway, Invalid without a reason.
    Others who decide about people wait until the transaction ends.
    """
    with transaction.atomic():
        operators.check(actor)
        user = User.objects.filter(pk=user_id).first()
        if user is None:
            raise operators.UnknownPerson("There is no such person.")
        return _taken(_person(user, now), reason, actor, now)


def data_of_address(*, email: str, reason: str, actor: User, now: datetime) -> File:
    """All that is kept of a person of whom only an address is kept, as a JSON file; a trail row
    says who took it. Raises NotAnAdministrator, HasAccount, NothingKept, CellAway, Invalid. Others
    who decide about people wait until the transaction ends.
    """
    with transaction.atomic():
        operators.check(actor)
        return _taken(_address(email, now), reason, actor, now)


def data_of_buyer(*, buyer: str, reason: str, actor: User, now: datetime) -> File:
    """All that is kept of a buyer, at all merchants, as a JSON file; a trail row says who took it.
    Raises NotAnAdministrator, NothingKept, CellAway, Invalid. Others who decide about people wait
    until the transaction ends.
    """
    with transaction.atomic():
        operators.check(actor)
        return _taken(Subject(Kind.BUYER, now, (buyer,)), reason, actor, now)


def data_of_payer(*, payer: str, reason: str, actor: User, now: datetime) -> File:
    """The name and content of a JSON file of all lines from our bank with this account number or
    exact name on their other side, booked ones too; a trail row says who took it, and names the
    payer by the last four characters alone, or by none of a short name (`_named`). Raises
    NotAnAdministrator, NothingKept, CellAway, Invalid, and Undecryptable if the key of a line is
    missing. Others who decide about people wait until the transaction ends.
    """
    with transaction.atomic():
        operators.check(actor)
        return _taken(Subject(Kind.PAYER, now, (payer.strip(),)), reason, actor, now)


def data_of_contacts(*, merchant_id: int, reason: str, actor: User, now: datetime) -> File:
    """A merchant's contacts and licence, present and former, and its destinations, removed ones
    too, as a JSON file; a trail row says who took it. The licence's document is named in it, and of
    a destination's number it has what pages show. Raises NotAnAdministrator, NothingKept, CellAway,
    Invalid, Merchant.DoesNotExist. Others who decide about people wait until the transaction ends.
    """
    with transaction.atomic():
        operators.check(actor)
        merchant = Merchant.objects.get(pk=merchant_id)
        return _taken(Subject(Kind.CONTACTS, now, merchant=merchant), reason, actor, now)


def _taken(subject: Subject, reason: str, actor: User, now: datetime) -> File:
    """The name and content of a JSON file of all that is kept of the subject; a trail row says who
    took it and why. Raises NothingKept, CellAway, Invalid without a reason.
    """
    reason = wording.checked("reason", reason)
    with statement_timeout.download():
        kept = {holding.title: _rows(holding, subject) for holding in personal.of(subject)}
    if not any(kept.values()):
        raise NothingKept(f"Nothing is kept of {subject}.")
    trail.write(
        Action.PERSON_DATA_TAKEN,
        actor=actor.email,
        merchant_id=subject.merchant.pk if subject.merchant else None,
        subject=_named(subject),
        after={"who": str(Kind(subject.kind).label), "rows": sum(map(len, kept.values()))},
        reason=reason,
        now=now,
    )
    whole = {"about": _named(subject), "taken_at": now.isoformat(), "kept": kept}
    return "personal-data.json", json.dumps(whole, ensure_ascii=False, indent=2).encode()


def _named(subject: Subject) -> str:
    """What the trail calls the subject whose data was taken: a person by the address, a buyer by
    the whole name after "buyer ", a merchant's contacts "profile", and a payer by the last four
    characters of the account's number or name, or by none if it has fewer than SHOWN_FROM: they
    would tell all of a short name, or nearly.
    """
    if subject.kind == Kind.PAYER:
        text = str(subject)
        return f"payer …{text[-4:] if len(text) >= SHOWN_FROM else ''}"
    if subject.kind == Kind.BUYER:
        return f"{personal.BUYER}{subject}"
    return "profile" if subject.merchant else str(subject)


def _person(user: User, now: datetime) -> Subject:
    """The subject of a person with an account, with the names that they have. Raises NothingKept
    for somebody who is erased already.
    """
    if erasing.is_erased(user.email):
        raise NothingKept(f"{user} is erased already.")
    return Subject(Kind.PERSON, now, personal_rows.addresses(user), user)


def _address(email: str, now: datetime) -> Subject:
    """The subject of a person without an account, by the address. Raises HasAccount for an address
    that somebody signs in with, and Invalid for one that is malformed.
    """
    email = wording.address("email", email)
    if User.objects.filter(email__iexact=email).exists():
        raise HasAccount(f"{email} has an account: open that person's page.")
    return Subject(Kind.PERSON, now, (email,))
