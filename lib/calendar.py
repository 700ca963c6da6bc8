"""Local days and months of a merchant (rule 2.2).

A day is a date in the merchant's time zone and a half-open span of UTC instants. Days of 23 and 25
hours, and the day that Samoa skipped, need no special case: a day ends where the next one starts.
"""

from calendar import monthrange
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache

from lib import zones
from lib.refusals import Invalid
from lib.zones import zone

ONE_DAY = timedelta(days=1)
# Before all that events speak of (lib.events).
FIRST_DAY = date(1970, 1, 1)
FIRST_INSTANT = datetime(1970, 1, 1, tzinfo=UTC) - ONE_DAY
# What is asked for before or after these years is a slip of the keyboard; near the ends of Python's
# calendar, days cannot be counted.
FIRST_YEAR, LAST_YEAR = 1970, 2999


def check_zone(name: str) -> str:
    """Return the name if a merchant may keep its books in this time zone: the time-zone data has
    it, and it has a slash, as Asia/Bangkok and Etc/GMT+3 do, or is UTC. Raises Invalid for any
    other, such as EST, GMT or Singapore.
    """
    if not zones.is_name(name):
        raise Invalid(
            "timezone",
            f"{name!r} is not in the time zone database as a place's, such as Asia/Bangkok, or UTC",
        )
    return name


def local_date(instant: datetime, zone_name: str) -> date:
    """The day that `instant` is in for a merchant in the time zone `zone_name`.

    It is the date on the zone's clock, except after the clock has gone back over midnight: the day
    that had started goes on, although the clock shows the day before. Raises ZoneInfoNotFoundError
    for a name that is no time zone's.
    """
    day = instant.astimezone(zone(zone_name)).date()
    tomorrow = day + ONE_DAY
    return tomorrow if day_start(tomorrow, zone_name) <= instant else day


@lru_cache(maxsize=65_536)
def day_start(day: date, zone_name: str) -> datetime:
    """The UTC instant at which `day` starts in the time zone: the first one whose local date is
    `day` or later.

    If the clock goes forward over midnight, that is the moment of the jump; if midnight comes
    twice, it is the first one. Raises ZoneInfoNotFoundError for a name that is no time zone's.
    """
    tz = zone(zone_name)
    before, after = (
        datetime.combine(day, time.min, tz).replace(fold=fold).astimezone(UTC) for fold in (0, 1)
    )
    if before <= after:  # an ordinary midnight, or one that comes twice
        return before
    # Midnight is skipped: the jump lies between the two readings, and is found to the second.
    low, high = after - timedelta(seconds=1), before
    while high - low > timedelta(seconds=1):
        middle = low + timedelta(seconds=int((high - low).total_seconds()) // 2)
        if middle.astimezone(tz).date() >= day:
            high = middle
        else:
            low = middle
    return high


def day_end(day: date, zone_name: str) -> datetime:
    """The UTC instant at which `day` ends in the time zone, which is the start of the next one."""
    return day_start(day + ONE_DAY, zone_name)


def days_after(day: date, ended_at: datetime, zone_name: str) -> Iterator[tuple[date, datetime]]:
    """Yields, without end, each day after `day` as a pair: the day, and the UTC instant at which it
    starts.

    The first one starts at `ended_at`, when `day` ended, and each other one when the day before it
    ends. A day that is over by the zone's clocks before it starts has no length.
    """
    while True:
        day += ONE_DAY
        yield day, ended_at
        ended_at = max(day_end(day, zone_name), ended_at)


def is_meant(day: date) -> bool:
    """Whether somebody can mean this day: its year is from FIRST_YEAR to LAST_YEAR."""
    return FIRST_YEAR <= day.year <= LAST_YEAR


def month_of(day: date) -> date:
    """The first day of the month that `day` is in, which stands for the month."""
    return day.replace(day=1)


def month_end(day: date) -> date:
    """The last day of the month that `day` is in."""
    return day.replace(day=monthrange(day.year, day.month)[1])  # also of December 9999


def next_month(day: date) -> date:
    """The first day of the month after the one that `day` is in."""
    return (day.replace(day=1) + timedelta(days=32)).replace(day=1)
