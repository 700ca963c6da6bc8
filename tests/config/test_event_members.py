"""What events may leave out or write in several ways, and lines that say when but are no events."""

from pathlib import Path
from typing import Any

import pytest

from gateway.models import Replay
from gateway.replayed_files import BeyondTheClock, check_is_past, look_through
from tests import event_files, shops
from tests.unchanged import nothing_changes

pytestmark = pytest.mark.django_db

MARKS: dict[str, Any] = {"rating": "4.6", "listing_quality": 80, "profile_completeness": 70}


@pytest.mark.parametrize(
    "spelt_out",
    [
        {"billing_currency": "USD"},
        {"billing_currency": None},
        {"payment_method": "manual"},
        {"payment_method": ""},
        {"payment_method": None},
        {"credit_limit": "5000.000"},
    ],
    ids=str,
)
def test_a_join_that_spells_out_what_it_meant_is_a_repeat(spelt_out: dict[str, Any]) -> None:
    shop = shops.join("2026-11-01 10:00")
    again = shop.send("merchant.joined", "2026-11-01 11:00", **shop.terms | spelt_out)
    assert again == "duplicate"


@pytest.mark.parametrize("other", [{"billing_currency": "THB"}, {"payment_method": "proceeds"}])
def test_one_that_means_something_else_is_a_conflict(other: dict[str, str]) -> None:
    shop = shops.join("2026-11-01 10:00")
    again = shop.send("merchant.joined", "2026-11-01 11:00", **shop.terms | other)
    assert again == "rejected conflict"


def test_a_buyers_risk_that_is_null_is_not_known() -> None:
    shop = shops.join("2026-11-01 10:00")
    assert shop.place("2026-11-01 11:00", "A", "10.00", buyer_risk=None) == "applied"
    assert shop.place("2026-11-01 11:00", "A", "10.00", buyer_risk=0) == "duplicate"
    assert shop.place("2026-11-01 11:00", "A", "10.00") == "duplicate"


def test_marks_and_quantities_may_be_numbers_and_count_as_written() -> None:
    shop = shops.join("2026-11-01 10:00")
    said = MARKS | {"rating": 4.6, "after_sales": 33.3333}
    assert shop.send("shop.metrics", "2026-11-01 11:00", **said) == "applied"
    found = shop.line.metrics.get()
    assert (str(found.rating), str(found.after_sales)) == ("4.6000", "33.3333")
    again = MARKS | {"after_sales": "33.3333"}
    assert shop.send("shop.metrics", "2026-11-01 11:00", **again) == "duplicate"
    assert shop.charge("2026-11-01 12:00", "pick-pack", "1.00", "C", quantity=2.5) == "applied"
    assert shop.charge("2026-11-01 12:00", "pick-pack", "1.00", "C", quantity="2.50") == "duplicate"


@pytest.mark.parametrize("rating", [float("nan"), float("inf"), 5.1, True, "4,6"], ids=str)
def test_what_is_no_mark_is_invalid(rating: object) -> None:
    shop = shops.join("2026-11-01 10:00")
    said = MARKS | {"rating": rating, "after_sales": 90}
    with nothing_changes():
        assert shop.send("shop.metrics", "2026-11-01 11:00", **said) == "rejected invalid"


def test_amounts_are_never_numbers() -> None:
    shop = shops.join("2026-11-01 10:00")
    with nothing_changes():
        assert shop.place("2026-11-01 11:00", "A", 10.5) == "rejected invalid"  # type: ignore[arg-type]


def nameless(at: str) -> dict[str, Any]:
    """No event, as it has no id."""
    return {"type": "order.shipped", "at": at, "merchant": "rosewood", "data": {"order": "A"}}


def test_a_line_that_is_no_event_keeps_its_own_place_in_time(tmp_path: Path) -> None:
    lines: list[dict[str, Any] | str] = [
        nameless("2026-11-05T10:00:00Z"),
        nameless("2026-11-02T10:00:00Z"),
        "{}",
    ]
    path = event_files.write(tmp_path / "events.jsonl", lines)
    event_files.replay(path, until="2026-11-03T00:00:00+00:00")
    replay = Replay.objects.get()
    assert list(replay.rejections.order_by("line").values_list("line", flat=True)) == [2, 3]
    event_files.replay(path, until="2026-11-06T00:00:00+00:00")
    assert list(replay.rejections.order_by("line").values_list("line", flat=True)) == [1, 2, 3]


def test_it_refuses_the_file_where_it_is_beyond_the_clock(tmp_path: Path) -> None:
    lines = [nameless("2026-11-02T10:00:00Z"), nameless("2027-11-02T10:00:00Z")]
    source = look_through(
        event_files.write(tmp_path / "events.jsonl", lines), now=shops.instant("2026-11-20 10:00")
    )
    with pytest.raises(BeyondTheClock, match="line 2"):
        check_is_past(source, None, now=shops.instant("2026-11-20 10:00"))
