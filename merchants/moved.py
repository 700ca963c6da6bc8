"""What left a cell with the books of merchants who were moved to another one (rule 30.22): numbers
of documents that the cell gave, and references of money that its files and answers name.
"""

from collections.abc import Iterable, Sequence

from lib import cells
from lib.audit import HERE
from merchants import installation
from merchants.models import MovedName

# For audit checks: the names that left the cell which is audited.
LEFT = f"""
SELECT named.name::text AS name, named.file::text AS file, named.currency::text AS currency
FROM {HERE} JOIN merchants_move move ON move.from_cell = cell AND move.is_done
JOIN merchants_movedname named ON named.move_id = move.id
"""


def is_of_this_cell(key: str) -> bool:
    """Whether a payment that others know by this key, such as T-2026-000001-2, is of the cell that
    we are inside by its document's number, and that has not left it. So is each of this
    installation where there are no cells; one whose key has another installation's prefix never is.
    """
    if installation.cell_of(key) != cells.number():
        return False
    return not has_left(installation.inside(key).rpartition("-")[0])


def has_left(name: str) -> bool:
    """Look up whether the document with this number, or the money sent under this reference, has
    left the cell that we are inside; False where there are no cells.
    """
    left = MovedName.objects.filter(move__from_cell=cells.number(), move__is_done=True)
    return cells.are_on() and left.filter(name=name).exists()


def cells_of(names: Iterable[str]) -> dict[str, int]:
    """Look up the number of the cell in which the document or money with each of these names is
    now, by name; those that never left the cell that gave them are left out.
    """
    left = MovedName.objects.filter(name__in=list(names), move__is_done=True)
    return dict(left.values_list("name", "move__merchant__cell"))


def cells_of_file(file: str, currency: str = "") -> Sequence[int]:
    """Look up the numbers of the cells, the lowest first, in which those payments of the file for
    the bank with this name are now that have left the cell which made it: those in this currency,
    or all; empty if none has.
    """
    left = MovedName.objects.filter(file=file, move__is_done=True)
    if currency:
        left = left.filter(currency=currency)
    return sorted(set(left.values_list("move__merchant__cell", flat=True)))
