"""Which cells do not answer, so that workers have time for the others (rule 30.16).

Finding what is due waits FIND_SECONDS for a cell. One that has not answered by then is left alone
for LEFT_ALONE, by all jobs and by chunks of before: its runs stay owed, and its chunks are tried
again.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from django.core.cache import cache
from django.db import OperationalError, connection

from jobs.in_cells import OUTSIDE
from lib import cells, statement_timeout
from lib.refusals import Refused

FIND_SECONDS = 20
LEFT_ALONE = timedelta(minutes=1)
# Classes and codes of PostgreSQL's errors that say that a server is away, has no room, or took too
# long. After others, such as a deadlock, it has answered.
SILENT_STATES = ("08", "53", "55P03", "57", "58")


class CellIsSilent(Refused):
    """The cell has not answered lately, and is left alone for a while."""

    code = "cell_is_silent"


def check(cell: int) -> None:
    """Raise CellIsSilent if the cell with this number was found silent within the last minute
    (LEFT_ALONE); never for OUTSIDE. The cell is not asked.
    """
    if cell != OUTSIDE and cache.get(_key(cell)):
        raise CellIsSilent(f"cell: cell {cell} has not answered; it is asked again in a minute")


@contextmanager
def finding(cell: int) -> Iterator[None]:
    """Have the statements of the block, which is in a transaction, wait for this cell no longer
    than FIND_SECONDS, and remember if it did not answer. Nothing is bounded outside of cells. An
    error by which the cell does answer, such as that books of it are being moved, leaves no trace.
    """
    if cell == OUTSIDE:
        yield
        return
    try:
        # A machine of a cluster that is silent keeps the database from stopping a statement.
        with statement_timeout.waiting(FIND_SECONDS):
            usual = _bound(f"{FIND_SECONDS}s")
            yield
            _bound(usual)
    except OperationalError as error:
        if _is_silence(error):
            cache.set(_key(cell), 1, LEFT_ALONE.total_seconds())
        raise


def _is_silence(error: OperationalError) -> bool:
    """Whether the error says that the cell did not answer, and not what it answered."""
    if isinstance(error, cells.Moves):
        return False
    state = getattr(error.__cause__, "sqlstate", None)  # none: the connection was lost
    return not state or state.startswith(SILENT_STATES)


def _bound(seconds: str) -> str:
    """Set for how long a statement of this transaction may run, as PostgreSQL writes it ("20s"),
    and return how long it might before, written likewise.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('statement_timeout')")
        before: str = cursor.fetchone()[0]
        cursor.execute("SELECT set_config('statement_timeout', %s, true)", [seconds])
    return before


def _key(cell: int) -> str:
    """The key in the cache under which it is kept that a cell does not answer."""
    return f"silent-cell-{cell}"
