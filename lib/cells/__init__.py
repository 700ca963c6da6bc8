"""Cells: the books of groups of merchants, each in a schema of its own (chapter 30 of the rules).

An installation with cells (TAEL_CELLS) has `lib.cells` as Django's back end. Whatever asks for a
merchant's books is inside that merchant's cell then:

    with cells.at(merchant.cell):
        ...

A table of a cell is in no other schema, so that a question without a cell fails by itself. The
cell holds for one transaction at a time, also around a single statement: nothing is set for a
connection, which somebody else gets next (lib.cells.connection). An installation without cells has
Django's own back end, and `at` does nothing.

Keys of a cell's rows begin at its number times KEYS, so that a key names its cell.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from typing import TypeVar

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, OperationalError, connections
from psycopg.pq import TransactionStatus

T = TypeVar("T")

SHARED = "public"  # the schema of what all cells have in common
NAME = re.compile(r"cell_[1-9][0-9]{0,3}")
FIRST = 1  # the cell that has the books of an installation from before it had cells
CHOSEN = "cell"  # in the address of an operator's list, and in a session: whose list it is
KEYS = 10**15  # of a cell; 9,000 cells have room in a bigint
# Each cell by its schema, in the order of their numbers.
NUMBERS = """
SELECT substr(nspname, 6)::int FROM pg_namespace WHERE nspname ~ '^cell_[1-9][0-9]{0,3}$' ORDER BY 1
"""

_entered: ContextVar[str] = ContextVar("cell", default="")
_question: ContextVar[str] = ContextVar("question", default="")
_most_seconds: ContextVar[float | None] = ContextVar("most_seconds", default=None)
_nowhere = nullcontext()


class InAnotherCell(Exception):
    """What is inside a cell has asked for another one: a merchant never needs another's rows."""


class Moves(OperationalError):
    """A merchant's books are being moved to another cell, so nothing is written for it for a
    moment (lib.cells.moving). Whoever may wait tries again, as after a connection that broke.
    """

    def __init__(self) -> None:
        super().__init__("A merchant's books are being moved to another cell; try again")


def are_on() -> bool:
    """Whether the books of this installation are in cells."""
    return bool(settings.TAEL_CELLS)


def numbers() -> Sequence[int]:
    """The numbers of all cells, in their order; the first alone in an installation without cells,
    and before there are any. With cells it is one query.
    """
    if not are_on():
        return [FIRST]
    return there() or [FIRST]


def there() -> Sequence[int]:
    """Ask the database which cells have a schema: their numbers, in their order; empty if there are
    none.
    """
    with connections[DEFAULT_DB_ALIAS].cursor() as cursor:
        cursor.execute(NUMBERS)
        return [number for (number,) in cursor.fetchall()]


def within() -> Sequence[int]:
    """The number of the cell that this thread or task is inside, or else those of all cells."""
    return [number()] if entered() else numbers()


def in_each(ask: Callable[[], T]) -> list[T]:
    """What the function returns inside each cell, one after the other, in the order of their
    numbers; called once inside a cell, and in an installation without cells.
    """
    answers = []
    for one in within():
        with at(one):
            answers.append(ask())
    return answers


def in_every(ask: Callable[[], T]) -> dict[int, T]:
    """What the function returns inside each cell, by its number, one after the other in the order
    of their numbers, whichever cell it is called in: for what all cells do in one transaction.
    """
    answers = {}
    for one in numbers():
        with elsewhere(one):
            answers[one] = ask()
    return answers


def where(ask: Callable[[], object]) -> AbstractContextManager[None]:
    """A context in which the block is inside the first cell, in the order of their numbers, inside
    which the function returns something that is true, or inside the first of all if it does so in
    none. The function is called before the block, inside one cell after the other, until that is
    known. Inside a cell, and in an installation without cells, it is not called, and the block
    stays where it is.
    """
    if not are_on() or entered():
        return nowhere()
    for one in numbers():
        with at(one):
            if ask():
                return at(one)
    return at(FIRST)


def named(purpose: str) -> str:
    """The name of a lock or lease for this purpose, which says in which cell it is; no more than
    the purpose in the first cell, and in none.
    """
    return purpose if number() == FIRST else f"{purpose} in {entered()}"


def name_of(number: int) -> str:
    """The name of the cell with this number, which is that of its schema."""
    return f"cell_{number}"


def number_of(name: str) -> int:
    """Return the number of the cell with this name, such as 7 for "cell_7". Raises
    ValueError if the text is not written as a cell's name; whether there is such a cell is
    not looked up.
    """
    if not NAME.fullmatch(name):
        raise ValueError(f"{name!r} is no name of a cell")
    return int(name.removeprefix("cell_"))


def of_key(key: int) -> int:
    """The number of the cell in which a row with this primary key is; the first cell has the keys
    below two times KEYS.
    """
    return max(key // KEYS, FIRST)


def at(number: int) -> AbstractContextManager[None]:
    """Have all that the block asks of the database asked in the cell with this number. Does nothing
    in an installation without cells. Raises InAnotherCell inside a different cell.
    """
    return inside(name_of(number)) if are_on() else nowhere()


def nowhere() -> AbstractContextManager[None]:
    """A context that changes nothing: the block stays inside the cell that it is in, or in none."""
    return _nowhere


@contextmanager
def inside(cell: str) -> Iterator[None]:
    """Have all that the block asks of the database asked in this cell: tables are looked
    for in the cell, and where it has none of that name, among what all cells share. In a
    transaction that began before, that holds until the block ends; one that begins in the
    block keeps the cell until its own end, and so should end in the block. Inside the same
    cell it changes nothing. Raises InAnotherCell inside another cell, and ValueError for a
    text that is not formed as a cell's name. In a transaction that began before, it raises
    Moves if the question of `asking` selects anything.
    """
    if not NAME.fullmatch(cell):
        raise ValueError(f"{cell!r} is no name of a cell")
    if _entered.get() == cell:
        yield
        return
    if _entered.get():
        raise InAnotherCell(f"{cell} was asked for inside {_entered.get()}")
    with _changed(cell):
        yield


@contextmanager
def elsewhere(number: int) -> Iterator[None]:
    """Have the block inside the cell with this number, whichever cell it is called in: for what one
    hands to another, and nothing else. Does nothing in an installation without cells.

    In a transaction that began before, both cells' part is committed with it, since they share a
    database.
    """
    cell = name_of(number)
    if not are_on() or _entered.get() == cell:
        yield
        return
    with _changed(cell):
        yield


def outside() -> AbstractContextManager[None]:
    """A context in which the block is inside no cell, for what adds up over all of them on a page
    that is made in one. Does nothing in an installation without cells, and in no cell.
    """
    return _changed("") if entered() else nowhere()


@contextmanager
def _changed(cell: str) -> Iterator[None]:
    """Have the block inside this cell, "" for none, and what follows where it was before. A
    transaction that began before is switched there and back, and the question of `asking` is asked
    in it inside a cell, which raises Moves.
    """
    before = _entered.get()
    began_before = connections[DEFAULT_DB_ALIAS].in_atomic_block
    token = _entered.set(cell)
    try:
        if began_before:
            _switch(cell)
            if cell:
                _ask()
        yield
    finally:
        _entered.reset(token)
        if began_before:
            _switch(before)


def _switch(cell: str) -> None:
    """Have the rest of the open transaction look for its tables in this cell, "" for none, and in
    what is shared. A transaction that has failed is left alone: it goes back to a savepoint, and to
    what was so there.
    """
    path = f"{cell}, {SHARED}" if cell else SHARED
    to_server = connections[DEFAULT_DB_ALIAS].connection
    # One that has asked nothing yet begins in the cell that it is inside by then.
    if to_server is not None and to_server.pgconn.transaction_status == TransactionStatus.INTRANS:
        to_server.execute(f"SET LOCAL search_path TO {path}")


@contextmanager
def asking(question: str) -> Iterator[None]:
    """Ask this SQL with each transaction that begins inside a cell in the block, in place of what
    was asked before; "" asks nothing. If it selects anything, the transaction does not begin, and
    Moves is raised. It selects `merchant_id`; `{cell}` in it is the number of the cell.
    lib.cells.moving writes it.
    """
    token = _question.set(question)
    try:
        yield
    finally:
        _question.reset(token)


def asking_also(question: str) -> AbstractContextManager[None]:
    """A context in which this SQL is asked with each transaction (`asking`) besides what is asked
    already; "" is nothing more.
    """
    return asking(" UNION ALL ".join(one for one in (_question.get(), question) if one))


def question() -> str:
    """What is asked with each transaction that begins inside the present cell, with its number
    filled in for `{cell}`; "" for nothing.
    """
    return _question.get().replace("{cell}", str(number()))


def _ask() -> None:
    """Ask the question of `asking` in the open transaction, which began before the cell was
    entered. Does nothing if there is none, or no transaction is open. Raises Moves if it selects
    anything.
    """
    to_server = connections[DEFAULT_DB_ALIAS].connection
    if question() and to_server is not None:
        if to_server.pgconn.transaction_status != TransactionStatus.INTRANS:
            return  # it begins later, or is lost
        if to_server.execute(question()).fetchone():
            raise Moves


@contextmanager
def at_most(seconds: float) -> Iterator[None]:
    """Have the database stop each statement after so many seconds that is in a transaction which
    begins inside a cell in the block, or is one of its own there.
    """
    token = _most_seconds.set(seconds)
    try:
        yield
    finally:
        _most_seconds.reset(token)


def most_seconds() -> float | None:
    """How long statements may take in a transaction that begins now; None if that is not said."""
    return _most_seconds.get()


def entered() -> str:
    """The name of the cell that this thread or task is inside, such as "cell_7"; "" if none."""
    return _entered.get()


def mark() -> str:
    """What numbers of documents that are given here begin with, so that they name their cell
    wherever their merchant's books are later: 7- in cell 7, nothing in the first, and where there
    are no cells.
    """
    return "" if number() == FIRST else f"{number()}-"


def number() -> int:
    """The number of the cell that this thread or task is inside; FIRST if none."""
    return int(_entered.get().removeprefix("cell_") or FIRST)
