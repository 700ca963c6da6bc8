"""Local days: half-open, contiguous, none lost and none doubled (rule 2.2)."""

import re
from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones, reset_tzpath

ONE_DAY = timedelta(days=1)
NO_INSTANT = datetime.min.replace(tzinfo=UTC)
FORGIVEN = timedelta(minutes=5)  # by which the clocks of two systems may differ
RFC3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,6})?([Zz]|[+-]\d\d:\d\d)", re.ASCII)
reset_tzpath(to=())  # the package's data, not the operating system's
NAMES = {name for name in available_timezones() if "/" in name or name == "UTC"}


def parse_instant(value: object) -> datetime | None:
    """An RFC 3339 instant with offset, in UTC; None when it is not one."""
    if not isinstance(value, str) or not RFC3339.fullmatch(value):
        return None
    try:
        return datetime.fromisoformat(value.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def happened(at: datetime, now: datetime, not_before: datetime | None = None) -> datetime | None:
    """The instant to compute with for what is said to have happened at `at`, and is heard of now.

    None when that is more than 5 minutes after now, or before the placing of its order.
    """
    if at > now:
        return now if at - now <= FORGIVEN else None
    if not_before is not None and at < not_before:
        return not_before if not_before - at <= FORGIVEN else None
    return at


def is_zone(name: object) -> bool:
    """Whether it names a time zone we know."""
    return isinstance(name, str) and name in NAMES


@cache
def start_of(zone: str, day: date) -> datetime:
    """The first instant of a local day, in UTC.

    Midnight; its first occurrence when the clocks repeat it; the end of the gap when they skip it.
    """
    tz = ZoneInfo(zone)
    midnight = datetime(day.year, day.month, day.day, tzinfo=tz)
    instant = midnight.astimezone(UTC)
    if instant.astimezone(tz).replace(tzinfo=None) == midnight.replace(tzinfo=None):
        return instant
    # Midnight was skipped: `instant` is at or after the jump, so walk back to the jump itself.
    after = instant.astimezone(tz).utcoffset()
    while (instant - timedelta(seconds=1)).astimezone(tz).utcoffset() == after:
        instant -= timedelta(seconds=1)
    return instant


def local_day(zone: str, instant: datetime) -> date:
    """The local day with start_of(day) <= instant < start_of(day + 1)."""
    day = instant.astimezone(ZoneInfo(zone)).date()
    while start_of(zone, day) > instant:
        day -= ONE_DAY
    while start_of(zone, day + ONE_DAY) <= instant:
        day += ONE_DAY
    return day


class Calendar:
    """A merchant's days: those of its time zone, which changes only as a local month starts.

    No day is lost or doubled: the first day in a new zone starts as the one before it ends by the
    old zone's clocks, and a day that the new zone's have behind them by then has no length.
    """

    def __init__(self, zone: str) -> None:
        self.zones = {date.min: zone}  # by the day from which they hold

    def change(self, from_day: date, zone: str) -> None:
        """Count in this time zone from this day on."""
        self.zones[from_day] = zone

    def start_of(self, day: date) -> datetime:
        """The instant at which the day starts."""
        first = max(since for since in self.zones if since < day)  # a day of change: by the old one
        by_clocks = start_of(self.zones[first], day)
        return by_clocks if first == date.min else max(by_clocks, self.start_of(first))

    def local_day(self, instant: datetime) -> date:
        """The latest day that has started by then."""
        day = instant.date() + 3 * ONE_DAY
        while self.start_of(day) > instant:
            day -= ONE_DAY
        return day


def is_month_end(day: date) -> bool:
    """Whether the month ends with this day."""
    return (day + ONE_DAY).day == 1


def month_of(day: date) -> str:
    """2017-03."""
    return f"{day.year:04d}-{day.month:02d}"
