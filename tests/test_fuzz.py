"""Random histories for as long as one likes: `make fuzz MINUTES=10 SEED=7`; MINUTES=0 goes on until
it is ended. By turns one of what is told (tests/test_three_ways.py), one of what money does, one of
what operators do by hand besides, and one of that with little amounts
(tests/test_cash_against_reference.py); whatever differs ends it, with its seed.
"""

import os
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tests import lost_requests, test_three_ways
from tests.cash_ways import WAYS, go_through, some_history
from tests.random_by_hand import ByHand
from tests.random_cash import Collected
from tests.random_small import Small

pytestmark = [pytest.mark.django_db, pytest.mark.full]


def compared(settings: Any, folder: Path) -> Iterator[str]:
    """Compare one history after the other; says of each what it was."""
    for seed in count(int(os.environ.get("SEED") or 1)):
        chance = Random(f"history {seed}")
        days, pace = chance.choice(((12, 1), (40, 2), (90, 3), (160, 4)))
        history = (seed, chance.randrange(1, 4), days, pace)
        events = test_three_ways.three_ways(history, folder, settings)
        yield f"{history}: {events} events, three times the same books"
        money = some_history(seed)
        for kind in (Collected, ByHand, Small):
            ways = WAYS[0], chance.choice(WAYS[1:])
            doings = go_through(money, ways, settings, folder, kind)
            of = f"{kind.__name__} {money}: {doings} doings"
            yield f"{of}, {' and '.join(ways)}: the same books"


def test_whatever_the_seed_the_books_are_the_same(
    tmp_path: Path,
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    lost_requests.install(monkeypatch, settings)
    minutes = float(os.environ.get("MINUTES") or 1)
    until = time.monotonic() + minutes * 60 if minutes else float("inf")
    for sentence in compared(settings, tmp_path):
        with capsys.disabled():
            print(sentence, flush=True)  # noqa: T201
        if time.monotonic() > until:
            break
