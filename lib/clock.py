"""Reads this machine's clock, for views, admin, tasks and commands only (rule 2.3, rule 2.8).

Everything else takes the time as an argument. Books never go back (an operation counts at the
latest of its own instant and what was last written), so one machine whose clock is ahead would take
every book that it writes to along, and then all machines. So the clock is compared with the
database server's, the one clock that all processes share.

Asking takes a round trip, so a process asks once a minute, and again as soon as its own clock was
moved, which shows beside the monotonic clock.

Tests and simulations of whole servers need a clock that they can move, for all processes at once:
TAEL_CLOCK names the file that it is read from (`move`). It may be ahead of the database server's as
far as it likes. A deployment does not start with it.
"""

import os
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from django.conf import settings
from django.db import connection
from django.utils import timezone

MOST_AHEAD = timedelta(minutes=5)
SECONDS_BETWEEN = 60.0
MOST_MOVED_SECONDS = 1.0


class ClockAhead(Exception):
    """This machine's clock is more than 5 minutes ahead of the database server's; nothing was
    written.

    It is not `Refused`, as nothing is wrong with what somebody asked for: code that answers
    refusals lets it pass, and the whole page, run or command fails.
    """

    code = "clock_ahead"

    def __init__(self, instant: datetime, database_time: datetime) -> None:
        super().__init__(
            f"The server's clock is wrong: it is {_how_far(instant - database_time)} ahead of the"
            " database's. Nothing was done. Set the clock, and try again."
        )
        self.database_time = database_time


class _Comparison(NamedTuple):
    """When this machine's clock was last found right, by the monotonic clock, and how far it was
    ahead of the monotonic clock then; both in seconds.
    """

    at: float
    ahead_of_steady: float


_last: _Comparison | None = None


def now() -> datetime:
    """The time by this machine's clock, or by the one that TAEL_CLOCK names.

    Raises ClockAhead if this machine's clock is more than 5 minutes ahead of the database server's;
    that is asked at most once a minute, unless the clock was moved. The clock of TAEL_CLOCK is not
    compared.
    """
    global _last
    if settings.TAEL_CLOCK:
        return uncompared()
    instant, steady = timezone.now(), time.monotonic()
    ahead_of_steady = instant.timestamp() - steady
    if not _is_known_right(steady, ahead_of_steady):
        database_time = _database_time()
        if instant - database_time > MOST_AHEAD:
            _last = None
            raise ClockAhead(instant, database_time)
        _last = _Comparison(steady, ahead_of_steady)
    return instant


def uncompared() -> datetime:
    """The present instant, never compared with the database server's clock, and so never refused;
    for code that writes nothing into the books. If TAEL_CLOCK names a file, that file says the
    instant itself, or by how many seconds to move this machine's time ("+60").
    """
    if not settings.TAEL_CLOCK:
        return timezone.now()
    said = Path(settings.TAEL_CLOCK).read_text().strip()
    if said[:1] in "+-":
        return timezone.now() + timedelta(seconds=float(said))
    return datetime.fromisoformat(said)


def move(file: Path, to: datetime | timedelta) -> None:
    """Write into `file`, the one that TAEL_CLOCK names, what time it is for all processes that read
    it.

    Moved to an instant, the clock stands still there; moved by a timedelta, it runs that far ahead
    of this machine's (or behind it, if negative).
    """
    said = to.isoformat() if isinstance(to, datetime) else f"{to.total_seconds():+}"
    whole = file.with_name(f"{file.name}.{os.getpid()}")
    whole.write_text(said)
    whole.replace(file)  # at once: nobody reads half of it


def _is_known_right(steady: float, ahead_of_steady: float) -> bool:
    """Whether the clock was found right within the last minute, and has not been moved since.
    `steady` is the monotonic clock, and `ahead_of_steady` how far this machine's is ahead of it, in
    seconds.
    """
    last = _last
    if last is None or steady - last.at >= SECONDS_BETWEEN:
        return False
    return abs(ahead_of_steady - last.ahead_of_steady) < MOST_MOVED_SECONDS


def _database_time() -> datetime:
    """The time by the database server's clock."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        instant: datetime = cursor.fetchone()[0]
    return instant


def _how_far(ahead: timedelta) -> str:
    """The time by which the clock is ahead, as words such as "12 minutes" or "3 hours"."""
    minutes = round(ahead.total_seconds() / 60)
    return f"{minutes} minutes" if minutes < 120 else f"{minutes // 60} hours"
