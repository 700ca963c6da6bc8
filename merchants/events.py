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
    name: Name
    currency: Currency
    timezone: Reference
    language: Reference


class Terms(Data):
    """The members of the joining event with which one book is opened."""

    def check(self) -> None:
        """Raise Invalid for values that the members' types allow and the book does not."""

    def meant(self) -> dict[str, Any]:
        """The members with their defaults filled in, by which a repeat is told from a conflict."""
        return self.model_dump(mode="json")


@dataclass(frozen=True, slots=True)
class Opening:
    """The terms of one book, and the function that opens it for a merchant that joins, in the same
    transaction.
    """

    terms: type[Terms]
    open: Callable[[Merchant, Any, datetime], None]


_openings: list[Opening] = []


def register(opening: Opening) -> None:
    """Have every merchant that joins get this book, too, opened after those registered before."""
    _openings.append(opening)


@transaction.atomic
def join(event: Event, now: datetime) -> Outcome:
    """Create the merchant of the event and open all its books, all or nothing."""
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


EVENT_TYPES = (FoundingType("merchant.joined", join),)
