"""The event by which a merchant joins, and what each book opens for it.

A book says with which terms it is opened (`Opening`), and registers that when it starts: the event
carries the terms of all of them.
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
    """Who joins: the name, the currency of both books, the time zone, and the language."""

    name: Name
    currency: Currency
    timezone: Reference
    language: Reference


class Terms(Data):
    """The members of the event that one book is opened with."""

    def check(self) -> None:
        """Raise Invalid for what the members' types don't refuse."""

    def meant(self) -> dict[str, Any]:
        """What tells a repeat from a conflict: what may be left out is what it then means."""
        return self.model_dump(mode="json")


@dataclass(frozen=True, slots=True)
class Opening:
    """What a book opens for a merchant that joins, within the transaction of that."""

    terms: type[Terms]
    example: dict[str, Any]  # of these terms
    open: Callable[[Merchant, Any, datetime], None]


_openings: list[Opening] = []


def register(opening: Opening) -> None:
    """Open this book, too, for every merchant that joins, after those registered before."""
    _openings.append(opening)


@transaction.atomic
def join(event: Event, now: datetime) -> Outcome:
    """Take in a merchant and open all its books, all or nothing."""
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
    """All that the event carries: the merchant, and the terms of each book that was registered."""
    terms = (opening.terms for opening in _openings)
    return type("MerchantJoinedWithTerms", (MerchantJoined, *terms), {"__doc__": DESCRIPTION})


def illustrated() -> dict[str, Any]:
    """An example of all that the event carries."""
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
