"""The event by which a merchant joins, and the books that are opened for it.

Each book registers with which members of the event it is opened (`Opening`), so that one event
carries the terms of all books.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from lib.event_fields import Currency, Data, Name, Reference
from lib.events import APPLIED, Event, FoundingType, Outcome, read
from merchants.models import Merchant
from merchants.operations import merchants


class MerchantJoined(Data):
    """The merchant that joins: its name, the currency of both books, its time zone, and its
    language.
    """

    name: Name
    currency: Currency
    timezone: Reference
    language: Reference


class Terms(Data):
    """The base class for the members of the joining event that one book is opened with."""

    def check(self) -> None:
        """Subclasses raise Invalid for values that the members' types allow but the book does not.
        By default nothing more is checked.
        """

    def meant(self) -> dict[str, Any]:
        """The members as JSON values, with defaults filled in. By them a repeat of the event is
        distinguished from a conflict.
        """
        return self.model_dump(mode="json")


@dataclass(frozen=True, slots=True)
class Opening:
    """The terms of one book, and the function that opens it for new merchants, each on its terms
    and at its instant, in the transaction that creates the merchants.
    """

    terms: type[Terms]
    example: dict[str, Any]  # of these terms
    open: Callable[[Sequence[tuple[Merchant, Any, datetime]]], None]


_openings: list[Opening] = []


def register(opening: Opening) -> None:
    """Have this book, too, opened for every merchant that joins, after those registered before."""
    _openings.append(opening)


@transaction.atomic
def join(event: Event, now: datetime) -> Outcome:
    """Create the merchant of the event and open all its books; nothing is kept if that raises. A
    repeat with the same terms changes nothing and is a duplicate. Raises MerchantConflict for other
    terms, and Invalid.
    """
    new, terms = _read(event, now)
    merchant, is_new = merchants.join(new)
    if is_new:
        for opening, one in zip(_openings, terms, strict=True):
            opening.open([(merchant, one, now)])
    return Outcome.of(is_new)


@transaction.atomic
def join_together(joining: Sequence[tuple[Event, datetime]]) -> list[Outcome]:
    """Create the merchants of these events, each paired with the instant of its arrival, and open
    all their books; returns an applied outcome for each. Raises Invalid or, for a merchant that
    joined before, IntegrityError; then none is created.
    """
    found = [_read(event, now) for event, now in joining]
    joined = merchants.join_many([new for new, _ in found])
    for place, opening in enumerate(_openings):
        opening.open(
            [
                (merchant, terms[place], new.now)
                for merchant, (new, terms) in zip(joined, found, strict=True)
            ]
        )
    return [APPLIED] * len(joining)


def _read(event: Event, now: datetime) -> tuple[merchants.NewMerchant, list[Terms]]:
    """The merchant of the event, and the terms of each of its books. Raises Invalid."""
    data = read(MerchantJoined, event)
    terms = [read(opening.terms, event) for opening in _openings]
    for one in terms:
        one.check()
    said = data.model_dump(mode="json")
    for one in terms:
        said |= one.meant()
    new = merchants.NewMerchant(
        event.merchant, data.name, data.language, data.timezone, said, event.at, now
    )
    return new, terms


def described() -> type[Data]:
    """A new class with all members of the joining event's data: the merchant's own, and the terms
    of each book that is registered. Events are not read by it: the API's description is made from
    it.
    """
    terms = (opening.terms for opening in _openings)
    return type("MerchantJoinedWithTerms", (MerchantJoined, *terms), {"__doc__": DESCRIPTION})


def illustrated() -> dict[str, Any]:
    """An example of the event's whole data, for the API's description."""
    return {
        "name": "Rosewood Dresses",
        "currency": "USD",
        "timezone": "Asia/Bangkok",
        "language": "th",
    } | {name: said for opening in _openings for name, said in opening.example.items()}


DESCRIPTION = "A merchant, with all the terms that its books are opened with."

EVENT_TYPES = (
    FoundingType(
        "merchant.joined",
        described,
        illustrated,
        join,
        join_together,
        scope="merchants",
        of_platform=True,
        summary="A merchant joins the marketplace, and its books are opened.",
    ),
)
