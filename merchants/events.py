"""The event by which a merchant joins, and the books that are opened for it.

Each book registers with which members of the event it is opened (`Opening`), so that one event
carries the terms of all books.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from lib.events import Currency, Data, Event, FoundingType, Name, Outcome, Reference, read
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
    """The terms of one book, and the function that opens it for a new merchant, in the transaction
    that creates the merchant.
    """

    terms: type[Terms]
    example: dict[str, Any]  # of these terms
    open: Callable[[Merchant, Any, datetime], None]


_openings: list[Opening] = []


def register(opening: Opening) -> None:
    """Have this book, too, opened for every merchant that joins, after those registered before."""
    _openings.append(opening)


@transaction.atomic
def join(event: Event, now: datetime) -> Outcome:
    """Create the merchant of the event and open all its books, or do nothing if it raises. A repeat
    changes nothing and is a duplicate.
    """
    data = read(MerchantJoined, event)
    terms = [read(opening.terms, event) for opening in _openings]
    for one in terms:
        one.check()
    said = data.model_dump(mode="json")
    for one in terms:
        said |= one.meant()
    merchant, is_new = merchants.join(
        reference=event.merchant,
        at=event.at,
        name=data.name,
        language=data.language,
        timezone=data.timezone,
        terms=said,
        now=now,
    )
    if is_new:
        for opening, one in zip(_openings, terms, strict=True):
            opening.open(merchant, one, now)
    return Outcome.of(is_new)


def described() -> type[Data]:
    """The class of the event's whole data: the merchant, and the terms of each book that was
    registered.
    """
    terms = (opening.terms for opening in _openings)
    return type("MerchantJoinedWithTerms", (MerchantJoined, *terms), {"__doc__": DESCRIPTION})


def illustrated() -> dict[str, Any]:
    """An example of the event's whole data."""
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
        scope="merchants",
        summary="A merchant joins the marketplace, and its books are opened.",
    ),
)
