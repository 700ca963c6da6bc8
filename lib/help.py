"""What the help page says: first steps, questions with their answers, and terms.

Each package registers a book of its own when the programs start, so that the page knows none of
them. An answer is given for one merchant, with its own terms and figures.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Generic, TypeVar

from django_stubs_ext import StrOrPromise

from lib.registry import Registry

About = TypeVar("About")


@dataclass(frozen=True, slots=True)
class Topic:
    """A group of questions; topics are shown in the order of their places."""

    code: str
    label: StrOrPromise
    place: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry(Generic[About]):
    """A question and its answer for a merchant."""

    anchor: str  # of the entry in the page's address, which people keep: it never changes
    topic: Topic
    question: StrOrPromise
    answer: Callable[[About], StrOrPromise]  # lines are divided by line ends
    pages: tuple[
        str, ...
    ] = ()  # the routes of the pages that show it, which need only the merchant
    words: str = ""  # what else people look for, in any language, separated by semicolons


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstStep(Generic[About]):
    """Something that a new merchant does once."""

    place: int
    title: StrOrPromise
    why: StrOrPromise
    page: str  # the route of the page where it is done
    is_done: Callable[[About], bool]


@dataclass(frozen=True, slots=True)
class Term:
    """A word of the pages, and what it means."""

    name: StrOrPromise
    meaning: StrOrPromise


@dataclass(frozen=True, kw_only=True)
class Book(Generic[About]):
    """What one package says on the help page."""

    place: int
    # What answers and steps are about: of a merchant, whose line and account are at hand, on a day.
    about: Callable[[Any, date], About]
    entries: Sequence[Entry[About]] = ()
    steps: Sequence[FirstStep[About]] = ()
    terms: Sequence[Term] = ()


BOOKS: Registry[Book[Any]] = Registry()


def answers(book: Book[About], merchant: Any, today: date, *anchors: str) -> list[tuple[Any, Any]]:
    """Pairs of an entry and its answer to the merchant on the local day `today`, for the entries of
    the book with these anchors, in the book's order; an anchor that the book does not have gives
    nothing. Other pages than the help page show some of them, too.
    """
    about = book.about(merchant, today)
    return [(entry, entry.answer(about)) for entry in book.entries if entry.anchor in anchors]


def always(text: StrOrPromise) -> Callable[[Any], StrOrPromise]:
    """A function that answers every merchant with this text."""
    return lambda about: text
