"""Random histories have the same outcomes here and in the reference, and end in the same books.

tests/reference is a model of docs/rules.md that shares no code with us; where it has a choice to
make, its CHOICES say which one.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction

from billing.operations import accounts, closing, reopening
from credit.models import CreditLine, RefusedCash
from gateway.events import EventRun
from lib import events, money
from lib.events import Outcome
from lib.refusals import Invalid, Refused
from merchants.models import Merchant, Proposal
from merchants.queries import local_day
from notices.models import Notice
from tests import books, decisions, event_files, journals, random_events, shops, two_people
from tests.reference import Model
from tests.reference.orders import Order
from tests.whole import full

pytestmark = pytest.mark.django_db

# Operations make up for all that jobs missed but this: an order hears of an unpaid bill when the
# bill's account has come to its first failure, which is 28 days before the line is frozen.
JOBS_WAIT = timedelta(days=20)
# Seed, merchants, days, pace (tests/random_events.py).
# The first of each list is for `make test`, and all are for `make test-full`.
REPLAYED = [(2, 2, 16, 1), (1, 3, 14, 1)]
APPLIED = [(101, 1, 190, 3), (190, 1, 190, 3), (71, 1, 190, 3), (91, 2, 160, 4), (3, 2, 160, 4)]
LIVE = [(187, 2, 120, 4), (28, 2, 120, 4)]
MOVING = [(1, 1, 120, 4), (2, 2, 160, 4), (3, 2, 160, 4)]
DECIDED = [(1, 1, 150, 4), (6, 2, 200, 4), (11, 2, 200, 4)]


def by_history(histories: list[tuple[int, int, int, int]]) -> Any:
    """Mark a test to be run for each of these histories; `make test` runs the first alone."""
    first, *rest = histories
    return pytest.mark.parametrize(("seed", "merchants", "days", "pace"), [first, *full(*rest)])


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
    *("RAISED A", "RAISED B", "UNCHANGED C", "CUT D", "WAITING A", "VOID A"),
    *("refused unknown_order TAKEN", "refused unknown_order OPEN"),
    *("refused currency_mismatch OPEN", "told overdue"),
}
# What only merchants do that come from elsewhere, and are closed and opened again.
MOVING_TOO = {
    *("order.opening applied", "order.opening duplicate", "order.opening rejected conflict"),
    *("order.opening rejected has_traded", "order.opening rejected invalid"),
    *("proceeds.opening applied", "proceeds.opening rejected conflict"),
    *("declined account_closed", "rejected account_closed", "FINAL", "close", "reopen"),
}
# What only late events, and those dated wrongly, can do besides.
LIVE_TOO = {
    *("charge.recorded rejected invalid", "shop.metrics rejected invalid"),
    *("order.placed rejected invalid", "order.shipped rejected invalid"),
    *("order.delivered rejected invalid", "order.cancelled rejected invalid"),
    *("refused invalid OPEN", "refused invalid TAKEN"),
    *("MONTHLY after its month", "written off later than it was due"),
    *("OVERDUE", "UNPAID_BILL", "WRITTEN_OFF", "CUT D", "recovered", "told overdue"),
}


def ours() -> dict[str, Any]:
    """Our books in the reference's terms."""
    found = books.books()
    lines = {line.merchant.reference: line for line in CreditLine.objects.all()}
    for reference, merchant in found.items():
        merchant |= {"refused": refused(reference), "told_overdue": told_overdue(reference)}
        (merchant["open_day"],) = merchant["open_day"]  # of the line and of the account: the same
        merchant["freezes"] = [
            {
                "reason": freeze["reason"],
                "placed": str(local_day(lines[reference], freeze["placed_at"])),
                "lifted": freeze["lifted_at"]
                and str(local_day(lines[reference], freeze["lifted_at"])),
            }
            for freeze in merchant["freezes"]
        ]
    return found


def refused(reference: str) -> dict[str, Any]:
    """Payments and refunds that left their references free, as they were said last."""
    found = RefusedCash.objects.filter(line__merchant__reference=reference).order_by("pk")
    return {
        f"{cash.kind.lower()} {cash.reference}": [
            cash.order_reference,
            f"{cash.amount.normalize():f} {cash.currency}",
            cash.code,
            cash.times,
            cash.status,
        ]
        for cash in found
    }


def told_overdue(reference: str) -> list[list[str]]:
    """For each notice of an overdue order: its reference, the due date, and how much is due by
    then.
    """
    found = Notice.objects.filter(merchant__reference=reference, kind="ORDER_OVERDUE")
    told = [notice.details for notice in found]
    return sorted(
        [said["order"], said["due_on"], money.figure_text(Decimal(said["due"]), said["currency"])]
        for said in told
    )


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


@by_history(REPLAYED)
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


@pytest.mark.full  # so it has in test_three_ways.py
@by_history(APPLIED)
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
    books.assert_clean()
    journals.prove()


@by_history(LIVE)
def test_what_arrives_live_ends_in_the_books_of_the_reference(
    seed: int, merchants: int, days: int, pace: int, settings: Any
) -> None:
    """Late, ahead of our clock, in any order, and dated before what it is about."""
    settings.TAEL_SANDBOX = True
    arriving = random_events.arrivals(seed, merchants=merchants, days=days, pace=pace)
    until = arriving[-1][0] + timedelta(days=3)
    model = Model()
    expected = [tuple(model.apply(event, arrived)) for arrived, event in arriving]
    found = [(outcome.status, outcome.code or None) for outcome in live_outcomes(arriving)]
    differing = [
        (arrived, event, theirs, ours)
        for (arrived, event), theirs, ours in zip(arriving, expected, found, strict=True)
        if theirs != ours
    ]
    assert differing == []
    model.advance(until)
    shops.run_jobs(until)
    assert differences(model) == []
    books.assert_clean()
    journals.prove()


def live_outcomes(arriving: Sequence[tuple[datetime, dict[str, Any]]]) -> Iterator[Outcome]:
    """What becomes of each event as it arrives, in as few runs as there may be."""
    run, jobs_at = EventRun(), random_events.START + JOBS_WAIT
    for arrived, event in arriving:
        while jobs_at <= arrived:
            yield from run.finish()
            run = EventRun()
            shops.run_jobs(jobs_at)
            jobs_at += JOBS_WAIT
        try:
            parsed = events.from_object(event)
        except Invalid as refusal:
            yield from run.finish()
            run = EventRun()
            yield Outcome.rejected(refusal)
            continue
        run.apply(parsed, now=arrived)
    yield from run.finish()


@by_history(MOVING)
def test_who_moves_in_is_closed_and_opened_again_has_the_books_of_the_reference(
    seed: int, merchants: int, days: int, pace: int, settings: Any
) -> None:
    settings.TAEL_SANDBOX = True
    compare(
        random_events.events(
            seed, merchants=merchants, days=days, pace=pace, kind=random_events.Moving
        )
    )


@by_history(DECIDED)
def test_what_people_decide_leads_to_the_books_of_the_reference(
    seed: int, merchants: int, days: int, pace: int, settings: Any
) -> None:
    """Time zones, plans, thresholds, credits, void bills, limits, days, a merchant's own rules and
    freezes, in any order, beside all that is told.
    """
    settings.TAEL_SANDBOX = True
    compare(
        random_events.events(
            seed, merchants=merchants, days=days, pace=pace, kind=random_events.Decided
        )
    )


def compare(doings: Sequence[dict[str, Any]]) -> None:
    """These events and acts have the outcomes of the reference, and lead to its books."""
    model = Model()
    expected = [theirs_of(model, doing) for doing in doings]
    found = list(of_doings(doings))
    differing = [
        (doing, theirs, ours)
        for doing, theirs, ours in zip(doings, expected, found, strict=True)
        if theirs != ours
    ]
    assert differing == []
    until = datetime.fromisoformat(doings[-1]["at"]) + timedelta(days=40)
    model.advance(until)
    shops.run_jobs(until)
    assert differences(model) == []
    books.assert_clean()
    journals.prove()


def theirs_of(model: Model, doing: dict[str, Any]) -> tuple[str, str | None]:
    """What the reference makes of an event, or of what an operator does."""
    if doing["type"] == random_events.ACT:
        at = datetime.fromisoformat(doing["at"])
        is_away = doing.get("second_is_away", False)
        who, what, to = doing["merchant"], doing["what"], doing["to"]
        if what == "confirm":
            outcome = model.confirm(who, to, at)
        elif what == "end proposal":
            outcome = model.end_proposal(who, to[0], to[1], at)
        else:
            outcome = model.act(who, what, at, to, second_is_away=is_away)
        return outcome.kind, outcome.code
    act = {random_events.CLOSE: model.close, random_events.REOPEN: model.reopen}.get(doing["type"])
    if act is None:
        outcome = model.apply(doing)
        return outcome.kind, outcome.code
    outcome = act(doing["merchant"], datetime.fromisoformat(doing["at"]))
    return outcome.kind, outcome.code


def of_doings(doings: Sequence[dict[str, Any]]) -> Iterator[tuple[str, str | None]]:
    """What becomes of each event here, and of what operators do between them."""
    run, jobs_at = EventRun(), random_events.START + JOBS_WAIT
    for doing in doings:
        at, is_act = datetime.fromisoformat(doing["at"]), "data" not in doing
        if jobs_at <= at or is_act:
            yield from map(told, run.finish())
            run = EventRun()
        while jobs_at <= at:
            shops.run_jobs(jobs_at)
            jobs_at += JOBS_WAIT
        if doing["type"] == random_events.ACT:
            yield of_act(doing, at)
        elif is_act:
            takes_two = act(doing["type"], Merchant.objects.get(reference=doing["merchant"]).pk, at)
            yield "applied", "by two" if takes_two else None
        else:
            run.apply(events.from_object(doing), now=at)
    yield from map(told, run.finish())


def told(outcome: Outcome) -> tuple[str, str | None]:
    """Status and code of the outcome; None without a code."""
    return outcome.status, outcome.code or None


def of_act(doing: dict[str, Any], at: datetime) -> tuple[str, str | None]:
    """What becomes of a decision about the merchant's terms, limit, bills or freezes."""
    merchant = Merchant.objects.get(reference=doing["merchant"])
    decision = decisions.DECISIONS[doing["what"]]
    with transaction.atomic():  # what there is to decide about is that of the day that is open
        accounts.lock_both(merchant.pk, now=at)
    try:
        decided = decision(merchant, doing["to"])
        if decided is None:
            return "rejected", "none"
        operation, arguments = decided
        became = two_people.decided(operation, actor=two_people.FIRST, now=at, **arguments)
    except Refused as refusal:
        return "rejected", refusal.code
    return "applied", "by two" if isinstance(became, Proposal) else None


def act(what: str, merchant_id: int, at: datetime) -> bool:
    """Close the merchant, or open it again, by whom it takes. Returns whether it took two."""
    operation = closing.close if what == random_events.CLOSE else reopening.reopen
    became = two_people.decided(operation, merchant_id=merchant_id, actor=two_people.FIRST, now=at,
                                **two_people.WHY)  # fmt: skip
    return isinstance(became, Proposal)


def reached_by(arriving: Iterable[tuple[datetime | None, dict[str, Any]]]) -> set[str]:
    """What a history does to the reference's books, in words."""
    model, reached, last = Model(), set(), random_events.START
    for arrived, event in arriving:
        if "data" not in event:
            theirs_of(model, event)
            reached.add(event["type"])
            continue
        outcome = model.apply(event, arrived)
        last = arrived or datetime.fromisoformat(event["at"])
        reached.add(f"{outcome.kind} {outcome.code or ''}".strip())
        reached.add(f"{event['type']} {outcome.kind} {outcome.code or ''}".strip())
    model.advance(last + timedelta(days=3))
    for merchant in model.state()["merchants"].values():
        reached.update(invoice["kind"] for invoice in merchant["bills"])
        reached.update(order["status"] for order in merchant["orders"].values())
        reached.update(freeze["reason"] for freeze in merchant["freezes"])
        reached.update(f"{review['outcome']} {review['grade']}" for review in merchant["reviews"])
        reached.update(f"refused {code} {now}" for *_, code, _, now in merchant["refused"].values())
        reached.update(["told overdue"] if merchant["told_overdue"] else [])
    for order in orders_of(model):
        reached.update(["recovered"] if order.recovered else [])
        reached.update(["refunded what was written off"] if order.forgiven else [])
        due_on = order.parts[0].due_on if order.parts else None
        if order.written_off and order.told_on and due_on and order.told_on > due_on:
            reached.add("written off later than it was due")
    for found in model.merchants.values():
        if any(item.is_late for invoice in found.account.invoices for item in invoice.items):
            reached.add("MONTHLY after its month")
    return reached


def test_the_histories_reach_every_part_of_the_books() -> None:
    """Or the comparisons above would compare less than they seem to."""
    reached: set[str] = set()
    for seed, merchants, days, pace in REPLAYED + APPLIED:
        sent = random_events.events(seed, merchants=merchants, days=days, pace=pace)
        reached |= reached_by((None, event) for event in sent)
    assert EVERYTHING - reached == set()


def test_who_moves_in_reaches_what_only_that_can() -> None:
    reached: set[str] = set()
    for seed, merchants, days, pace in MOVING:
        sent = random_events.events(
            seed, merchants=merchants, days=days, pace=pace, kind=random_events.Moving
        )
        reached |= reached_by((None, doing) for doing in sent)
    assert MOVING_TOO - reached == set()


def test_people_decide_of_everything_that_the_reference_knows() -> None:
    decided = {
        f"{doing['what']} {outcome.status}"
        for seed, merchants, days, pace in DECIDED
        for doing, outcome in decisions_of(seed, merchants, days, pace)
    }
    assert {f"{what} applied" for what in decisions.DECISIONS} - decided == set()
    assert "lift rejected" in decided


def decisions_of(
    seed: int, merchants: int, days: int, pace: int
) -> Iterator[tuple[dict[str, Any], Outcome]]:
    """What people decide in a history, with what the reference makes of it."""
    model = Model()
    for doing in random_events.events(
        seed, merchants=merchants, days=days, pace=pace, kind=random_events.Decided
    ):
        kind, _ = theirs_of(model, doing)
        if doing["type"] == random_events.ACT:
            yield doing, Outcome(kind)


def test_what_arrives_live_reaches_what_only_that_can() -> None:
    reached: set[str] = set()
    for seed, merchants, days, pace in LIVE:
        reached |= reached_by(
            random_events.arrivals(seed, merchants=merchants, days=days, pace=pace)
        )
    assert LIVE_TOO - reached == set()


def orders_of(model: Model) -> Iterator[Order]:
    """All orders of the model."""
    for merchant in model.merchants.values():
        yield from merchant.line.orders.values()
