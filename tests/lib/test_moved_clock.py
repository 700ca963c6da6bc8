"""A clock that tests and simulations move, for all processes at once: TAEL_CLOCK."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pytest_django import Settings

from lib import clock

NEXT_YEAR = datetime(2027, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def file(tmp_path: Path, settings: Settings) -> Path:
    """The file that the clock is read from."""
    named = tmp_path / "clock"
    settings.TAEL_CLOCK = str(named)
    return named


def test_it_stands_where_it_was_moved_to(file: Path) -> None:
    clock.move(file, NEXT_YEAR)
    assert [clock.now(), clock.uncompared()] == [NEXT_YEAR, NEXT_YEAR]
    clock.move(file, NEXT_YEAR + timedelta(days=1))
    assert clock.now() == datetime(2027, 3, 2, 12, tzinfo=UTC)


def test_it_runs_ahead_of_this_machines_or_behind(file: Path) -> None:
    for moved in (timedelta(days=400), -timedelta(days=400)):
        clock.move(file, moved)
        first, second = clock.now(), clock.now()
        assert first < second
        assert abs(first - moved - datetime.now(UTC)) < timedelta(minutes=1)


def test_it_may_be_ahead_of_the_databases_whom_nobody_asks(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def ask() -> datetime:
        raise AssertionError("the database was asked")

    monkeypatch.setattr(clock, "_database_time", ask)
    clock.move(file, NEXT_YEAR)
    assert clock.now() == NEXT_YEAR


def test_a_file_that_says_no_time_is_no_time(file: Path) -> None:
    with pytest.raises(FileNotFoundError):
        clock.now()
    file.write_text("tomorrow")
    with pytest.raises(ValueError, match="tomorrow"):
        clock.now()
