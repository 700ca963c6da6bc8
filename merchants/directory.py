"""In which cell a merchant's books are (lib.cells), where they are in cells at all.

What is asked for here is shared; nothing is asked in an installation without cells.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar

from django.db.models import Count

from lib import cells, prepared
from merchants.models import Merchant

# The reference by which a cell was entered, and the cell's number.
_whose: ContextVar[tuple[str, int]] = ContextVar("merchant_of_cell", default=("", 0))

CELL = "SELECT cell FROM merchants_merchant WHERE reference = %s"
CELLS = "SELECT reference, cell FROM merchants_merchant WHERE reference = ANY(%s::text[])"
CELL_BY_KEY = "SELECT cell FROM merchants_merchant WHERE id = %s"


def of(reference: str) -> AbstractContextManager[None]:
    """Have the block inside the cell of the merchant with this reference; outside of any if there
    is none, and where there are no cells.
    """
    if not cells.are_on():
        return cells.nowhere()
    row = prepared.row(CELL, [reference])
    return _entered(reference, row[0]) if row else cells.nowhere()


@contextmanager
def _entered(reference: str, number: int) -> Iterator[None]:
    """Have the block inside this cell, which is that of the merchant with this reference."""
    token = _whose.set((reference, number))
    try:
        with cells.at(number):
            yield
    finally:
        _whose.reset(token)


def is_entered(reference: str) -> bool:
    """Whether we are inside the cell of the merchant with this reference, as `of` was asked for it:
    then nobody has to ask again.
    """
    return bool(cells.entered()) and _whose.get() == (reference, cells.number())


def of_merchant(merchant_id: int | None) -> AbstractContextManager[None]:
    """Have the block inside the cell of the merchant with this primary key; outside of any if there
    is none, and where there are no cells.
    """
    if merchant_id is None or not cells.are_on():
        return cells.nowhere()
    row = prepared.row(CELL_BY_KEY, [merchant_id])
    return cells.at(row[0]) if row else cells.nowhere()


def cells_of(references: Iterable[str]) -> dict[str, int]:
    """The number of the cell of each merchant with one of these references, by reference; unknown
    references are left out.
    """
    return dict(prepared.rows(CELLS, [list(set(references))]))


def merchants_by_cell() -> Mapping[int, int]:
    """How many merchants have their books in each cell, by the cells' numbers, the lowest first."""
    counted = dict(Merchant.objects.values_list("cell").annotate(merchants=Count("pk")))
    return {number: counted.get(number, 0) for number in cells.numbers()}


def emptiest(merchants: Mapping[int, int]) -> int:
    """The number of the cell that the next merchant to join goes to: the one with the fewest
    merchants, the lowest number among equals. `merchants` has the number of merchants of each cell,
    as `merchants_by_cell` counts them; if it is empty, the first cell.
    """
    return min(merchants, key=lambda number: (merchants[number], number), default=cells.FIRST)
