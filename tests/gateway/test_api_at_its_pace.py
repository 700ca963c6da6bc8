"""A file of events that is sent through HTTP, each at the instant at which it happened, ends in the
same books as its replay.
"""

import json
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime
from io import StringIO
from itertools import groupby
from pathlib import Path
from typing import Any

import httpx
import pytest
from django.conf import LazySettings, settings
from django.core.management import call_command
from django.test import TransactionTestCase
from pytest_django.live_server_helper import LiveServer

from gateway.operations import keys
from gateway.replay import Replaying
from gateway.replay_records import note
from gateway.replayed_files import Line, look_through
from lib import clock
from lib.events import Event, Outcome
from tests import books, emptied, event_files

pytestmark = pytest.mark.django_db(transaction=True)

# A quarter of a real marketplace, whose people's names are gone; not part of the project.
REAL = Path(settings.BASE_DIR).parent / "shared" / "data" / "olist-2017-q1.jsonl.gz"


class Sending(Replaying):
    """Goes through a file as a replay does, jobs in between included, but sends the events to the
    API, and moves the clock of everybody to the instant of each.
    """

    stops_at_each_tick = True  # what was sent cannot be undone

    def __init__(self, *args: Any, api: httpx.Client, **options: Any) -> None:
        super().__init__(*args, **options)
        self.api = api

    def _apply(self, window: Sequence[Line]) -> None:
        """Send the lines of a file by the API, with the clock at their instants."""
        outcomes: list[Outcome] = []
        for at, lines in groupby(window, key=lambda line: line.at):
            clock.move(Path(settings.TAEL_CLOCK), at)
            told = list(lines)
            events = [line.parsed for line in told if isinstance(line.parsed, Event)]
            results = iter(self._send(events))
            outcomes += [
                next(results) if isinstance(line.parsed, Event) else Outcome.rejected(line.parsed)
                for line in told
            ]
        note(self.replay, window, outcomes)

    def _send(self, events: Sequence[Event]) -> list[Outcome]:
        """Send these events in one request; their outcomes."""
        if not events:
            return []
        body = {"events": [_as_sent(event) for event in events]}
        answer = self.api.post("/api/v1/events", json=body)
        assert answer.status_code == 200, answer.text
        results = answer.json()["results"]
        return [Outcome(one["outcome"], one["code"] or "", one["detail"] or "") for one in results]


def _as_sent(event: Event) -> dict[str, Any]:
    """The event as JSON has it."""
    return {
        "id": event.id,
        "type": event.type,
        "at": event.at.isoformat(),
        "merchant": event.merchant,
        "data": event.data,
    }


@pytest.fixture
def send(
    live_server: LiveServer, settings: LazySettings, tmp_path: Path
) -> Callable[[Path, str], None]:
    """Sends a file's events before an instant, and runs the jobs up to it."""
    settings.TAEL_SANDBOX = True
    settings.TAEL_CLOCK = tmp_path / "clock"
    clock.move(settings.TAEL_CLOCK, datetime.fromisoformat("2016-01-01T00:00:00Z"))

    def sent(path: Path, until: str) -> None:
        _, key = keys.make(
            name="The whole marketplace",
            scopes=["orders", "charges", "merchants", "metrics"],
            requests_per_minute=1_000_000,
            reason="A test.",
            actor="ada@tael.example",
            now=clock.now(),
        )
        headers = {"Authorization": f"Bearer {key}"}
        source = look_through(path, now=clock.now())
        with httpx.Client(base_url=live_server.url, headers=headers, timeout=60) as api:
            Sending(
                source, datetime.fromisoformat(until), lambda done: None, beyond_now=True, api=api
            ).run()

    return sent


@pytest.mark.full  # as test_api_same_books tells fewer
def test_the_first_days_of_three_shops(send: Callable[[Path, str], None], tmp_path: Path) -> None:
    until = "2026-11-05T00:00:00+00:00"
    path = event_files.write(tmp_path / "events.jsonl", event_files.a_month()[:14])
    event_files.replay(path, until=until)
    replayed = event_files.everything()
    assert len(replayed["bills"]) >= 3
    emptied.empty(TransactionTestCase())
    send(path, until)
    assert event_files.everything() == replayed
    books.assert_clean()


def _books() -> list[dict[str, Any]]:
    """All books, with bills in place of their numbers: of several merchants' bills of one instant
    any may come first. Numbers have no gap, and rise with the instants of issue.
    """
    said = StringIO()
    call_command("books", all=True, stdout=said)
    text = said.getvalue()
    issued = sorted(
        (found["invoice"], found["issued_at"], book["merchant"]["reference"])
        for book in map(json.loads, text.splitlines())
        for found in book["billing"]["invoices"]
        if found["invoice"]
    )
    assert [at for _, at, _ in issued] == sorted(at for _, at, _ in issued)
    assert [number for number, *_ in issued] == [
        f"2017-{place:06}" for place in range(1, len(issued) + 1)
    ]
    seen: Counter[tuple[str, str]] = Counter()
    for number, at, merchant in issued:
        seen[at, merchant] += 1  # of two at once, a merchant's own order counts
        text = text.replace(f'"{number}"', f'"{at} {merchant} {seen[at, merchant]}"')
    return [json.loads(line) for line in text.splitlines()]


@pytest.mark.full
@pytest.mark.skipif(not REAL.exists(), reason="the file of real orders is not there")
def test_a_quarter_of_a_real_marketplace(send: Callable[[Path, str], None], tmp_path: Path) -> None:
    until = "2017-10-15T00:00:00-03:00"
    path = tmp_path / REAL.name  # beside which the replay writes what it rejects
    path.symlink_to(REAL)
    event_files.replay(path, until=until)
    replayed = _books()
    assert len(replayed) > 100
    emptied.empty(TransactionTestCase())
    send(path, until)
    assert _books() == replayed
    books.assert_clean()
