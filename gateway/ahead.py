"""Finds books whose open day is still ahead of the clock.

Only a replay with --beyond-now may leave a book there.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import Count, Max

from billing.models import BillingAccount
from credit.models import CreditLine
from gateway.models import Replay
from lib import calendar, zones
from lib.audit import MOST_LISTED, Check, Finding, Violation

FORGIVEN = timedelta(minutes=5)  # by which clocks differ
Books = type[CreditLine] | type[BillingAccount]
NAMES: dict[Books, str] = {CreditLine: "credit line", BillingAccount: "billing account"}
CHECK = Check(10, "no open day is ahead of the clock", "open day", "")


@dataclass(frozen=True, slots=True)
class Days:
    """The books of one kind that are open on the same day in the same time zone."""

    model: Books
    timezone: str
    since: datetime | None  # of that zone, where there was one before
    day: date
    count: int

    @property
    def starts_at(self) -> datetime:
        # A zone that is none is another check's; here it must not keep the others from it.
        zone = self.timezone if zones.is_known(self.timezone) else "UTC"
        start = calendar.day_start(self.day, zone)
        return max(start, self.since) if self.since else start

    def merchants(self) -> Iterator[str]:
        """The references of some of the merchants whose books these are."""
        found = self.model.objects.filter(
            timezone=self.timezone, timezone_since_at=self.since, open_on=self.day
        )
        references = found.order_by("pk").values_list("merchant__reference", flat=True)
        yield from references[:MOST_LISTED]


def look(now: datetime) -> tuple[Finding, str]:
    """Find books that are ahead of `now` without a replay that was allowed to.

    Returns the audit's finding, and a sentence about the books that are ahead with leave ("" if
    none are).
    """
    farthest = Replay.objects.aggregate(Max("beyond_now_until"))["beyond_now_until__max"]
    checked = 0
    excused: list[Days] = []
    ahead: list[Days] = []
    for days in _open_days():
        checked += days.count
        if days.starts_at <= now + FORGIVEN:
            continue
        (excused if farthest and days.starts_at <= farthest else ahead).append(days)
    listed = [
        Violation(reference, NAMES[days.model], f"{now.date()} at most", str(days.day))
        for days in ahead
        for reference in days.merchants()
    ]
    violations = sum(days.count for days in ahead)
    return Finding(CHECK, checked, violations, listed[:MOST_LISTED]), _sentence(excused)


def _sentence(excused: list[Days]) -> str:
    if not excused:
        return ""
    books, until = sum(days.count for days in excused), max(days.day for days in excused)
    return f"{books:,} books are ahead of the clock, by a replay with --beyond-now: up to {until}."


def _open_days() -> Iterator[Days]:
    for model in NAMES:
        groups = model.objects.values_list("timezone", "timezone_since_at", "open_on")
        for zone, since, day, count in groups.annotate(count=Count("pk")).order_by("open_on"):
            yield Days(model, zone, since, day, count)
