"""A merchant's days and months: half-open, contiguous, none lost and none doubled."""

from datetime import UTC, date, datetime, timedelta

import pytest

from lib import calendar
from lib.refusals import Invalid
from tests.whole import some

ODD_ZONES = [
    "UTC",
    "America/Sao_Paulo",  # midnights that are skipped
    "America/Havana",  # midnights that come twice
    "Asia/Beirut",
    "Asia/Gaza",
    "Asia/Kathmandu",  # +05:45
    "Australia/Lord_Howe",  # half an hour of summer time
    "Pacific/Kiritimati",  # +14
    "Pacific/Pago_Pago",  # -11
    "Pacific/Apia",  # skipped 30 December 2011
    "Africa/Casablanca",
    "Asia/Pyongyang",  # moved half an hour at midnight, 5 May 2018
]


@pytest.mark.parametrize(
    ("zone", "day", "starts", "ends"),
    [
        ("UTC", "2026-11-01", "2026-11-01T00:00Z", "2026-11-02T00:00Z"),
        ("Asia/Bangkok", "2026-11-01", "2026-10-31T17:00Z", "2026-11-01T17:00Z"),
        ("Asia/Kathmandu", "2026-11-01", "2026-10-31T18:15Z", "2026-11-01T18:15Z"),
        ("Pacific/Kiritimati", "2026-11-01", "2026-10-31T10:00Z", "2026-11-01T10:00Z"),
        # It starts at 01:00, and has 23 hours.
        ("America/Sao_Paulo", "2017-10-15", "2017-10-15T03:00Z", "2017-10-16T02:00Z"),
        # It repeats its last hour, and has 25.
        ("America/Sao_Paulo", "2018-02-17", "2018-02-17T02:00Z", "2018-02-18T03:00Z"),
        # It starts at the first of two midnights.
        ("America/Havana", "2025-11-02", "2025-11-02T04:00Z", "2025-11-03T05:00Z"),
        # The day that was not there: it ends where it starts.
        ("Pacific/Apia", "2011-12-29", "2011-12-29T10:00Z", "2011-12-30T10:00Z"),
        ("Pacific/Apia", "2011-12-30", "2011-12-30T10:00Z", "2011-12-30T10:00Z"),
        ("Pacific/Apia", "2011-12-31", "2011-12-30T10:00Z", "2011-12-31T10:00Z"),
        # In 1919 Toronto's clocks went from 23:30 to 00:30: midnight lay inside the jump.
        ("America/Toronto", "1919-03-31", "1919-03-31T04:30Z", "1919-04-01T04:00Z"),
        # New York: 02:00 to 03:00 is missing, midnights are whole.
        ("America/New_York", "2026-03-08", "2026-03-08T05:00Z", "2026-03-09T04:00Z"),
    ],
)
def test_a_day_is_a_span_of_instants(zone: str, day: str, starts: str, ends: str) -> None:
    found = date.fromisoformat(day)
    assert calendar.day_start(found, zone) == datetime.fromisoformat(starts)
    assert calendar.day_end(found, zone) == datetime.fromisoformat(ends)


@pytest.mark.parametrize("zone", some(ODD_ZONES, 4))
def test_every_instant_is_on_the_day_whose_span_holds_it(zone: str) -> None:
    instant, end = datetime(2011, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)
    while instant < end:
        day = calendar.local_date(instant, zone)
        assert calendar.day_start(day, zone) <= instant < calendar.day_end(day, zone)
        instant += timedelta(hours=7, minutes=20)


@pytest.mark.parametrize("zone", some(ODD_ZONES, 4))
def test_a_day_starts_with_the_first_second_of_its_date(zone: str) -> None:
    day = date(2017, 1, 1)
    while day < date(2027, 1, 1):
        start = calendar.day_start(day, zone)
        assert calendar.local_date(start, zone) == day
        assert calendar.local_date(start - timedelta(seconds=1), zone) < day
        day += timedelta(days=1)


@pytest.mark.parametrize(
    ("day", "first", "last", "following"),
    [
        ("2026-11-15", "2026-11-01", "2026-11-30", "2026-12-01"),
        ("2026-12-31", "2026-12-01", "2026-12-31", "2027-01-01"),
        ("2027-01-01", "2027-01-01", "2027-01-31", "2027-02-01"),
        ("2027-02-28", "2027-02-01", "2027-02-28", "2027-03-01"),
        ("2028-02-28", "2028-02-01", "2028-02-29", "2028-03-01"),
    ],
)
def test_months(day: str, first: str, last: str, following: str) -> None:
    found = date.fromisoformat(day)
    assert str(calendar.month_of(found)) == first
    assert str(calendar.month_end(found)) == last
    assert str(calendar.next_month(found)) == following


@pytest.mark.parametrize("name", ["", "Bangkok", "Asia/Chiang_Mai", "../UTC", "/etc/localtime"])
def test_a_zone_that_nobody_knows_is_invalid(name: str) -> None:
    with pytest.raises(Invalid, match="not in the time zone database"):
        calendar.check_zone(name)
    assert calendar.check_zone("Asia/Bangkok") == "Asia/Bangkok"


def test_a_day_that_has_started_does_not_end_again_when_the_clock_goes_back_over_midnight() -> None:
    # Newfoundland, until 2010: one minute after midnight it was 23:01 of the day before.
    first_instant = calendar.day_start(date(2009, 11, 1), "America/St_Johns")
    half_an_hour_later = first_instant + timedelta(minutes=30)
    assert calendar.local_date(half_an_hour_later, "America/St_Johns") == date(2009, 11, 1)
