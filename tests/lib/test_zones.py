"""Days come from one copy of the time-zone data: the pinned package's."""

import zoneinfo
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from lib import calendar, zones
from lib.audit_days import offsets
from lib.refusals import Invalid
from tests.lib.test_calendar import ODD_ZONES


def test_no_file_of_the_operating_system_is_read() -> None:
    assert zoneinfo.TZPATH == ()
    # Since 1 November 2026 Vancouver stays at UTC-7; older data has it at UTC-8.
    winter = datetime(2026, 11, 11, 7, 30, tzinfo=UTC)
    assert winter.astimezone(zoneinfo.ZoneInfo("America/Vancouver")).hour == 0
    assert str(calendar.local_date(winter, "America/Vancouver")) == "2026-11-11"


@pytest.mark.parametrize("name", ["localtime", "CET", "EST5EDT", "Factory", "GMT", "Japan", "utc"])
def test_what_is_no_place_is_no_merchants_zone(name: str) -> None:
    with pytest.raises(Invalid, match="as a place's, such as Asia/Bangkok, or UTC"):
        calendar.check_zone(name)


def test_places_and_utc_are() -> None:
    for name in ("UTC", "Asia/Bangkok", "America/Argentina/Buenos_Aires", "Etc/GMT+5"):
        assert calendar.check_zone(name) == name


@pytest.mark.django_db
@pytest.mark.parametrize("name", [*ODD_ZONES, "America/Vancouver", "America/St_Johns"])
def test_sql_counts_every_day_as_python_does(name: str) -> None:
    """Around each change of the clock, to the second, from 1970 through 2099."""
    known = zones.offsets(name)
    around = {0, 1, -1, 60, -60, 1800, 3599, 3600, -3600, 7200, 86400, -86400}
    instants = sorted(
        {
            start + timedelta(seconds=seconds)
            for start in known.starts[1:]
            for seconds in around
            if start.year < 2099
        }
        or {datetime(2026, 11, 1, tzinfo=UTC)}
    )
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT (instant AT TIME ZONE 'UTC'
                    + seconds[width_bucket(instant, starts)] * interval '1 second')::date
            FROM unnest(%s::timestamptz[]) WITH ORDINALITY asked(instant, place),
                 ({offsets([name])}) zone(timezone, starts, seconds)
            ORDER BY place
            """,
            [instants],
        )
        counted = [day for (day,) in cursor.fetchall()]
    assert counted == [calendar.local_date(instant, name) for instant in instants]
