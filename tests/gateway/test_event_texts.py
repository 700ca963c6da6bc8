"""Texts that events carry: what does not fit is that event's outcome, and the next one goes on."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.db import DataError, OperationalError, connection, transaction
from django.test import Client

from billing.models import Charge
from credit.operations import orders
from gateway.events import apply_all
from gateway.models import Replay
from lib import events
from lib.refusals import Invalid
from merchants.models import Merchant
from tests import event_files, factories, shops
from tests.unchanged import nothing_changes
from tests.whole import some

pytestmark = pytest.mark.django_db

AT = "2026-11-02T10:00:00+00:00"
DATA: dict[str, dict[str, Any]] = {
    "merchant.joined": shops.TERMS | {"payment_method": "manual"},
    "order.placed": {"order": "B", "buyer": "Mia", "amount": "1.00", "currency": "USD"},
    "order.shipped": {"order": "A"},
    "order.delivered": {"order": "A"},
    "order.cancelled": {"order": "A", "reason": "changed my mind"},
    "order.paid": {"order": "A", "payment": "P", "amount": "1.00", "currency": "USD"},
    "order.refunded": {"order": "A", "refund": "R", "amount": "1.00", "currency": "USD"},
    "charge.recorded": {
        "charge": "C",
        "fee": "pick-pack",
        "request": "FR-1",
        "description": "a box",
        "currency": "USD",
        "amount": "1.00",
    },
}
REFERENCES = [
    *(("merchant.joined", name) for name in ("name", "timezone", "language", "plan")),
    *(("merchant.joined", name) for name in ("currency", "payment_method", "credit_limit")),
    *(("order.placed", name) for name in ("order", "buyer", "currency", "amount")),
    *(("order.shipped", "order"), ("order.delivered", "order"), ("order.cancelled", "order")),
    *(("order.paid", name) for name in ("order", "payment", "currency", "amount")),
    *(("order.refunded", name) for name in ("order", "refund", "currency", "amount")),
    *(("charge.recorded", name) for name in ("charge", "fee", "request", "currency", "amount")),
]
LONGER = [("charge.recorded", "description", 200), ("order.cancelled", "reason", 500)]
BAD = {
    "NUL": "a\x00b",
    "a C0 control": "a\x07b",
    "a tab": "a\tb",
    "DEL": "a\x7fb",
    "a C1 control": "a\x85b",
    "the last C1 control": "a\x9fb",
    "a lone surrogate": "a\ud800b",
    "the other half of one": "a\udfffb",
}
TEXTS = [*REFERENCES, *((kind, member) for kind, member, _ in LONGER)]


def event(kind: str, **data: Any) -> dict[str, Any]:
    """A valid event of this kind, with other data in it."""
    merchant = "orchid" if kind == "merchant.joined" else "rosewood"
    return {
        "id": "an event",
        "type": kind,
        "at": AT,
        "merchant": merchant,
        "data": DATA[kind] | data,
    }


@pytest.fixture
def shop() -> shops.Shop:
    """A shop with an order."""
    shop = shops.join("2026-11-01 10:00")
    shop.place("2026-11-02 09:00", "A", "10.00")
    return shop


@pytest.mark.parametrize(("kind", "member"), some(TEXTS, 3))
def test_what_cannot_be_kept_or_shown_is_invalid(shop: shops.Shop, kind: str, member: str) -> None:
    with nothing_changes():
        for name, text in BAD.items():
            said = json.dumps(event(kind, **{member: text}))  # as it comes in a file
            (outcome,) = apply_all([events.parse(said)], now=shops.instant(AT))
            assert (outcome.status, outcome.code) == ("rejected", "invalid"), name
    assert list(Merchant.objects.values_list("reference", flat=True)) == ["rosewood"]


@pytest.mark.parametrize("member", ["id", "type", "merchant"])
def test_so_it_is_in_what_every_event_says(member: str) -> None:
    for text in [*BAD.values(), "x" * 101]:
        said = json.dumps(event("order.shipped") | {member: text})
        with pytest.raises(Invalid, match=f"^{member}: "):
            events.parse(said)


@pytest.mark.parametrize(
    ("kind", "member", "longest"),
    some(
        [
            *(("merchant.joined", name, 100) for name in ("name", "plan")),
            *(("order.placed", name, 100) for name in ("order", "buyer")),
            *(("order.paid", "payment", 100), ("order.refunded", "refund", 100)),
            *(("charge.recorded", name, 100) for name in ("charge", "request")),
            *LONGER,
        ],
        4,
    ),
)
def test_each_text_has_its_length(shop: shops.Shop, kind: str, member: str, longest: int) -> None:
    shop.pay("2026-11-02 09:30", "A", "1.00") if kind == "order.refunded" else None
    with nothing_changes():
        assert shops.apply(event(kind, **{member: "ж" * (longest + 1)})) == "rejected invalid"
    assert shops.apply(event(kind, **{member: "ж" * longest})) == "applied"


def test_a_reason_may_have_lines_and_they_end_alike(shop: shops.Shop) -> None:
    shops.apply(event("order.cancelled", reason="too late\r\ntoo dear\rtoo blue"))
    assert shop.line.orders.get().cancel_reason == "too late\ntoo dear\ntoo blue"
    again = event("order.cancelled", reason="too late\ntoo dear\ntoo blue")
    assert shops.apply(again) == "duplicate"


def test_other_characters_are_taken_and_their_pages_are_there(
    shop: shops.Shop, client: Client
) -> None:
    """Unicode's separators of lines and paragraphs, blanks and marks are no control characters."""
    request = "FR 1/\u2028\u2029 \u00a0\u200b…%?#é箱"
    assert shops.apply(event("charge.recorded", request=request)) == "applied"
    client.force_login(factories.member(shop))
    listed = client.get("/m/rosewood/billing/requests/")
    (address,) = {
        part.split('"')[0]
        for part in listed.content.decode().split('href="')
        if part.startswith("/m/rosewood/billing/requests/FR")
    }
    assert client.get(address).status_code == 200


@pytest.mark.parametrize(
    ("kind", "member", "text"),
    [
        ("merchant.joined", "payment_method", "sand\x00box"),
        ("charge.recorded", "request", "x" * 101),
        ("charge.recorded", "request", "\ud800"),
    ],
)
def test_the_file_goes_on_behind_it(tmp_path: Path, kind: str, member: str, text: str) -> None:
    join = event("merchant.joined") | {"merchant": "rosewood", "at": "2026-11-01T10:00:00+00:00"}
    lines = [join, event(kind, **{member: text}), event("order.placed", order="o")]
    path = event_files.write(tmp_path / "events.jsonl", lines)
    event_files.replay(path, until="2026-11-03T00:00:00+00:00")
    replay = Replay.objects.get()
    assert list(replay.rejections.values_list("line", "code")) == [(2, "invalid")]
    assert (replay.events_done, replay.outcomes["order.placed"]) == (3, {"applied": 1})
    assert shops.Shop("rosewood").order("o") == ("OPEN", "1.00")


# --- what the database refuses all the same ------------------------------------------------------


def charge(reference: str) -> dict[str, Any]:
    """An event that charges a fee under this reference."""
    return event("charge.recorded", charge=reference)


def applied(sent: Sequence[dict[str, Any]]) -> list[str]:
    """The outcome of each event, with its code if it has one."""
    outcomes = apply_all([events.from_object(one) for one in sent], now=shops.instant(AT))
    return [f"{outcome.status} {outcome.code}".strip() for outcome in outcomes]


@pytest.fixture
def refusing(monkeypatch: pytest.MonkeyPatch) -> list[BaseException]:
    """A list that is empty at first. Once a test puts an error into it, recording a batch of
    charges with the reference `bad` raises that, as if the operation had a bug, and records none of
    them.
    """
    raised: list[BaseException] = []
    batched = events.type_named("charge.recorded")
    assert isinstance(batched, events.BatchedType)
    record = batched.record

    @transaction.atomic
    def strict(new: Any) -> Any:
        """Record the charges. If one of them is `bad`, raise the test's error instead and keep
        none.
        """
        outcomes = record(new)
        if raised and any(one.reference == "bad" for one in new):
            raise raised[0]
        return outcomes

    known = {**events._registered, "charge.recorded": replace(batched, record=strict)}
    monkeypatch.setattr(events, "_registered", known)
    return raised


def test_the_charge_at_fault_is_found_and_the_others_are_recorded(
    shop: shops.Shop, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """As if an amount were taken that the column has no room for."""
    monkeypatch.setattr("lib.money.posted", lambda amount, *_, **__: amount)
    sent = [charge(f"good-{number}") for number in range(1, 8)]
    sent[4] = event("charge.recorded", charge="bad", amount="9" * 24)
    assert applied(sent) == ["applied"] * 4 + ["rejected invalid"] + ["applied"] * 2
    recorded = Charge.objects.exclude(fee="plan").values_list("reference", flat=True)
    assert sorted(recorded) == [f"good-{number}" for number in (1, 2, 3, 4, 6, 7)]
    assert shop.figures() == ("6.00", "0.00")
    assert "An event has something in it that the database refuses" in caplog.text


def test_an_order_at_fault_is_refused_alone(
    shop: shops.Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    placed = [event("order.placed", order=name, buyer="Mia") for name in ("x", "y")]
    insert = orders._insert

    def too_long(order: Any, *more: Any) -> Any:
        if order.reference == "x":
            with connection.cursor() as cursor:
                cursor.execute("SELECT CAST(%s AS smallint)", [10**9])
        return insert(order, *more)

    monkeypatch.setattr(orders, "_insert", too_long)
    assert applied(placed) == ["rejected invalid", "applied"]
    assert shop.order("y") == ("OPEN", "1.00")
    assert not shop.line.orders.filter(reference="x").exists()


@pytest.mark.parametrize("error", [OperationalError("gone"), TypeError("a defect of ours")])
def test_a_failure_of_ours_is_no_outcome_and_nothing_is_kept(
    shop: shops.Shop, refusing: list[BaseException], error: Exception
) -> None:
    refusing.append(error)
    with nothing_changes(), pytest.raises(type(error)):
        applied([charge("good"), charge("bad")])
    refusing.clear()
    assert applied([charge("good"), charge("bad")]) == ["applied", "applied"]


def test_a_deadlock_is_no_outcome(shop: shops.Shop, refusing: list[BaseException]) -> None:
    deadlock = OperationalError()
    deadlock.__cause__ = psycopg.errors.DeadlockDetected()
    refusing.append(deadlock)
    with nothing_changes(), pytest.raises(OperationalError):
        applied([charge("bad")])
    refusing[0] = DataError()
    refusing[0].__cause__ = psycopg.errors.StringDataRightTruncation()
    assert applied([charge("bad")]) == ["rejected invalid"]
