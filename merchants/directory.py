"""In which cell a merchant's books are (lib.cells), where they are in cells at all.

What is asked for here is shared; nothing is asked in an installation without cells.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from typing import Any, NamedTuple

from django.db.models import Count

from lib import cells, prepared
from lib.cells import moving
from merchants.models import Merchant

# The reference by which a cell was entered, and the cell's number.
_whose: ContextVar[tuple[str, int]] = ContextVar("merchant_of_cell", default=("", 0))

_PLACE = f"""
SELECT reference, merchant.id, cell,
       EXISTS (SELECT FROM {moving.MOVES} move
               WHERE move.merchant_id = merchant.id AND {moving.UNDER_WAY}) AS moves,
       ({moving.LATEST})
FROM merchants_merchant merchant
"""
PLACE = f"{_PLACE} WHERE reference = %s"
PLACE_BY_KEY = f"{_PLACE} WHERE merchant.id = %s"
PLACES = f"{_PLACE} WHERE reference = ANY(%s::text[])"
CELLS = "SELECT reference, cell FROM merchants_merchant WHERE reference = ANY(%s::text[])"


class Place(NamedTuple):
    """Where a merchant's books are, whether they are being moved, and the key of the latest move of
    all then.
    """

    reference: str
    merchant_id: int
    cell: int
    moves: bool
    latest: int


def of(reference: str) -> AbstractContextManager[None]:
    """A context in which the block is inside the cell of the merchant with this reference. It
    changes nothing if there is no such merchant, or where there are no cells. Raises cells.Moves if
    the merchant's books are being moved, at once or as soon as a transaction begins
    (lib.cells.moving), and InAnotherCell inside a different cell.
    """
    return _at(prepared.row(PLACE, [reference])) if cells.are_on() else cells.nowhere()


def is_entered(reference: str) -> bool:
    """Whether we are inside the cell of the merchant with this reference, as `of` was asked for it:
    then nobody has to ask again.
    """
    return bool(cells.entered()) and _whose.get() == (reference, cells.number())


def of_merchant(merchant_id: int | None) -> AbstractContextManager[None]:
    """A context in which the block is inside the cell of the merchant with this primary key. It
    changes nothing if there is no such merchant, for None, and where there are no cells. Raises
    cells.Moves if the merchant's books are being moved, at once or as soon as a transaction begins,
    and InAnotherCell inside a different cell.
    """
    if merchant_id is None or not cells.are_on():
        return cells.nowhere()
    return _at(prepared.row(PLACE_BY_KEY, [merchant_id]))


def elsewhere(merchant_id: int | None) -> AbstractContextManager[None]:
    """A context in which the block is inside the cell of the merchant with this primary key,
    whichever cell we are inside: for what an operator decides about a merchant on a page that is no
    merchant's, and so is made in the chosen cell. It changes nothing if there is no such merchant,
    for None, and where there are no cells. That page has seen to it that nobody's books are moved.
    """
    if merchant_id is None or not cells.are_on():
        return cells.nowhere()
    row = prepared.row(PLACE_BY_KEY, [merchant_id])
    return cells.elsewhere(Place._make(row).cell) if row else cells.nowhere()


@contextmanager
def _at(row: tuple[Any, ...] | None) -> Iterator[None]:
    """Have the block inside the cell of this row's place; where it is for None. Raises cells.Moves
    if the merchant's books are being moved, at once or as soon as a transaction begins, and
    InAnotherCell inside a different cell.
    """
    if row is None:
        yield
        return
    place = Place._make(row)
    if place.moves:
        raise cells.Moves
    question = moving.since(place.latest, [place.merchant_id])
    token = _whose.set((place.reference, place.cell))
    try:
        with cells.asking(question), cells.at(place.cell):
            yield
    finally:
        _whose.reset(token)


def places_of(references: Iterable[str]) -> dict[str, Place]:
    """Where the books of the merchants with these references are, by reference. Those that there
    are none of are left out. Raises cells.Moves if books of one are being moved.
    """
    rows = prepared.rows(PLACES, [list(set(references))])
    found = {place.reference: place for place in map(Place._make, rows)}
    if any(place.moves for place in found.values()):
        raise cells.Moves
    return found


def question_of(places: Iterable[Place]) -> str:
    """The question that is asked with each transaction (cells.asking) that writes for the merchants
    in these places: whether the books of one of them have been moved, or are being moved, since the
    places were looked up; "" for no places.
    """
    listed = list(places)
    if not listed:
        return ""
    latest = min(place.latest for place in listed)
    return moving.since(latest, [place.merchant_id for place in listed])


def cells_of(references: Iterable[str]) -> dict[str, int]:
    """Look up the number of the cell of each merchant with one of these references, by reference;
    unknown references are left out.
    """
    return dict(prepared.rows(CELLS, [list(set(references))]))


def merchants_by_cell() -> Mapping[int, int]:
    """Count in the database how many merchants have their books in each cell, by the cells'
    numbers, the lowest first; 0 for a cell that has none.
    """
    counted = dict(Merchant.objects.values_list("cell").annotate(merchants=Count("pk")))
    return {number: counted.get(number, 0) for number in cells.numbers()}


def emptiest(merchants: Mapping[int, int]) -> int:
    """The number of the cell that the next merchant to join goes to: the one with the fewest
    merchants, the lowest number among equals. `merchants` has the number of merchants of each cell,
    as `merchants_by_cell` counts them; if it is empty, the first cell.
    """
    return min(merchants, key=lambda number: (merchants[number], number), default=cells.FIRST)
