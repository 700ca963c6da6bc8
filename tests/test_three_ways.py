"""A random history told over HTTP, replayed from a file, and gone through by the reference: three
times the same books. `make fuzz` goes on with others (tests/test_fuzz.py).

Not in these histories: what people decide, and what arrives late (tests/test_against_reference.py),
and what becomes of money, prices, cards and withdrawals, and what operators do by hand
(tests/test_cash_against_reference.py). In none of them, as the reference knows nothing of it: what
Stripe alone does, such as its payouts, whose differences change nothing of the books; files of
statements that wait for one another (tests/billing/test_bank_statements.py); operators' policies
and roles.
"""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from django.db import transaction

from tests import books, event_files, random_events, shops, told_by_http
from tests.reference import Model
from tests.test_against_reference import JOBS_WAIT, ours, theirs
from tests.whole import full

pytestmark = pytest.mark.django_db

# Seed, merchants, days, pace (tests/random_events.py).
# One of those twelve days is replayed in test_against_reference, too.
FIXED = [(13, 3, 40, 4), *full(((11, 2, 12, 1),), ((12, 1, 75, 3),))]


@pytest.fixture
def sandbox(settings: Any) -> Any:
    """The settings, with the sandbox switched on."""
    settings.TAEL_SANDBOX = True
    return settings


def undone(run: Callable[[], object]) -> tuple[Any, dict[str, Any]]:
    """What `run` returns, and the books that it leaves behind, before all of it is rolled back."""
    everything_is_undone = transaction.atomic()
    everything_is_undone._from_testcase = True  # type: ignore[attr-defined]  # as of a test case
    with everything_is_undone:
        returned = run()
        found = ours()
        books.assert_clean()
        transaction.set_rollback(True)
    return returned, found


def three_ways(history: tuple[int, int, int, int], folder: Path, settings: Any) -> int:
    """Take the history three ways, and compare. Returns how many events it has."""
    seed, merchants, days, pace = history
    sent = random_events.events(seed, merchants=merchants, days=days, pace=pace)
    until = random_events.START + timedelta(days=days, hours=13)
    model = Model()
    expected = [tuple(model.apply(event)) for event in sent]
    model.advance(until)

    path = event_files.write(folder / f"events-{seed}.jsonl", sent)
    _, replayed = undone(lambda: event_files.replay(path, until=until.isoformat()))

    settings.TAEL_CLOCK = str(folder / "clock")

    def send() -> list[told_by_http.Became]:
        told = told_by_http.send(sent, folder / "clock", Random(seed), JOBS_WAIT)
        shops.run_jobs(until)
        return told

    became, told = undone(send)
    settings.TAEL_CLOCK = ""
    assert differing(zip(sent, expected, became, strict=True)) == [], history
    for way, found in (("replayed", replayed), ("told over HTTP", told)):
        assert differing_books(theirs(model), found) == [], (history, way)
    return len(sent)


def differing(events: Any) -> list[Any]:
    """Event, what the reference makes of it, and what became of it."""
    return [(event, theirs, ours) for event, theirs, ours in events if theirs != ours]


def differing_books(expected: dict[str, Any], found: dict[str, Any]) -> list[Any]:
    """Merchant, part of the books, what the reference says, what we say."""
    assert expected.keys() == found.keys()
    return [
        (reference, part, merchant[part], found[reference][part])
        for reference, merchant in expected.items()
        for part in merchant
        if merchant[part] != found[reference][part]
    ]


@pytest.mark.parametrize("history", FIXED, ids=str)
def test_told_replayed_or_gone_through_the_books_are_the_same(
    history: tuple[int, int, int, int], tmp_path: Path, sandbox: Any
) -> None:
    assert three_ways(history, tmp_path, sandbox) > 20
