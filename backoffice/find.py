"""Finds anything by its reference, for the search box of the admin.

"reference" is looked for among all merchants; "merchant reference", with a space, among that
merchant's rows, unless a merchant is called so. The kinds of rows are those of lib.search. Where
the books are in cells, it looks into all of them at once, and names those that have not answered.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from django.apps import apps
from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django_stubs_ext import StrOrPromise

from backoffice.columns import MERCHANT, follow, page_of
from lib import cells, search, words
from lib.cells import adding_up
from lib.search import Finder, Kind

LONGEST = 254


@dataclass(frozen=True)
class Hit:
    """A row that was found, as the page of results shows it: its kind, name and address, its
    merchant's name, and whether the whole name was given.
    """

    kind: StrOrPromise
    name: str
    address: str
    merchant: str = ""
    is_exact: bool = True


@dataclass(frozen=True)
class Found:
    """The results of a search."""

    hits: Sequence[Hit] = ()
    silent: Sequence[int] = ()  # the numbers of cells that have not answered

    @property
    def only(self) -> str:
        """The address of the only result or, if there are several, of the only one whose whole name
        was given; "" otherwise, and where a cell that has not answered may have another.
        """
        if self.silent:
            return ""
        exact = [hit for hit in self.hits if hit.is_exact]
        one = exact if len(exact) == 1 else self.hits
        return one[0].address if len(one) == 1 else ""


def find(request: HttpRequest, text: str) -> Found:
    """The rows that `text` names, of the kinds that the operator may look at, a few of each kind
    (finders.MOST). A text "merchant reference" is first looked for among that merchant's rows, and
    only if that finds nothing, or if all of it is a merchant's reference, as a whole among all
    rows. Cells that do not answer are named in `silent`.

    Empty for no text, or one that no row can have.
    """
    if not text or len(text) > LONGEST or "\0" in text:
        return Found()
    reference, _space, rest = text.partition(" ")
    merchant = _merchant(reference) if rest else None
    if merchant is not None and _merchant(text) is None:
        with cells.at(merchant.cell):
            if within := list(_of_one(request, merchant, rest.strip())):
                return Found(within)
    seen = _visible(request)
    answers = adding_up.each(lambda: list(_among_all(seen, text)))
    found = list(answers.found.values())
    hits = found[0] if len(found) == 1 else _each_once(chain(*found))
    return Found(hits, answers.silent)


def _each_once(hits: Iterable[Hit]) -> Sequence[Hit]:
    """These results, each address once: where the books are in cells, a row that all cells share is
    found in each of them.
    """
    return list({hit.address: hit for hit in hits}.values())


def _merchant(reference: str) -> Any:
    """Look up the merchant with this reference as it was typed, in capitals, in small
    letters or with a first capital (lib.words.spellings), in whichever cell it is; None if
    there is none. If several merchants have such references, the one that is found is the
    first by primary key, even if another has the reference exactly as typed.
    """
    merchants = apps.get_model(MERCHANT)._default_manager
    return merchants.filter(reference__in=words.spellings(reference)).first()


def _among_all(seen: Sequence[tuple[Kind, Finder]], text: str) -> Iterator[Hit]:
    """Yield the results for `text` among the rows of all merchants, of the kinds `seen`, which the
    operator may look at.
    """
    for kind, finder in seen:
        for row, is_exact in finder.among_all(kind, text):
            merchant = follow(row, kind.merchant) if kind.merchant else None
            yield _hit(kind, row, merchant, is_exact=is_exact)


def _of_one(request: HttpRequest, merchant: Any, text: str) -> Iterator[Hit]:
    """Yield the results for `text` among the rows of one merchant, of the kinds that the operator
    may look at.
    """
    for kind, finder in _visible(request):
        for row in finder.of_one(kind, merchant, text):
            is_exact = getattr(row, "reference", text).lower() == text.lower()
            yield _hit(kind, row, merchant, is_exact=is_exact)


def _visible(request: HttpRequest) -> list[tuple[Kind, Finder]]:
    """(kind, finder) for each kind whose rows the operator may look at."""
    pages = admin.site._registry
    return [
        (kind, finder)
        for kind, finder in search.for_operators()
        if pages[kind.model].has_view_permission(request)
    ]


def _hit(kind: Kind, row: Any, merchant: Any, *, is_exact: bool = True) -> Hit:
    """The result for the row. A merchant leads to its overview page (backoffice.merchant_page), any
    other row to its own page.
    """
    if row._meta.label == MERCHANT:
        address = reverse("backoffice:merchant", args=[row.reference])
        return Hit(kind.label, row.reference, address, row.name, is_exact)
    whose = merchant.name if merchant else ""
    return Hit(kind.label, str(row), page_of(row), whose, is_exact)
