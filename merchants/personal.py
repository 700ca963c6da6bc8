"""What Tael keeps of a person, and how it is erased: the list of which each package registers its
own part, so that the operations on people know no book.
"""

from collections.abc import Callable, Iterable
from dataclasses import KW_ONLY, dataclass
from datetime import datetime
from typing import Any

from lib.registry import Registry
from merchants.models import Erasure, Merchant, User

Kind = Erasure.Kind
Row = dict[str, Any]  # of an export, as JSON takes it

BUYER = "buyer "  # how the trail's subjects begin that are buyers


@dataclass(frozen=True)
class Subject:
    """Whose data is meant: a person by e-mail addresses, a buyer by name, a payer by account number
    or name, or the contacts and licence of a merchant.
    """

    kind: Erasure.Kind
    now: datetime  # when it is asked for
    # The addresses, the present one first and former ones after it; the one name of a buyer; the
    # account number or name of a payer; none for contacts.
    names: tuple[str, ...] = ()
    user: User | None = None  # the person's account, if there is one
    merchant: Merchant | None = None  # whose contacts they are

    def __str__(self) -> str:
        """The merchant's name if it is about a merchant's contacts, and otherwise the first of its
        names, as refusals say it.
        """
        return str(self.merchant) if self.merchant else self.names[0]


def nothing(subject: Subject, pseudonym: str) -> int:
    """The default of a Holding's `erase`: it changes nothing and returns 0, as other holdings
    replace what it finds.
    """
    return 0


def agree(subject: Subject) -> None:
    """The default of a Holding's `object_to`: it raises nothing, as nothing speaks against
    erasing.
    """


@dataclass(frozen=True)
class Holding:
    """Some rows that a package keeps of people of one kind."""

    place: int
    title: str  # in the export
    _: KW_ONLY
    kind: Erasure.Kind
    rows: Callable[[Subject], Iterable[Row]]  # what is exported of them
    # Replaces the person by the pseudonym in them; returns in how many rows. With cells it is
    # called inside each: what they share is changed, and counted, by the first call alone. Raises
    # what `object_to` raises for what has changed since that was asked.
    erase: Callable[[Subject, str], int] = nothing
    # Raises a refusal that says what has to end before the person can be erased.
    object_to: Callable[[Subject], None] = agree


HOLDINGS: Registry[Holding] = Registry()


def of(subject: Subject) -> list[Holding]:
    """The registered holdings of what is kept of subjects of this kind, sorted by their
    places.
    """
    return [holding for holding in HOLDINGS if holding.kind == subject.kind]
