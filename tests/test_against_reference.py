"""Random histories have the same outcomes here and in the reference, and end in the same books.

tests/reference is a model of domain.md that shares no code with us; where it has a choice to make,
its CHOICES say which one.
"""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from config.events import EventRun
from merchants import events
from merchants.calendar import local_date
from merchants.events import Outcome
from merchants.models import Merchant
from tests import books, event_files, random_events, shops
from tests.reference import Model
from tests.reference.credit import Order

pytestmark = pytest.mark.django_db

# Operations make up for all that jobs missed but this: an order hears of an unpaid bill when the
# bill's account has come to its first failure, which is 28 days before the line is frozen.
JOBS_WAIT = timedelta(days=20)
# Seed, merchants, days, pace (tests/random_events.py).
REPLAYED = [(1, 3, 14, 1), (2, 2, 16, 1)]
APPLIED = [(27, 2, 160, 4), (38, 1, 190, 3), (68, 2, 160, 4), (79, 2, 160, 4), (90, 1, 190, 3)]
EVERYTHING = {
    *("applied", "duplicate", "rejected conflict", "rejected invalid"),
    *("declined line_frozen", "declined buyer_risk", "declined insufficient_credit"),
    *("rejected order_not_open", "rejected overpayment", "rejected unknown_order"),
    *("rejected currency_mismatch", "OVERDUE", "UNPAID_BILL"),
    *("OPEN", "PAID", "CANCELLED", "DECLINED", "WRITTEN_OFF", "REFUNDED"),
    *("THRESHOLD", "SUBSCRIPTION", "CYCLE"),
    *("order.refunded applied", "order.refunded duplicate", "order.refunded rejected conflict"),
    *("order.refunded rejected order_not_open", "order.refunded rejected overpayment"),
    *("order.refunded rejected unknown_order", "shop.metrics applied"),
    *("recovered", "refunded what was written off"),
    *("RAISED A", "RAISED B", "UNCHANGED C", "CUT D", "WAITING A"),
}


def ours() -> dict[str, Any]:
    """Our books in the reference's terms."""
    found = books.books()
    zones = dict(Merchant.objects.values_list("reference", "timezone"))
    for reference, merchant in found.items():
        (merchant["open_day"],) = merchant["open_day"]  # of the line and of the account: the same
        merchant["freezes"] = [
            {
                "reason": freeze["reason"],
                "placed": str(local_date(freeze["placed_at"], zones[reference])),
                "lifted": freeze["lifted_at"]
                and str(local_date(freeze["lifted_at"], zones[reference])),
            }
            for freeze in merchant["freezes"]
        ]
    return found


def theirs(model: Model) -> dict[str, Any]:
    """The reference's books."""
    found: dict[str, Any] = model.state()["merchants"]
    for merchant in found.values():
        merchant["proceeds"] |= merchant["proceeds"].pop("sums")
    return found


def differences(model: Model) -> list[tuple[Any, ...]]:
    """Merchant, part of the books, what they say, what we say."""
    expected, found = theirs(model), ours()
    assert expected.keys() == found.keys()
    return [
        (reference, part, merchant[part], found[reference][part])
        for reference, merchant in expected.items()
        for part in merchant
        if merchant[part] != found[reference][part]
    ]


@pytest.mark.parametrize(("seed", "merchants", "days", "pace"), REPLAYED)
def test_a_replay_ends_in_the_books_of_the_reference(
    seed: int, merchants: int, days: int, pace: int, tmp_path: Path
) -> None:
    sent = random_events.events(seed, merchants=merchants, days=days, pace=pace)
    until = random_events.START + timedelta(days=days, hours=13)
    model = Model()
    for event in sent:
        model.apply(event)
    model.advance(until)
    path = event_files.write(tmp_path / "events.jsonl", sent)
    event_files.replay(path, until=until.isoformat())
    assert differences(model) == []


def outcomes(sent: Sequence[dict[str, Any]]) -> Iterator[Outcome]:
    """What becomes of each event, in as few runs as there may be."""
    run, jobs_at = EventRun(), random_events.START + JOBS_WAIT
    for event in sent:
        parsed = events.from_object(event)
        while jobs_at <= parsed.at:
            yield from run.finish()
            run = EventRun()
            shops.run_jobs(jobs_at)
            jobs_at += JOBS_WAIT
        run.apply(parsed, now=parsed.at)
    yield from run.finish()


@pytest.mark.parametrize(("seed", "merchants", "days", "pace"), APPLIED)
def test_each_event_has_the_outcome_that_the_reference_gives_it(
    seed: int, merchants: int, days: int, pace: int, settings: Any
) -> None:
    """With the jobs coming as rarely as they may."""
    settings.TAEL_SANDBOX = True
    sent = random_events.events(seed, merchants=merchants, days=days, pace=pace)
    until = random_events.START + timedelta(days=days + 3)
    model = Model()
    expected = [tuple(model.apply(event)) for event in sent]
    found = [(outcome.status, outcome.code or None) for outcome in outcomes(sent)]
    differing = [
        (event, theirs, ours)
        for event, theirs, ours in zip(sent, expected, found, strict=True)
        if theirs != ours
    ]
    assert differing == []
    model.advance(until)
    shops.run_jobs(until)
    assert differences(model) == []
    call_command("audit", stdout=StringIO())


def test_the_histories_reach_every_part_of_the_books() -> None:
    """Or the comparisons above would compare less than they seem to."""
    reached: set[str] = set()
    for seed, merchants, days, pace in REPLAYED + APPLIED:
        model = Model()
        for event in random_events.events(seed, merchants=merchants, days=days, pace=pace):
            outcome = model.apply(event)
            reached.add(f"{outcome.kind} {outcome.code or ''}".strip())
            reached.add(f"{event['type']} {outcome.kind} {outcome.code or ''}".strip())
        for merchant in model.state()["merchants"].values():
            reached.update(bill["kind"] for bill in merchant["bills"])
            reached.update(order["status"] for order in merchant["orders"].values())
            reached.update(freeze["reason"] for freeze in merchant["freezes"])
            reached.update(
                f"{review['outcome']} {review['grade']}" for review in merchant["reviews"]
            )
        for order in orders_of(model):
            reached.update(["recovered"] if order.recovered else [])
            reached.update(["refunded what was written off"] if order.forgiven else [])
    assert EVERYTHING - reached == set()


def orders_of(model: Model) -> Iterator[Order]:
    for merchant in model.merchants.values():
        yield from merchant.line.orders.values()
