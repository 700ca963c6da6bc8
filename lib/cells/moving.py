"""The write stop of a merchant whose books are moved to another cell (rule 30.19).

Moves are rows of a table that all cells share (merchants.models.Move). Whoever is about to write
asks, before it enters a cell, which moves there were (`staying`), and with each transaction that
begins in it, whether there is a new one: in the message that begins it, or that a single statement
is sent in, before it, so that this costs no round trip. So a transaction that began before a move
was on record ends before anything is copied, for which the move waits, and one that begins later is
refused with cells.Moves.
"""

from collections.abc import Collection, Iterator
from contextlib import contextmanager

from django.db import DEFAULT_DB_ALIAS, connections
from psycopg import errors

from lib import cells

MOVES = f"{cells.SHARED}.merchants_move"
# Moves of one installation come on record one after the other, so a new one has the highest key.
LATEST = f"SELECT coalesce(max(id), 0) FROM {MOVES}"
UNDER_WAY = "ended_at IS NULL AND until > clock_timestamp()"
LOOK = f"""
SELECT ({LATEST}), ARRAY(SELECT merchant_id FROM {MOVES} WHERE {UNDER_WAY} AND from_cell = ANY(%s))
"""

# Whether the database is one of Citus, which is told about settings in a way of its own.
IS_DISTRIBUTED = b"SELECT FROM pg_extension WHERE extname = 'citus'"
_SAYS = " tael books are being moved"  # the database, of a question that was to fail


def look(numbers: Collection[int]) -> tuple[int, frozenset[int]]:
    """Ask the database for the key of the latest move of all, 0 if there was none, and the keys of
    the merchants that are being moved out of the cells with these numbers.
    """
    with connections[DEFAULT_DB_ALIAS].cursor() as cursor:
        cursor.execute(LOOK, [list(numbers)])
        latest, merchants = cursor.fetchone()
    return latest, frozenset(merchants)


def since(latest: int, merchants: Collection[int] | None = None) -> str:
    """Return the SQL, for cells.asking, that selects `merchant_id` of the moves with a
    higher key than `latest`: those of these merchants or, for None, all that lead out of
    the cell that one is inside. There was such a move if it selects anything; without any
    merchant it never does. The cell's number is filled in for `{cell}` as it is asked.
    """
    if merchants is None:
        of = "from_cell = {cell}"
    else:
        of = f"merchant_id IN ({', '.join(map(str, map(int, merchants))) or 'NULL'})"
    return f"SELECT merchant_id FROM {MOVES} WHERE id > {int(latest)} AND {of}"


def refusing(question: str) -> str:
    """A statement that fails if the question (`since`) selects anything, so that nothing which is
    sent behind it in the same message is carried out. `is_refusal` knows the error.
    """
    return f"SELECT (merchant_id || '{_SAYS}')::int FROM ({question}) moves LIMIT 1"


def is_refusal(error: Exception) -> bool:
    """Whether the database's error is that of a statement that was to fail (`refusing`)."""
    return isinstance(error, errors.InvalidTextRepresentation) and _SAYS in str(error)


@contextmanager
def staying(merchants: Collection[int] | None = None) -> Iterator[None]:
    """Have the block write for these merchants, or None for whomever, in cells that it enters.
    Raises cells.Moves if one of them is being moved, at once or as soon as a transaction begins.
    Does nothing in an installation without cells.
    """
    if not cells.are_on():
        yield
        return
    latest, moving = look(cells.within())
    if moving if merchants is None else moving.intersection(merchants):
        raise cells.Moves
    with cells.asking(since(latest, merchants)):
        yield
