"""Finds a merchant's pages by name, and its orders, bills and other rows by reference, buyer or
amount (rule 23.20).

Each kind (lib.search) takes one query, by an index that starts with the merchant, for no more rows
than are shown.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django_stubs_ext import StrOrPromise
from moneyed import Money

from lib import money, search
from lib.help import Entry
from merchants import installation
from merchants.models import Merchant
from pages import help
from pages import navigation as pages


@dataclass(frozen=True)
class Hit:
    """A row of the merchant that has the text in its reference, or is of this amount."""

    kind: StrOrPromise
    reference: str
    address: str  # "" where it has no page
    on: date
    amount: Money | None = None
    status: str = ""
    status_label: str = ""


@dataclass(frozen=True)
class PageHit:
    """A page that the text may mean."""

    title: StrOrPromise
    address: str


@dataclass(frozen=True)
class Found:
    """The results of a search: pages and rows."""

    pages: Sequence[PageHit]
    answers: Sequence[PageHit]  # entries of the help page
    hits: Sequence[Hit]
    exact: Sequence[str]  # the addresses of what has exactly this name
    lists: Sequence[PageHit]  # of all rows, of kinds of which only a few are among the hits

    @property
    def only(self) -> str:
        """The address of the only result that has exactly this name; "" if there is none, or
        several.
        """
        return self.exact[0] if len(self.exact) == 1 else ""


def find(merchant: Merchant, text: str, *, today: date) -> Found:
    """The merchant's pages, answers of the help and rows that `text` may mean, exact names and
    references first, and links to the whole lists of kinds of which it may find more rows than are
    shown. Where no page or answer has the text, what is left of it without its asking words is
    looked for among them. The merchant has to be loaded with its credit line and account.

    Dates are in the active time zone.
    """
    asked = pages.without_asking(text)
    # What is left of a question is no name that somebody typed: it never leads there at once.
    meant = pages.named(text) or [pages.Named(one.page, False) for one in pages.named(asked)]
    named = [(one, one.page.address(merchant.reference)) for one in meant]
    there = [(one, address) for one, address in named if address]
    hits = list(_hits(merchant, text, today)) if text else []
    exact = [address for one, address in there if one.is_exact]
    exact += [hit.address for hit in hits if _is_exactly(text, hit.reference) and hit.address]
    return Found(
        pages=[PageHit(one.page.title, address) for one, address in there],
        answers=[_answer(entry, merchant) for entry in help.find(text) or help.find(asked)],
        hits=sorted(hits, key=lambda hit: not _is_exactly(text, hit.reference)),
        exact=list(dict.fromkeys(exact)),
        lists=_lists(merchant, text, hits),
    )


def _is_exactly(text: str, reference: str) -> bool:
    """Whether the text is the whole reference, in any case, with or without the prefix of this
    installation.
    """
    return any(search.is_exactly(text, way) for way in (reference, installation.inside(reference)))


def _distance(reference: str, text: str) -> tuple[bool, bool]:
    """A key to sort rows by how far their reference is from the text: first comes what is the text,
    then what begins with it, and then the rest, each as it was found, which is latest first.
    """
    return not _is_exactly(text, reference), not search.begins(text, reference)


def _lists(merchant: Merchant, text: str, hits: Sequence[Hit]) -> Sequence[PageHit]:
    """The results that lead to a whole list: one for each kind of which as many rows were found as
    are shown, if all of them were found by their references.
    """
    found = []
    for kind, own in search.for_people():
        of_kind = [hit for hit in hits if hit.kind == kind.label]
        by_name = all(search.is_in(text, hit.reference) for hit in of_kind)
        if own.listed and len(of_kind) >= own.most and by_name:
            found.append(PageHit(kind.label, own.listed(merchant.reference, text)))
    return found


def _answer(entry: Entry[Any], merchant: Merchant) -> PageHit:
    """The help page's entry as a result of the search: its question, and the address of its
    answer.
    """
    page = pages.address("help", merchant.reference)
    return PageHit(entry.question, f"{page}#{entry.anchor}")


def _hits(merchant: Merchant, text: str, today: date) -> Iterator[Hit]:
    """Yield the merchant's rows that the text finds, a few of each kind, the nearest first."""
    for kind, own in search.for_people():
        rows = list(own.rows(merchant, text, today)[: own.most])
        for row in sorted(rows, key=lambda row: _distance(own.name(row), text)):
            status, status_label = own.status(row)
            yield Hit(
                kind.label,
                own.name(row),
                own.page(row, merchant.reference),
                on=own.on(row),
                amount=_amount(row, own.amount) if own.amount else None,
                status=status,
                status_label=status_label,
            )


def _amount(row: Any, name: str) -> Money | None:
    """The amount in the row's attribute `name`, as Money; a sum that a query added to the row is a
    plain figure. None if it has none.
    """
    amount = getattr(row, name)
    return amount if amount is None or isinstance(amount, Money) else money.of(amount, row.currency)
