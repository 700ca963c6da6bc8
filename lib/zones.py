"""The one copy of the time-zone data from which every day is made: the pinned package's.

Python would read the operating system's files first, and another machine's may be years older. So
whoever imports this module has the whole process look in the package alone; `config` imports it
before anything that could make a zone. PostgreSQL has a third copy, which nobody asks: the audit
gets the offsets from here (lib.audit_days).
"""

import struct
import zoneinfo
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib import metadata, resources
from zoneinfo import ZoneInfo

zoneinfo.reset_tzpath(to=())
ZoneInfo.clear_cache()  # of zones that somebody may have read before

VERSION = metadata.version("tzdata")

# The instants of which offsets are listed: no event is of an earlier or a later one.
_FIRST, _LAST = datetime(1969, 12, 31, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
_WEEK, _SECOND = timedelta(days=7), timedelta(seconds=1)


@cache
def _names() -> frozenset[str]:
    """The names of all time zones that the data has."""
    return frozenset(zoneinfo.available_timezones())


def is_name(name: str) -> bool:
    """Whether a merchant may keep its books in this time zone: the time-zone data has the name, and
    it has a slash, as Asia/Bangkok has, or is UTC.

    The others (`CET`, `EST5EDT`, `Factory`) are abbreviations, leftovers and second names of places
    (`Singapore`); what `localtime` is depends on the machine.
    """
    return name in _names() and ("/" in name or name == "UTC")


def names() -> list[str]:
    """The names of all time zones that a merchant may use, sorted."""
    return sorted(filter(is_name, _names()))


def is_known(name: str) -> bool:
    """Whether the time-zone data has a zone with this name, even one that a merchant may not
    use.
    """
    return name in _names()


@cache
def zone(name: str) -> ZoneInfo:
    """The time zone of this name, made once for each process. Raises
    ZoneInfoNotFoundError if the data does not have it, and ValueError for what can be
    no name: "", an absolute path, or one with ".." in it. A name that may be unknown is
    asked about first (`is_known`).
    """
    return ZoneInfo(name)


@dataclass(frozen=True, slots=True)
class Offsets:
    """The seconds to add to an instant in UTC for its local day: `seconds[i]` from `starts[i]` on.

    They are the offsets of the clock, except where the clock goes back over midnight: a day that
    has started does not end again, so the old offset holds until the clock reaches that day once
    more.
    """

    starts: tuple[datetime, ...]
    seconds: tuple[int, ...]

    def at(self, instant: datetime) -> timedelta:
        """The offset from UTC, to be added to it, that counts for the local day of the instant. The
        instant must be from 1970 through 2099: for an earlier one the offset is wrong, and for a
        later one the last is given.
        """
        return timedelta(seconds=self.seconds[bisect_right(self.starts, instant) - 1])


@cache
def offsets(name: str) -> Offsets:
    """The offsets of the zone with this name from 1970 through 2099. Raises ZoneInfoNotFoundError
    if the data does not have it.
    """
    tz = zone(name)
    starts, seconds = [_FIRST], [_seconds(_FIRST, tz)]
    for instant in sorted({*_listed(name), *_by_rule(name)}):
        before, after = seconds[-1], _seconds(instant, tz)
        if after == before:
            continue
        starts.append(max(starts[-1], _in_force(instant, before, after)))
        seconds.append(after)
    return Offsets(tuple(starts), tuple(seconds))


def _seconds(instant: datetime, tz: ZoneInfo) -> int:
    """The zone's offset from UTC at the instant, in seconds."""
    offset = instant.astimezone(tz).utcoffset()
    assert offset is not None  # a zone always has one
    return int(offset.total_seconds())


def _in_force(instant: datetime, before: int, after: int) -> datetime:
    """The instant from which local days are counted by the offset `after`, when the clock changes
    from the offset `before` to it at `instant`, both in seconds from UTC. It is `instant` or, if
    the clock goes back over a midnight, when the clock comes to that midnight again.
    """
    last = (instant - _SECOND + timedelta(seconds=before)).date()
    first = (instant + timedelta(seconds=after)).date()
    if first >= last:
        return instant
    midnight = datetime.combine(last, datetime.min.time(), UTC)
    return midnight - timedelta(seconds=after)


def _listed(name: str) -> Iterator[datetime]:
    """Yields the instants from 1970 through 2099 that the file of the zone with this name (RFC
    9636) lists, at which its clock may change.
    """
    data = resources.files("tzdata.zoneinfo").joinpath(*name.split("/")).read_bytes()
    counts = struct.unpack_from(">6l", data, 20)
    utc, standard, leaps, times, types, letters = counts  # of a first part with 32 bits
    second = 44 + times * 5 + types * 6 + letters + leaps * 8 + standard + utc
    (times,) = struct.unpack_from(">l", data, second + 32)
    for seconds in struct.unpack_from(f">{times}q", data, second + 44):
        if _FIRST.timestamp() < seconds < _LAST.timestamp():
            yield datetime.fromtimestamp(seconds, UTC)


def _by_rule(name: str) -> Iterator[datetime]:
    """Yields the instants, until about the start of 2100, at which the clock of the zone
    with this name changes after the last one that its file lists, by the rule at the file's
    end. A zone whose rule changes nothing yields none. The clock is looked at week by week,
    which finds each change, since they lie months apart. Raises ZoneInfoNotFoundError for
    an unknown name.
    """
    tz = zone(name)
    instant = max(_listed(name), default=_FIRST)
    offset = _seconds(instant, tz)
    while instant < _LAST:
        following = instant + _WEEK
        if (then := _seconds(following, tz)) != offset:
            yield _change_between(instant, following, tz)
        instant, offset = following, then


def _change_between(low: datetime, high: datetime, tz: ZoneInfo) -> datetime:
    """The first second between `low` and `high` that has the offset of `high`. The offset
    must change between them, and only once. The result is in the time zone of the two
    instants, as `tz` only says what the offsets are.
    """
    offset = _seconds(high, tz)
    while high - low > _SECOND:
        middle = low + timedelta(seconds=int((high - low).total_seconds()) // 2)
        if _seconds(middle, tz) == offset:
            high = middle
        else:
            low = middle
    return high
