"""Jobs where the books are in cells (rule 30.7): each cell has a run of its own at each tick, and
the cell's number goes to the worker with each of its chunks.

So a cell that is slow or away holds up no other (rule 30.16). What an operator asks for outside of
any cell is one run, of whose chunks each is of one cell. Keys of what is
shared, which a job does in each cell, are given the cell's number on their way (lib.cells.KEYS), so
that a row that failed is parked for each cell. In an installation without cells nothing is entered,
and all keys are as they are.
"""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

from lib import cells
from lib.cells import moving

if TYPE_CHECKING:
    from jobs.definitions import Job
    from jobs.models import JobFailure

OUTSIDE = 0  # in the place of a cell's number: in none


class InCells(Enum):
    """What a job does where the books are in cells."""

    ITS_OWN = "its own"  # it finds rows of each cell there, and does them there
    EACH = "each"  # its keys are of what is shared, or of no rows: it does them in each cell
    FIRST = "first"  # likewise, in the first cell alone
    ONCE = "once"  # it finds and does what is shared, and enters cells itself


class Group(NamedTuple):
    """Keys of rows that are done inside one cell; OUTSIDE for none."""

    cell: int
    keys: Sequence[int]


def of(where: InCells) -> Sequence[int]:
    """The numbers of the cells that a job which works `where` works in: all, or the first alone.
    Inside a cell only that one counts, so that there is none for a job of the first cell inside
    another. OUTSIDE alone for a job that works once, and in an installation without cells.
    """
    is_shared = where is InCells.ONCE or not cells.are_on()
    return among(() if is_shared else cells.within(), where)


def among(numbers: Sequence[int], where: InCells) -> Sequence[int]:
    """Those of the cells with these numbers that a job which works `where` works in: all of them,
    or the first cell alone, if it is among them. OUTSIDE alone for a job that works once, and in an
    installation without cells, whatever the numbers.
    """
    if where is InCells.ONCE or not cells.are_on():
        return [OUTSIDE]
    return [number for number in numbers if where is not InCells.FIRST or number == cells.FIRST]


def here(where: InCells) -> int:
    """The number of the cell to which a run belongs that is started here, of a job that
    works `where`: the cell that we are inside. It is OUTSIDE if we are inside none, since
    the run is of several cells then. It is also OUTSIDE, wherever we are, for a job that
    does what is shared (`where` is ONCE), and in an installation without cells.
    """
    is_inside = cells.are_on() and cells.entered() and where is not InCells.ONCE
    return cells.number() if is_inside else OUTSIDE


def at(cell: int) -> AbstractContextManager[None]:
    """A context in which the block is inside the cell with this number or, for OUTSIDE, in none.
    Raises cells.InAnotherCell for a number inside a different cell.
    """
    return cells.at(cell) if cell != OUTSIDE else cells.outside()


def elsewhere(cell: int) -> AbstractContextManager[None]:
    """A context in which the block is inside the cell with this number or, for OUTSIDE, in none,
    whichever cell we are inside: for what an operator has done from the page of another one.
    """
    return cells.elsewhere(cell) if cell != OUTSIDE else cells.outside()


def added(where: InCells) -> int:
    """The number that is added to the keys of a job's rows inside the present cell, so that a row
    that failed is parked for each cell: the cell's number times cells.KEYS for a job that does the
    same keys in each cell (`where` is EACH), and 0 for any other. It is 0 in the first cell, too,
    so that what was parked before there were cells keeps its key.
    """
    number = cells.number()
    return number * cells.KEYS if where is InCells.EACH and number != cells.FIRST else 0


def of_failure(where: InCells, failure: "JobFailure") -> int:
    """The number of the cell inside which the parked row is: that of its merchant, if it has one
    and the job finds rows of each cell (`where` is ITS_OWN), and otherwise the one that its key
    names. OUTSIDE for a job that works once, and in an installation without cells.
    """
    if where is InCells.ONCE or not cells.are_on():
        return OUTSIDE
    if where is InCells.ITS_OWN and failure.merchant is not None:
        return int(failure.merchant.cell)
    return cells.of_key(failure.row_id)


def key_of(where: InCells, row_id: int) -> int:
    """The primary key of the row that a job's runs have as `row_id`: without what `added` adds to
    it for a job that does the same keys in each cell.
    """
    return row_id % cells.KEYS if where is InCells.EACH else row_id


@contextmanager
def past_moves(
    job: "Job", keys: Sequence[int], cell: int
) -> Iterator[tuple[Sequence[int], Sequence[int]]]:
    """Have a chunk of the job's rows with these keys done in the block, which is inside the cell
    with this number: yields those that are to be done, and those to be passed, of merchants whose
    books are being moved or that have left the cell with them.

    Raises cells.Moves, upon which the chunk is to be tried again, as soon as a merchant of it is
    moved; if its rows don't say whose they are, whoever is moved, and at once if somebody is.
    """
    if cell == OUTSIDE:
        yield keys, ()
        return
    latest, moved = moving.look([cell])
    says_whose = job.where is InCells.ITS_OWN and job.model is not None and bool(job.merchant)
    whose = job.merchants_of(keys) if says_whose else {}
    if not says_whose or None in whose.values():
        if moved:
            raise cells.Moves
        with cells.asking(moving.since(latest)):
            yield keys, ()
        return
    passed = [key for key in keys if key not in whose or whose[key] in moved]
    with cells.asking(moving.since(latest, set(whose.values()))):
        yield [key for key in keys if key not in passed], passed
