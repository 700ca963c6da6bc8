"""A part of the benchmark makes as many rounds as it has time for, and always one."""

import time
from collections.abc import Iterator

import pytest

from bench import pace


@pytest.fixture(autouse=True)
def _nobody_is_broken_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pace, "_ends", [])


def counted(rounds: Iterator[int], seconds: float) -> int:
    """How many rounds there are when each takes so many seconds."""
    found = 0
    for _ in rounds:
        time.sleep(seconds)
        found += 1
    return found


def test_without_a_bound_all_rounds_are_made() -> None:
    assert list(pace.rounds(5)) == [0, 1, 2, 3, 4]


def test_a_round_that_would_end_too_late_is_not_begun() -> None:
    pace.begin(1.0)
    assert counted(pace.rounds(50), 0.3) in {2, 3}


def test_one_round_is_made_even_when_the_time_is_up() -> None:
    pace.begin(0.0)
    assert counted(pace.rounds(5), 0.01) == 1


def test_rounds_leave_to_those_that_follow_what_is_not_their_share() -> None:
    pace.begin(2.0)
    began = time.monotonic()
    assert counted(pace.rounds(500, share=0.25), 0.05) >= 1
    assert time.monotonic() - began < 1.0
