"""The kinds of rows that can be searched by name, each declared once for both searches.

Operators find rows of all merchants (`backoffice.find`), and a merchant's people their own
(`pages.search`). Each package registers its kinds; a kind that only one search finds leaves out the
other's part.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol

from django.db.models import Model
from django_stubs_ext import StrOrPromise

from lib.registry import Registry


class Finder(Protocol):
    """How operators find rows of a kind: what each class of `backoffice.finders` implements."""

    @property
    def place(self) -> int:
        """Its place among all kinds in the results."""

    def among_all(self, kind: "Kind", text: str) -> Iterable[tuple[Any, bool]]:
        """Rows of any merchant that `text` finds, each paired with whether `text` is its whole
        name.
        """

    def of_one(self, kind: "Kind", merchant: Any, text: str) -> Iterable[Any]:
        """Rows of this merchant that have exactly the name `text`."""


def no_status(row: Any) -> tuple[str, str]:
    """The status and label of a row whose kind has no status: two empty texts."""
    return "", ""


def status(row: Any) -> tuple[str, str]:
    """The row's status code, and its label."""
    return row.status, row.get_status_display()


@dataclass(frozen=True, kw_only=True)
class Own:
    """How a merchant's people find their own rows of a kind, and what the results show of each
    row.
    """

    place: int  # in the order of what is found
    # The rows of a merchant, whose line and account are at hand, by the first characters of the
    # name, on a local day of the line; in the order of an index that starts with the merchant.
    rows: Callable[[Any, str, date], Any]
    page: Callable[[Any, str], str]  # where to see a row, by its merchant's reference; "" nowhere
    on: Callable[[Any], date]
    name: Callable[[Any], str] = str
    amount: str = ""  # the column; "" where the kind has none
    status: Callable[[Any], tuple[str, str]] = no_status  # a row's status and its label
    most: int = 6  # rows that are shown


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A kind of rows, such as orders, and how each search finds them."""

    label: StrOrPromise  # of one, such as "Order"
    model: type[Model]
    merchant: str = ""  # the path from a row to its merchant; "" where it has none
    operators: Finder | None = None
    own: Own | None = None


KINDS: Registry[Kind] = Registry(lambda kind: 0)


def for_operators() -> Sequence[tuple[Kind, Finder]]:
    """The kinds that operators can search, each with its finder, in the order of the results."""
    found = [(kind, kind.operators) for kind in KINDS if kind.operators is not None]
    return sorted(found, key=lambda one: one[1].place)


def for_people() -> Iterator[tuple[Kind, Own]]:
    """Yields the kinds that a merchant's people can search, each with how they find them, in the
    order of the results.
    """
    found = [(kind, kind.own) for kind in KINDS if kind.own is not None]
    yield from sorted(found, key=lambda one: one[1].place)
