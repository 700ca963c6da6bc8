"""What an operator reads before deciding: the present figures, what becomes of them, what the
merchant wrote, and what happened lately.

Each book fills this in by a query of its own. So the pages of all decisions look alike.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

FEW = 5  # rows of what happened


@dataclass(frozen=True)
class Fact:
    """A figure or state, as it is now."""

    label: str
    value: Any
    note: str = ""


@dataclass(frozen=True)
class Change:
    """A figure or state before the decision, and after it."""

    label: str
    before: Any
    after: Any


@dataclass(frozen=True)
class Past:
    """Something that happened: when, what, by whom, and why."""

    at: datetime | date
    what: str
    who: str = ""
    why: str = ""


@dataclass(frozen=True)
class History:
    """What happened lately of one kind, latest first."""

    title: str
    rows: Sequence[Past]


@dataclass(frozen=True)
class Brief:
    """All that a decision's page shows before its form."""

    facts: Sequence[Fact] = ()
    changes: Sequence[Change] = ()
    words: str = ""  # the merchant's own
    written_by: str = ""
    histories: Sequence[History] = field(default=())

    def about(
        self, *changes: Change, facts: Sequence[Fact] = (), words: str = "", written_by: str = ""
    ) -> "Brief":
        """The same brief with what is told of one decision and its row: `facts` come before those
        that it has, while `changes`, the figures before and after, and `words`, which somebody of
        the merchant, `written_by`, wrote, take the place of its own. Its histories stay.
        """
        return replace(
            self,
            facts=(*facts, *self.facts),
            changes=changes,
            words=words,
            written_by=written_by,
        )


def latest(rows: Sequence[Past]) -> list[Past]:
    """The latest FEW of these rows, latest first. All of them must have an instant, or all a day,
    as these cannot be compared.
    """
    return sorted(rows, key=lambda row: row.at, reverse=True)[:FEW]


# How each book tells of a merchant, by the package's name: for decisions that another package
# shows. None where the merchant has no such book.
BOOKS: dict[str, Callable[[Any], Brief | None]] = {}


# What a proposal of a kind would change as a whole, by the kind's code: for what is about no single
# merchant.
OF_PROPOSALS: dict[str, Callable[[Any, datetime], Brief]] = {}


def register(book: str, brief: Callable[[Any], Brief | None]) -> None:
    """Add the function that gives the brief of a merchant, or None, under the name `book`. Raises
    ValueError if the name is taken.
    """
    if book in BOOKS:
        raise ValueError(f"the book {book} is there")
    BOOKS[book] = brief
