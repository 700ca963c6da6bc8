"""manage.py replay: a file of events at their own times, with the timetable in between."""

import csv
import gzip
import random
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError

from billing.models import Invoice
from gateway.models import Replay
from merchants.models import Merchant
from tests import event_files, shops
from tests.amounts import usd
from tests.event_files import replay
from tests.whole import full

pytestmark = pytest.mark.django_db


def small_file(folder: Path) -> Path:
    """One shop, with an event of every outcome and lines that are no events."""
    lines: list[object] = []
    shop = shops.Shop("rosewood", sender=lambda event: lines.append(event) or "")  # type: ignore[func-returns-value]
    shop.join("2026-11-01 10:00")
    shop.place("2026-11-02 10:00", "A", "1000.00")
    shop.place("2026-11-02 10:01", "A", "1000.00")
    shop.place("2026-11-02 10:02", "B", "9000.00")
    shop.pay("2026-11-02 10:03", "C", "10.00")
    lines += ["this is no JSON", "", '{"id": "7"}', "[]", '"event"']
    shop.charge("2026-11-03 10:00", "pick-pack", "10.905")
    shop.send(
        "order.refunded", "2026-11-03 11:00", order="C", refund="R", amount="1", currency="USD"
    )
    shop.send("order.teleported", "2026-11-03 12:00")
    shops.Shop("nobody", sender=shop.sender).ship("2026-11-03 13:00", "A")
    shop.charge("2026-11-03 14:00", "shipping-label", "250.00")
    return event_files.write(folder / "small.jsonl", lines)  # type: ignore[arg-type]


def test_it_ends_with_a_table_of_outcomes(tmp_path: Path) -> None:
    output = replay(small_file(tmp_path), until="2026-11-04T00:00:00Z")
    table = {
        cells[0]: [int(cell) for cell in cells[1:]]
        for line in output.splitlines()
        if len(cells := [cell.strip() for cell in line.strip("│ ").split("│")]) == 5
    }
    # applied, duplicate, declined, rejected
    assert table == {
        "(no event)": [0, 0, 0, 4],
        "charge.recorded": [1, 0, 0, 1],
        "merchant.joined": [1, 0, 0, 0],
        "order.paid": [0, 0, 0, 1],
        "order.placed": [1, 1, 1, 0],
        "order.refunded": [0, 0, 0, 1],
        "order.shipped": [0, 0, 0, 1],
        "order.teleported": [0, 0, 0, 1],
    }
    # At the end of 3 November, which `until` includes.
    assert Invoice.objects.get().total == usd(250)


def test_what_was_rejected_is_listed_with_line_code_and_reason(tmp_path: Path) -> None:
    path = small_file(tmp_path)
    output = replay(path)
    listed = path.with_name("rejected.csv")
    assert f"9 rejected events are listed in {listed}" in output.replace("\n", "")
    with listed.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["line"], row["type"], row["code"]) for row in rows] == [
        ("5", "order.paid", "unknown_order"),
        ("6", "", "invalid"),
        ("8", "", "invalid"),
        ("9", "", "invalid"),
        ("10", "", "invalid"),
        ("11", "charge.recorded", "invalid"),
        ("12", "order.refunded", "unknown_order"),
        ("13", "order.teleported", "invalid"),
        ("14", "order.shipped", "unknown_merchant"),
    ]
    reasons = [row["reason"] for row in rows]
    assert reasons[0] == "order: there is no order C"
    assert reasons[1].startswith("event: not JSON")
    assert reasons[2].startswith("at: ")  # names the first member that is missing
    assert "10.905" in reasons[5]
    assert "order.teleported" in reasons[7]
    assert all(reasons)


@pytest.mark.parametrize(("events", "day"), [(16, 6), *full((28, 10))])
def test_a_file_replayed_again_changes_nothing(tmp_path: Path, events: int, day: int) -> None:
    path = event_files.write(tmp_path / "events.jsonl", event_files.a_month()[:events])
    first = replay(path, until=f"2026-11-{day:02}T00:00:00Z")
    before = event_files.everything()
    assert replay(path, until=f"2026-11-{day:02}T00:00:00Z") == first
    assert replay(path, until=f"2026-11-{day - 1:02}T00:00:00Z") == first
    assert event_files.everything() == before


@pytest.mark.parametrize(
    ("events", "end", "invoices"), [(32, "2026-11-10", 5), *full((56, "2026-11-14", 6))]
)
def test_stopped_at_an_instant_and_gone_on_from_there_equals_one_go(
    tmp_path: Path, events: int, end: str, invoices: int
) -> None:
    path = event_files.write(tmp_path / "events.jsonl", event_files.a_month()[:events])
    whole = event_files.undone(lambda: replay(path, until=f"{end}T00:00:00Z"))
    assert len(whole["bills"]) >= invoices
    assert {invoice[-1] for invoice in whole["bills"]} == {"PAID", "OPEN"}
    for until in ("2026-10-01", "2026-11-05", "2026-11-09", "2026-11-09", end):
        replay(path, until=f"{until}T00:00:00Z")
    assert event_files.everything() == whole


def test_only_events_before_until_are_applied(tmp_path: Path) -> None:
    events = event_files.a_month()
    path = event_files.write(tmp_path / "events.jsonl", events)
    replay(path, until="2026-11-06T00:00:00Z")
    first = Replay.objects.get()
    before = [event for event in events if shops.instant(event["at"]) < shops.instant("2026-11-06")]
    assert first.events_done == len(before) < len(events)
    assert {str(shop.credit_line.open_on) for shop in Merchant.objects.all()} == {"2026-11-06"}


@pytest.mark.parametrize(
    ("many", "end", "rejected"), [(24, "2026-11-07", 3), *full((40, "2026-11-11", 4))]
)
def test_an_unsorted_file_gives_the_books_of_the_sorted_one(
    tmp_path: Path, many: int, end: str, rejected: int
) -> None:
    events = event_files.a_month()[:many]
    in_order = event_files.write(tmp_path / "in-order.jsonl", events)
    shuffled = list(events)
    random.Random(7).shuffle(shuffled)
    # Events of one instant keep the order of the file, so they stay in it.
    places = {id(event): place for place, event in enumerate(events)}
    shuffled.sort(key=lambda event: (event["at"][11:13], places[id(event)]))
    assert shuffled != events
    mixed = event_files.write(tmp_path / "mixed.jsonl", shuffled)
    until = f"{end}T00:00:00Z"
    expected = event_files.undone(lambda: replay(in_order, until=until))
    found = event_files.undone(lambda: replay(mixed, until=until))
    assert len(expected.pop("rejected")) == len(found.pop("rejected")) >= rejected
    assert found == expected


@pytest.mark.full  # files as they are, above
def test_a_gzipped_file_gives_the_same(tmp_path: Path) -> None:
    plain = event_files.write(tmp_path / "events.jsonl", event_files.a_month()[:20])
    packed = tmp_path / "events.jsonl.gz"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    expected = event_files.undone(lambda: replay(plain))
    assert event_files.undone(lambda: replay(packed)) == expected


@pytest.mark.full  # tests/reference has random ones
@pytest.mark.parametrize(
    ("joined", "many"), [("2026-11-26", 20), *full(("2026-11-20", 36), ("2026-11-01", 36))]
)
def test_jobs_at_every_hour_or_only_at_the_end_give_the_same_books(
    tmp_path: Path, settings: Any, joined: str, many: int
) -> None:
    settings.TAEL_SANDBOX = True  # a replay sees to that itself
    events = event_files.a_month()[-many:]  # over the end of the month
    events = [
        {**event, "at": event["at"].replace("2026-11-01", joined)}
        for event in event_files.a_month()
        if event["type"] == "merchant.joined"
    ] + [event for event in events if event["type"] != "merchant.joined"]
    path = event_files.write(tmp_path / "events.jsonl", events)
    hourly = event_files.undone(lambda: replay(path, until="2026-12-05T00:00:00Z"))["books"]

    def only_at_the_end() -> None:
        for event in events:
            shops.apply(event)
        shops.run_jobs(shops.instant("2026-12-05"))

    assert event_files.undone(only_at_the_end)["books"] == hourly


@pytest.mark.parametrize("until", ["2026-11-01", "2026-11-01T00:00:00", "tomorrow", ""])
def test_an_until_that_is_no_instant_is_refused(tmp_path: Path, until: str) -> None:
    path = small_file(tmp_path)
    with pytest.raises(CommandError, match="not an RFC 3339 instant with an offset"):
        replay(path, until=until)
    assert not Replay.objects.exists()


def test_a_file_that_cannot_be_read_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="can't be read"):
        replay(tmp_path / "missing.jsonl")
    cut = tmp_path / "cut.jsonl.gz"
    cut.write_bytes(gzip.compress(b'{"id": 1}\n' * 1000)[:-20])
    with pytest.raises(CommandError, match="can't be read"):
        replay(cut)
    packed = gzip.compress(b'{"id": 1}\n')
    cut.write_bytes(packed[:10] + b"\xff" * 8 + packed[18:])  # damaged: the packed bytes are none
    with pytest.raises(CommandError, match="can't be read"):
        replay(cut)
    empty = event_files.write(tmp_path / "empty.jsonl", [])
    with pytest.raises(CommandError, match="there is no event in it"):
        replay(empty)
