"""Which day-ends can wait, and what becomes of a page or command when a merchant's days cannot be
worked off.
"""

from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from django.db import InterfaceError, OperationalError

from lib import calendar
from lib.refusals import Refused

EARLIEST_ZONE = timedelta(hours=14)  # by which the clocks of some zone are ahead of UTC


class DaysNotWorkedOff(Exception):
    """A day of the merchant has ended and cannot be worked off, so nothing can be done in this
    book. The error that stands in the way is its cause; the hourly job parks it for an
    administrator.
    """


@contextmanager
def of_merchant(merchant_id: int) -> Iterator[None]:
    """Raise DaysNotWorkedOff for what goes wrong while days of this merchant are worked off. A
    refusal, and an error of the server's that another try may not meet, stay what they are.
    """
    try:
        yield
    except (Refused, OperationalError, InterfaceError):
        raise
    except Exception as error:
        raise DaysNotWorkedOff(
            f"The days of merchant {merchant_id} that have ended cannot be worked off: {error}"
        ) from error


class Book(NamedTuple):
    """A book whose open day has ended, and the first day with whose end something happens to it."""

    key: int
    timezone: str
    open_on: date
    open_until: datetime
    until: date

    def ends_at(self) -> datetime:
        """Return the instant until which the book's days can wait, to pass together later. It
        is the end of the first day that cannot pass together with others: of the day `until`,
        or of the open day if that is later, but at the latest of the last day of the open
        day's month. It is never earlier than `open_until`, the stored end of the open day.
        """
        day = min(max(self.until, self.open_on), calendar.month_end(self.open_on))
        if day == self.open_on:
            return self.open_until
        return max(calendar.day_end(day, self.timezone), self.open_until)


def latest_day(now: datetime) -> date:
    """The latest local day that it may be anywhere on Earth at `now`."""
    return (now + EARLIEST_ZONE).date()


def that_cannot_wait(books: Iterable[tuple[Any, ...]], now: datetime) -> list[int]:
    """The keys of those of these books, which are rows of Book, whose days cannot wait: the first
    one that cannot pass together with others has ended by `now` (Book.ends_at). Days of the others
    may pass later, together (rule 20.2).
    """
    return [book.key for book in map(Book._make, books) if book.ends_at() <= now]


def next_after(instant: datetime, timezones: Collection[str]) -> datetime | None:
    """The first instant after the given one at which a day ends in one of these time zones; None
    without any.
    """
    return min(
        (calendar.day_end(calendar.local_date(instant, zone), zone) for zone in timezones),
        default=None,
    )
