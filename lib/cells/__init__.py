"""Cells: the books of groups of merchants, each in a schema of its own (rule 30.2).

An installation with cells names `lib.cells` as Django's back end. Whatever asks for a merchant's
books is inside that merchant's cell then:

    with cells.inside("cell_7"):
        ...

A table of a cell is in no other schema, so that a question without a cell fails by itself. The
cell holds for one transaction at a time, also around a single statement: nothing is set for a
connection, which somebody else gets next (lib.cells.connection). An installation without cells has
Django's own back end, and nothing of this is ever called.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

SHARED = "public"  # the schema of what all cells have in common
NAME = re.compile(r"cell_[1-9][0-9]{0,3}")

_entered: ContextVar[str] = ContextVar("cell", default="")


class InAnotherCell(Exception):
    """What is inside a cell has asked for another one: a merchant never needs another's rows."""


@contextmanager
def inside(cell: str) -> Iterator[None]:
    """Have all that the block asks of the database asked in this cell, and then of what is shared.

    Raises InAnotherCell within another one, and ValueError for what is no name of a cell. Neither
    begins nor ends within a transaction: that keeps the cell it began in.
    """
    if not NAME.fullmatch(cell):
        raise ValueError(f"{cell!r} is no name of a cell")
    if _entered.get() not in ("", cell):
        raise InAnotherCell(f"{cell} was asked for inside {_entered.get()}")
    token = _entered.set(cell)
    try:
        yield
    finally:
        _entered.reset(token)


def entered() -> str:
    """The cell that this thread or task is inside; "" if none."""
    return _entered.get()
