"""Puts the document of a merchant's books together (docs/books.md) from what each book provides."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from billing.queries import books as billing
from credit.queries import books as credit
from lib import cells
from lib.audit import snapshot
from merchants import books as merchants
from merchants import directory
from merchants.models import Merchant
from merchants.operations.merchants import UnknownMerchant

FORMAT = 1  # goes up when a name goes or means something else; new names leave it
MERCHANTS_AT_ONCE = 50  # their rows are in memory together

Book = Callable[..., dict[int, dict[str, Any]]]
BOOKS: dict[str, Book] = {"credit": credit.of, "billing": billing.of}


def of_merchant(reference: str, *, local_names: bool = False) -> dict[str, Any]:
    """The books of one merchant as a document, read in one snapshot of the database, inside the
    merchant's cell.

    `local_names` adds the names that withdrawals and payments have in this installation only.
    Raises UnknownMerchant, and cells.Moves while the merchant's books are being moved.
    """
    with directory.of(reference), snapshot():
        merchant = Merchant.objects.filter(reference=reference).first()
        if merchant is None:
            raise UnknownMerchant(f"There is no merchant {reference}.")
        (document,) = _documents([merchant], local_names=local_names)
    return document


def of_one(merchant: Merchant) -> dict[str, Any]:
    """The books of the merchant as a document, as they are in the cell that we are inside."""
    (document,) = _documents([merchant])
    return document


def of_all(numbers: Sequence[int] = (cells.FIRST,)) -> Iterator[dict[str, Any]]:
    """Yield the books of every merchant in the cells with these numbers, cell by cell, by reference
    in the order of code points, all read in one snapshot of each cell. Without cells there is the
    first alone.

    Merchants are read in batches, each with the same number of queries. Only one batch is in
    memory.
    """
    for number in numbers:
        with cells.at(number), snapshot():
            merchants = Merchant.objects.filter(cell=number).values_list("reference", "pk")
            keys = [key for _, key in sorted(merchants)]
            for start in range(0, len(keys), MERCHANTS_AT_ONCE):
                batch = Merchant.objects.in_bulk(keys[start : start + MERCHANTS_AT_ONCE])
                yield from _documents(sorted(batch.values(), key=lambda one: one.reference))


def _documents(batch: Sequence[Merchant], *, local_names: bool = False) -> Iterator[dict[str, Any]]:
    """Yield the document of each of these merchants, in the same order. A book that a merchant does
    not have is None. `local_names` adds the names that withdrawals and payments have in this
    installation only.
    """
    keys = [merchant.pk for merchant in batch]
    people = merchants.of(batch)
    found = {name: of(keys, local_names=local_names) for name, of in BOOKS.items()}
    for key in keys:
        books = {name: of_batch.get(key) for name, of_batch in found.items()}
        yield {"format": FORMAT, "merchant": people[key], **books}
