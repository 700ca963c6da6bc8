"""The kinds of things that have names, each told once for both searches.

Operators find anything among all merchants (`backoffice.find`), a merchant's people their own
(`pages.search`). Each package registers its kinds; a kind that only one of the searches finds says
nothing of the other.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol

from django.db.models import Model
from django_stubs_ext import StrOrPromise

from lib.registry import Registry


class Finder(Protocol):
    """How operators find rows of a kind (`backoffice.finders`)."""

    @property
    def place(self) -> int:
        """In the order of what is found."""

    def among_all(self, kind: "Kind", text: str) -> Iterable[tuple[Any, bool]]:
        """Rows of any merchant, each with whether `text` is its whole name."""

    def of_one(self, kind: "Kind", merchant: Any, text: str) -> Iterable[Any]:
        """Rows of the merchant whose name within the merchant is `text`."""


def no_status(row: Any) -> tuple[str, str]:
    return "", ""


def status(row: Any) -> tuple[str, str]:
    """The row's status, and what it is called."""
    return row.status, row.get_status_display()


@dataclass(frozen=True, kw_only=True)
class Own:
    """How a merchant's people find their own rows of a kind, and what is shown of each."""

    place: int  # in the order of what is found
    # The rows of a merchant, whose line and account are at hand, by the first characters of the
    # name, on a local day of the line; in the order of an index that starts with the merchant.
    rows: Callable[[Any, str, date], Any]
    page: Callable[[Any, str], str]  # where to see a row, by its merchant's reference; "" nowhere
    on: Callable[[Any], date]
    name: Callable[[Any], str] = str
    amount: str = ""  # the column; "" where the kind has none
    status: Callable[[Any], tuple[str, str]] = no_status
    most: int = 6  # of them are shown


@dataclass(frozen=True, kw_only=True)
class Kind:
    label: StrOrPromise  # of one, such as "Order"
    model: type[Model]
    merchant: str = ""  # the path from a row to its merchant; "" where it has none
    operators: Finder | None = None
    own: Own | None = None


KINDS: Registry[Kind] = Registry(lambda kind: 0)


def for_operators() -> Sequence[tuple[Kind, Finder]]:
    found = [(kind, kind.operators) for kind in KINDS if kind.operators is not None]
    return sorted(found, key=lambda one: one[1].place)


def for_people() -> Iterator[tuple[Kind, Own]]:
    """The kinds that a merchant's people find."""
    found = [(kind, kind.own) for kind in KINDS if kind.own is not None]
    yield from sorted(found, key=lambda one: one[1].place)
