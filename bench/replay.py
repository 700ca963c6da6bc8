"""A replay of a made-up marketplace, against one statement that writes down each of its events.

BENCH_REPLAY may name a file of real events, and BENCH_UNTIL the instant to stop at: then it is
replayed once instead.
"""

import json
import os
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from django.db import connection, transaction
from django.test.utils import override_settings

from bench import pace
from bench.figures import Figure, measure, more_is_better
from bench.shops import JOINED
from bench.sized import Sized
from gateway.models import Replay
from gateway.replay import MOST_EVENTS_AT_ONCE, Replaying
from gateway.replayed_files import Source, look_through

MERCHANTS, DAYS = Sized(usual=30, full=100, tiny=2), Sized(usual=14, full=30, tiny=3)
ROUNDS = Sized(usual=5, full=5, tiny=1)
AT_LEAST = 1000.0  # events a second
ORDERS_A_DAY = 2  # of a merchant, each with a charge
# What becomes of an order, so many days after it was placed.
LATER = (("shipped", 1), ("delivered", 3), ("paid", 5))
FLOOR = """
INSERT INTO bench_event (id, type, at, merchant, data) VALUES (%s, %s, %s, %s, %s::jsonb)
"""
TABLE = """
CREATE TABLE IF NOT EXISTS bench_event (
    id text PRIMARY KEY, type text, at timestamptz, merchant text, data jsonb)
"""


def run() -> Iterator[Figure]:
    """Measure how many events a second a replay applies in one process, the timetable included,
    against one INSERT an event. Yields a figure for each.
    """
    named = os.environ.get("BENCH_REPLAY")
    with TemporaryDirectory() as folder, override_settings(TAEL_SANDBOX=True):
        if named:
            source = look_through(Path(named), now=datetime.now(JOINED.tzinfo))
            rates = [_round(source, os.environ.get("BENCH_UNTIL"))]
        else:
            rates = [_round(_made(Path(folder), number)) for number in pace.rounds(ROUNDS())]
    sent = named or f"{MERCHANTS()} merchants for {DAYS()} days, with the timetable"
    yield more_is_better(
        "a replay, events", rates, floor="one INSERT an event, a thousand to a commit", sent=sent
    )
    yield measure(
        "the same by the clock",
        [ours for ours, _ in rates],
        unit="events a second",
        sent=sent,
        at_least=AT_LEAST,
    )


def _round(source: Source, until: str | None = None) -> tuple[float, float]:
    """(events a second of the replay, those of the floor) for this file, up to this instant."""
    assert source.last_at is not None
    ends = datetime.fromisoformat(until) if until else source.last_at + timedelta(days=1)
    started = time.perf_counter()
    replay: Replay = Replaying(source, ends, lambda _done: None).run()
    seconds = time.perf_counter() - started
    refused = {kind: found for kind, found in replay.outcomes.items() if "rejected" in found}
    assert until or not refused, refused
    return replay.events_done / seconds, _least(source, ends)


def _least(source: Source, ends: datetime) -> float:
    """How many events of the file a second are written down, one statement each."""
    lines = [line for line in source.read() if line.at < ends]
    with connection.cursor() as cursor:
        cursor.execute(TABLE)
        cursor.execute("TRUNCATE bench_event")
    started = time.perf_counter()
    for start in range(0, len(lines), MOST_EVENTS_AT_ONCE):
        with transaction.atomic(), connection.cursor() as cursor:
            for line in lines[start : start + MOST_EVENTS_AT_ONCE]:
                event: Any = line.parsed
                data = json.dumps(event.data)
                cursor.execute(FLOOR, [event.id, event.type, event.at, event.merchant, data])
    return len(lines) / (time.perf_counter() - started)


def _made(folder: Path, number: int) -> Source:
    """A file of the events of round `number`, of merchants that no other round has."""
    events = sorted(_events(number), key=lambda event: str(event["at"]))
    path = folder / f"round-{number}.jsonl"
    path.write_text("".join(json.dumps(event) + "\n" for event in events))
    last = JOINED + timedelta(days=DAYS() + 30)
    return look_through(path, now=last)


def _events(number: int) -> Iterator[dict[str, Any]]:
    """The events of round `number`, merchant by merchant."""
    for place in range(MERCHANTS()):
        shop = f"replay-{number}-{place}"
        joined = JOINED + timedelta(minutes=place)
        yield _event("merchant.joined", shop, shop, joined, TERMS | {"name": shop})
        for day in range(1, DAYS() + 1):
            at = joined + timedelta(days=day)
            if day % 7 == 1:
                yield _event("shop.metrics", shop, f"{shop}-{day}", at, METRICS)
            for turn in range(ORDERS_A_DAY):
                yield from _order(shop, f"{shop}-{day}-{turn}", at + timedelta(hours=turn))


def _order(shop: str, name: str, at: datetime) -> Iterator[dict[str, Any]]:
    """The events of one order of the shop, and a charge for it."""
    cash = {"order": name, "currency": "USD", "amount": "25.00"}
    yield _event("order.placed", shop, name, at, cash | {"buyer": f"b-{name[-3:]}"})
    charge = {"charge": name, "fee": "pick-pack", "currency": "USD", "amount": "2.45"}
    yield _event("charge.recorded", shop, name, at, charge | {"request": name, "quantity": "1"})
    for step, days in LATER:
        later = at + timedelta(days=days)
        data = cash | {"payment": name} if step == "paid" else {"order": name}
        yield _event(f"order.{step}", shop, name, later, data)


def _event(kind: str, shop: str, name: str, at: datetime, data: dict[str, Any]) -> dict[str, Any]:
    """One event as its line has it."""
    of_it = {"id": f"{kind}:{name}", "type": kind, "at": at.isoformat(), "merchant": shop}
    return of_it | {"data": data}


TERMS = {
    "currency": "USD", "timezone": "UTC", "language": "en", "credit_limit": "5000.00",
    "payment_days": 10, "settlement_days": 7, "billing_threshold": "100.00", "plan": "basic",
    "plan_price": "39.00", "plan_interval_days": 30,
}  # fmt: skip
METRICS = {"rating": "4.7", "listing_quality": 88, "profile_completeness": 75, "after_sales": 91}
