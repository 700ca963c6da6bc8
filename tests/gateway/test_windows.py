"""Events of orders that are applied together come to what they come to one by one (rule 20.11), in
windows that go past instants at which nothing is due (rule 20.12).
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from billing.models import Payment
from credit.jobs import ORDER_FLAGS
from credit.models import Order, OrderFlag
from gateway.events import EventRun
from gateway.replay import Replaying, jobs_of_a_replay
from gateway.replayed_files import Line
from jobs.definitions import Job
from lib import audit, events
from tests import event_files
from tests.shops import Shop

pytestmark = pytest.mark.django_db

Sent = list[events.Event]


def a_day(of: Callable[[str, Sent], None], *references: str) -> Sent:
    """What happens at shops with these references, which have joined before."""
    sent: Sent = []
    for reference in references:
        of(reference, sent)
    return sorted(sent, key=lambda event: event.at)


def shop(reference: str, sent: Sent, **terms: Any) -> Shop:
    """A shop whose events are not applied, but added to `sent`."""

    def send(event: dict[str, Any]) -> str:
        """Keep the event, and apply nothing."""
        sent.append(events.from_object(event))
        return ""

    return Shop(reference, sender=send, **terms)


def every_outcome(reference: str, sent: Sent) -> None:
    """A limit of 5,000: taken, repeated, declined, told of, unknown, too much, late and refused."""
    of = shop(reference, sent)
    of.place("2026-11-02 10:00", "A", "1000.00")
    of.place("2026-11-02 10:01", "A", "1000.00")
    of.place("2026-11-02 10:02", "A", "1001.00")
    of.place("2026-11-02 10:03", "B", "9000.00")
    of.place("2026-11-02 10:04", "C", "3500.00")
    of.ship("2026-11-02 10:05", "A")
    of.ship("2026-11-02 10:06", "B")
    of.pay("2026-11-02 10:07", "A", "400.00", "P1")
    of.pay("2026-11-02 10:08", "A", "400.00", "P1")
    of.pay("2026-11-02 10:09", "A", "700.00", "P2")
    of.pay("2026-11-02 10:10", "A", "100.00", "P5")
    of.pay("2026-11-02 10:10", "Z", "1.00", "P3")
    of.deliver("2026-11-02 10:11", "A")
    of.cancel("2026-11-02 10:12", "C")
    of.pay("2026-11-02 10:13", "A", "500.00", "P4")
    of.place("2026-11-03 10:00", "D", "5000.00")
    of.place("2026-11-03 10:01", "E", "0.01")


EXPECTED = [
    "applied", "duplicate", "rejected", "declined", "applied", "applied", "rejected", "applied",
    "duplicate", "rejected", "applied", "rejected", "applied", "applied", "applied", "applied",
    "declined",
]  # fmt: skip


def together(sent: Sent) -> list[str]:
    """The outcomes of these events, applied in one run."""
    run = EventRun()
    run.hold(sent)
    for event in sent:
        run.apply(event, now=event.at)
    return [outcome.status for outcome in run.finish()]


def one_by_one(sent: Sent) -> list[str]:
    """The outcomes of these events, each applied in a run of its own."""
    statuses = []
    for event in sent:
        run = EventRun()
        run.apply(event, now=event.at)
        statuses += [outcome.status for outcome in run.finish()]
    return statuses


def joined(*references: str) -> None:
    """Have these merchants join."""
    sent: Sent = []
    for reference in references:
        shop(reference, sent).join("2026-11-01 10:00")
    assert set(one_by_one(sent)) == {"applied"}


def test_each_event_of_a_window_comes_to_what_it_comes_to_alone() -> None:
    joined("rosewood", "orchid")
    sent = a_day(every_outcome, "rosewood", "orchid")
    outcomes: dict[str, list[str]] = {}

    def way(name: str, apply: Callable[[Sent], list[str]]) -> dict[str, Any]:
        """The books after the events were applied in this way; their outcomes are noted."""
        return event_files.undone(lambda: outcomes.update({name: apply(sent)}))

    by_itself, window = way("alone", one_by_one), way("window", together)
    of_one = [
        status
        for status, event in zip(outcomes["window"], sent, strict=True)
        if event.merchant == "rosewood"
    ]
    assert of_one == EXPECTED
    assert outcomes["window"] == outcomes["alone"]
    assert window == by_itself
    together(sent)
    found = audit.run(audit.registered(), now=sent[-1].at)
    assert [finding.check.name for finding in found if finding.violations] == []


def test_ten_times_as_many_orders_take_no_more_statements() -> None:
    joined("rosewood", "orchid")

    def statements(first: int, orders: int) -> int:
        """How many statements so many orders take in one run."""
        sent: Sent = []
        for number in range(first, first + orders):
            of = shop("rosewood" if number % 2 else "orchid", sent)
            of.place("2026-11-02 10:00", f"A{number}", "10.00")
        with CaptureQueriesContext(connection) as captured:
            assert set(together(sent)) == {"applied"}
        return len(captured)

    statements(0, 2)  # the first of the day ends the day before
    assert statements(2, 10) == statements(12, 100) == 10


@pytest.mark.full  # each event comes to the same, above
def test_windows_go_past_instants_at_which_nothing_is_due_and_come_to_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bill that the shop's threshold brings on Monday is collected as that day ends. Then a job
    is added that order B gives something to do at 10:30: the window that has events up to 13:40 is
    undone, and applied in two parts.
    """
    sent: list[dict[str, Any]] = []
    of = Shop("rosewood", sender=lambda event: sent.append(event) or "", payment_method="sandbox")  # type: ignore[func-returns-value]
    of.join("2026-11-01 10:00")
    of.place("2026-11-02 08:10", "A", "1000.00")
    of.place("2026-11-02 09:50", "B", "10.00")
    of.charge("2026-11-02 10:05", "shipping-label", "210.00")
    of.ship("2026-11-02 11:20", "A")
    of.place("2026-11-02 12:30", "C", "5000.00")
    of.pay("2026-11-02 13:40", "A", "400.00", "P1")
    path = event_files.write(tmp_path / "events.jsonl", sent)
    windows: list[tuple[int, bool]] = []  # how many events, and whether they were kept
    collected: list[datetime] = []
    worked_at: list[datetime] = []
    apply, jobs = Replaying._apply, jobs_of_a_replay()

    def noted(self: Replaying, window: Sequence[Line]) -> datetime | None:
        """Apply the group of lines, and note how many it has and whether anything is due after
        it.
        """
        due = apply(self, window)
        windows.append((len(window), due is None))
        return due

    def replayed() -> None:
        windows.clear()
        event_files.replay(path, until="2026-11-04T00:00:00Z")
        collected.extend(Payment.objects.values_list("started_at", flat=True))

    def due(now: datetime) -> Sequence[int]:
        worked_at.append(now)
        return []

    def due_from() -> datetime | None:
        is_there = Order.objects.filter(reference="B").exists()
        return of.at("2026-11-02 10:30") if is_there and not worked_at else None

    monkeypatch.setattr(Replaying, "_apply", noted)
    in_long_ones = event_files.undone(replayed)
    assert windows == [(1, True), (6, True)]
    added = Job("added", due, lambda keys, now: {}, timedelta(hours=1), due_from=due_from)
    monkeypatch.setattr("gateway.replay.jobs_of_a_replay", lambda: [*jobs, added])
    assert event_files.undone(replayed) == in_long_ones
    assert windows == [(1, True), (6, False), (3, True), (3, True)]
    assert worked_at[0] == of.at("2026-11-02 11:00")
    monkeypatch.setattr(Replaying, "stops_at_each_tick", True)
    assert event_files.undone(replayed) == in_long_ones
    assert windows == [(1, True)] * 7
    assert collected == [of.at("2026-11-03 00:00")] * 3


@pytest.mark.full  # so past instants
def test_windows_go_past_days_on_which_no_order_is_to_be_flagged_and_raise_the_same_flags(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A buyer's fifth order within a day comes on the 4th, a sixth after midnight UTC, and one that
    was shipped on the 2nd is not delivered on 1 January.
    """
    sent: list[dict[str, Any]] = []
    of = Shop("rosewood", sender=lambda event: sent.append(event) or "", timezone="Asia/Bangkok")  # type: ignore[func-returns-value]
    of.join("2026-11-01 10:00")
    of.place("2026-11-02 08:10", "A", "10.00")
    of.ship("2026-11-02 09:20", "A")
    for number in range(5):
        of.place(f"2026-11-04 {8 + number:02}:00", f"B{number}", "10.00", buyer="busy")
    of.place("2026-11-05 07:30", "B5", "10.00", buyer="busy")
    for number in range(4):
        of.place(f"2026-11-06 {8 + number:02}:00", f"C{number}", "10.00", buyer="calm")
    path = event_files.write(tmp_path / "events.jsonl", sent)
    looked_at: list[datetime] = []
    found = ORDER_FLAGS.due

    def due(now: datetime) -> Sequence[int]:
        looked_at.append(now)
        return found(now)

    def replayed() -> list[tuple[Any, ...]]:
        flags: list[tuple[Any, ...]] = []

        def replay() -> None:
            event_files.replay(path, until="2027-01-10T00:00:00Z")
            told = OrderFlag.objects.order_by("at", "cause")
            flags.extend(
                (flag.at, flag.cause, [order["order"] for order in flag.evidence]) for flag in told
            )

        looked_at.clear()
        event_files.undone(replay)
        return flags

    jobs = [replace(job, due=due) if job is ORDER_FLAGS else job for job in jobs_of_a_replay()]
    monkeypatch.setattr("gateway.replay.jobs_of_a_replay", lambda: jobs)
    in_long_ones = replayed()
    assert in_long_ones == [
        (of.at("2026-11-05 07:00"), "2026-11-04 busy", ["B0", "B1", "B2", "B3", "B4", "B5"]),
        (of.at("2027-01-02 07:00"), "A", ["A"]),
    ]
    assert [instant.date().isoformat() for instant in looked_at] == [
        "2026-11-05", "2026-11-06", "2027-01-02", "2027-01-10",
    ]  # fmt: skip
    monkeypatch.setattr(Replaying, "stops_at_each_tick", True)
    assert replayed() == in_long_ones
    assert len(looked_at) == 71
