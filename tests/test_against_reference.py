"""Random histories have the same outcomes here and in the reference, and end in the same books.

tests/reference is a model of domain.md that shares no code with us; where it has a choice to make,
its CHOICES say which one.
"""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from config.events import EventRun
from merchants import events
from merchants.calendar import local_date
from merchants.models import Merchant
from tests import books, event_files, random_events, shops
from tests.reference import Model

pytestmark = pytest.mark.django_db

# Refunds, reviews and dunning come later.
FOUNDATION = {"refunds": False, "reviews": False, "dunning": False}


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
    """The reference's books, less what the foundation does not have."""
    found: dict[str, Any] = model.state()["merchants"]
    for merchant in found.values():
        merchant["proceeds"] = {
            kind: merchant["proceeds"]["sums"][kind] for kind in ("SALE", "REFUND")
        }
        del merchant["reviews"]
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


@pytest.mark.parametrize(("seed", "merchants", "days"), [(1, 3, 35), (2, 2, 50)])
def test_a_replay_ends_in_the_books_of_the_reference(
    seed: int, merchants: int, days: int, tmp_path: Path
) -> None:
    sent = random_events.events(seed, merchants=merchants, days=days)
    until = random_events.START + timedelta(days=days, hours=13)
    model = Model(**FOUNDATION)
    for event in sent:
        model.apply(event)
    model.advance(until)
    path = event_files.write(tmp_path / "events.jsonl", sent)
    event_files.replay(path, until=until.isoformat())
    assert differences(model) == []


@pytest.mark.parametrize(
    ("seed", "merchants", "days"),
    [(20, 2, 40), (21, 2, 40), (22, 3, 30), (23, 3, 30), (24, 1, 150), (25, 1, 150)],
)
def test_each_event_has_the_outcome_that_the_reference_gives_it(
    seed: int, merchants: int, days: int, settings: Any
) -> None:
    """In one run, with the jobs coming only when all is over."""
    settings.TAEL_SANDBOX = True
    sent = random_events.events(seed, merchants=merchants, days=days)
    until = random_events.START + timedelta(days=days + 100)
    model, run = Model(**FOUNDATION), EventRun()
    expected = [tuple(model.apply(event)) for event in sent]
    for event in sent:
        parsed = events.from_object(event)
        run.apply(parsed, now=parsed.at)
    found = [(outcome.status, outcome.code or None) for outcome in run.finish()]
    differing = [
        (event, theirs, ours)
        for event, theirs, ours in zip(sent, expected, found, strict=True)
        if theirs != ours
    ]
    assert differing == []
    model.advance(until)
    shops.run_jobs(until)
    assert differences(model) == []


def test_the_histories_reach_every_part_of_the_books() -> None:
    """Or the comparisons above would compare less than they seem to."""
    reached: set[str] = set()
    for seed, merchants, days in ((1, 3, 35), (2, 2, 50), (20, 2, 40), (22, 3, 30), (24, 1, 150)):
        model = Model(**FOUNDATION)
        for event in random_events.events(seed, merchants=merchants, days=days):
            outcome = model.apply(event)
            reached.add(f"{outcome.kind} {outcome.code or ''}".strip())
        for merchant in model.state()["merchants"].values():
            reached.update(bill["kind"] for bill in merchant["bills"])
            reached.update(order["status"] for order in merchant["orders"].values())
            reached.update(freeze["reason"] for freeze in merchant["freezes"])
    assert reached >= {
        *("applied", "duplicate", "rejected conflict", "rejected invalid"),
        *("declined line_frozen", "declined buyer_risk", "declined insufficient_credit"),
        *("rejected order_not_open", "rejected overpayment", "rejected unknown_order"),
        *("rejected currency_mismatch", "OVERDUE"),
        *("OPEN", "PAID", "CANCELLED", "DECLINED", "WRITTEN_OFF"),
        *("THRESHOLD", "SUBSCRIPTION", "CYCLE"),
    }
