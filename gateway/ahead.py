"""Finds books whose open day is still ahead of the clock.

Only a replay with --beyond-now may leave a book there.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import repeat

from django.db.models import Count, Max

from billing.models import BillingAccount
from credit.models import CreditLine
from gateway.models import Replay
from lib import calendar, zones
from lib.audit import Reading, Violation

FORGIVEN = timedelta(minutes=5)  # by which clocks differ
Books = type[CreditLine] | type[BillingAccount]
NAMES: dict[Books, str] = {CreditLine: "credit line", BillingAccount: "billing account"}


@dataclass(frozen=True, slots=True)
class Days:
    """The books of one kind that are open on the same day in the same time zone, and how many there
    are.
    """

    model: Books
    timezone: str
    since: datetime | None  # of that zone, where there was one before
    day: date
    count: int

    @property
    def starts_at(self) -> datetime:
        """The instant at which `day` starts in `timezone`, which counts as UTC if it is unknown,
        but no earlier than `since`.
        """
        # An unknown zone is reported by another check, and must not stop this one.
        zone = self.timezone if zones.is_known(self.timezone) else "UTC"
        start = calendar.day_start(self.day, zone)
        return max(start, self.since) if self.since else start

    def is_excused(self, farthest: datetime | None) -> bool:
        """Whether these books may be ahead of the clock, because a replay that was allowed to go as
        far as `farthest` took them there. `farthest` is None if there was no such replay.
        """
        return farthest is not None and self.starts_at <= farthest

    def merchants(self) -> Iterator[str]:
        """Yield the references of the merchants that these books belong to."""
        found = self.model.objects.filter(
            timezone=self.timezone, timezone_since_at=self.since, open_on=self.day
        )
        references = found.order_by("pk").values_list("merchant__reference", flat=True)
        yield from references.iterator()


def _violations(now: datetime) -> Iterator[Violation | None]:
    """Yield a violation for each book whose open day begins more than FORGIVEN after `now`, unless
    a replay took it there, and None for each other book.
    """
    farthest = _farthest()
    for days in _open_days():
        if days.starts_at <= now + FORGIVEN or days.is_excused(farthest):
            yield from repeat(None, days.count)
            continue
        for reference in days.merchants():
            expected = f"{now.date()} at most"
            yield Violation(reference, NAMES[days.model], expected, str(days.day))


def _remark(now: datetime) -> str:
    """A sentence about the books that a replay has taken more than FORGIVEN ahead of `now`, or ""
    if there is no such book.
    """
    farthest = _farthest()
    ahead = (days for days in _open_days() if days.starts_at > now + FORGIVEN)
    excused = [days for days in ahead if days.is_excused(farthest)]
    if not excused:
        return ""
    books, until = sum(days.count for days in excused), max(days.day for days in excused)
    return f"{books:,} books are ahead of the clock, by a replay with --beyond-now: up to {until}."


def _farthest() -> datetime | None:
    """Ask the database for the latest instant that a replay with --beyond-now was allowed to reach,
    or None if there was none.
    """
    found = Replay.objects.aggregate(Max("beyond_now_until"))["beyond_now_until__max"]
    assert found is None or isinstance(found, datetime)
    return found


def _open_days() -> Iterator[Days]:
    """Yield all credit lines and billing accounts, counted by time zone, since when it is theirs,
    and open day; where books are in cells, those of the cell that we are inside. Credit lines come
    first, and of each kind the earliest day.
    """
    for model in NAMES:
        groups = model.objects.values_list("timezone", "timezone_since_at", "open_on")
        for zone, since, day, count in groups.annotate(count=Count("pk")).order_by("open_on"):
            yield Days(model, zone, since, day, count)


CHECKS = (Reading(10, "no open day is ahead of the clock", "open day", _violations, _remark),)
