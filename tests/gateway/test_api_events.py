"""Many events at once: each has its own outcome, all are on record, and all may be sent again."""

import gzip
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from gateway import intake
from gateway.models import ReceivedEvent
from gateway.operations import keys
from jobs.retention import RETENTION
from lib import events
from lib.refusals import Refused
from tests import books, shops
from tests.credit.pages import set_clock
from tests.factories import browser_of, operator
from tests.gateway.asking import Caller, pointers, problem, said
from tests.shops import Shop
from tests.text import text_of
from tests.unchanged import nothing_changes
from tests.whole import some
from trail.models import TrailEntry

pytestmark = pytest.mark.django_db
SENT_AGAIN = ["gateway_receivedevent", "trail_trailentry", "django_admin_log"]
AT = "2026-11-10T10:00:00+00:00"
Clock = Callable[[str], None]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Sets the API's clock, which stands at 10 Nov 2026, 10:00 UTC."""
    set_to = set_clock(monkeypatch)
    set_to("2026-11-10 10:00")
    return set_to


@pytest.fixture
def shop(clock: Clock) -> Shop:
    """A shop that has just joined."""
    return shops.join("2026-11-01 10:00")


@pytest.fixture
def caller(shop: Shop) -> Caller:
    """Somebody with a key of the API, and a shop to ask about."""
    return Caller()


def event(event_id: str, kind: str, merchant: str = "rosewood", /, **data: Any) -> dict[str, Any]:
    """An event as JSON has it, at AT."""
    return {"id": event_id, "type": kind, "at": AT, "merchant": merchant, "data": data}


def placed(order: str, amount: str = "10.00", **data: Any) -> dict[str, Any]:
    """An event by which an order is placed."""
    content = {"order": order, "buyer": "b", "amount": amount, "currency": "USD"}
    return event(f"place-{order}", "order.placed", **content | data)


def charged(charge: str, amount: str = "1.00", **data: Any) -> dict[str, Any]:
    """An event that charges a fee."""
    content = {"charge": charge, "fee": "pick-pack", "amount": amount, "currency": "USD"}
    return event(f"charge-{charge}", "charge.recorded", **content | data)


def outcomes(results: list[dict[str, Any]]) -> list[str]:
    """The outcome of each event, with its code if it has one."""
    return [f"{one['outcome']} {one['code'] or ''}".strip() for one in results]


def test_each_event_has_its_own_outcome_in_the_order_sent(caller: Caller, shop: Shop) -> None:
    sent = (
        placed("A"),
        charged("C", unknown="ignored"),
        placed("B", "5000.01"),
        placed("A", "11.00", buyer="other"),
        event("x", "order.shipped", order="nowhere"),
        event("y", "order.misplaced", order="A"),
        placed("D", "12.001"),
        {"id": "z", "type": "order.placed"},
        "no event",
    )
    first = caller.events(*sent)
    assert outcomes(first) == [
        "applied",
        "applied",
        "declined insufficient_credit",
        "rejected conflict",
        "rejected unknown_order",
        "rejected invalid",
        "rejected invalid",
        "rejected invalid",
        "rejected invalid",
    ]
    assert [one["id"] for one in first] == [*(one["id"] for one in sent[:-1]), None]
    assert [one["errors"] for one in first[3:7]] == [
        ["/buyer", "/amount"],
        [],
        ["/type"],
        ["/amount"],
    ]
    with nothing_changes(but=["gateway_receivedevent"]):
        again = caller.events(*sent)
    assert outcomes(again) == ["duplicate"] * 3 + outcomes(first)[3:]
    assert shop.order("A") == ("OPEN", "10.00")


def test_a_packed_batch_is_the_same(caller: Caller, shop: Shop) -> None:
    body = gzip.compress(json.dumps({"events": [placed("A")]}).encode(), mtime=0)
    packed = caller.post("/events", body, **{"Content-Encoding": "gzip"})
    assert outcomes(said(packed)["results"]) == ["applied"]


@pytest.mark.parametrize(
    ("body", "headers", "refused"),
    some(
        [
            (b'{"events": [', {}, (400, "malformed_json")),
            (b'{"events": [], "events": [1]}', {}, (400, "malformed_json")),
            (b'{"events": [NaN]}', {}, (400, "malformed_json")),
            (b"\xff", {}, (400, "malformed_json")),
            (b"x", {"Content-Encoding": "gzip"}, (400, "malformed_gzip")),
            (
                gzip.compress(b"{}", mtime=0)[:-4],
                {"Content-Encoding": "gzip"},
                (400, "malformed_gzip"),
            ),
            (b"{}", {"Content-Encoding": "br"}, (415, "unsupported_encoding")),
            (b"{}", {"Content-Type": "text/csv"}, (415, "unsupported_media_type")),
            (
                gzip.compress(b" " * 6_000_000, mtime=0),
                {"Content-Encoding": "gzip"},
                (413, "too_large"),
            ),
            (b" " * 5_300_000, {}, (413, "too_large")),
            (b" " * 6_300_000, {}, (413, "too_large")),
            (b"{}", {}, (422, "invalid")),
            (b'{"events": {}}', {}, (422, "invalid")),
            (b'{"events": []}', {}, (422, "invalid")),
            (b'{"events": [1], "more": 1}', {}, (422, "invalid")),
            (b'{"events": [%s1]}' % (b"1," * 1000), {}, (422, "invalid")),
        ],
        5,
    ),
    ids=lambda value: str(value)[:30],
)
def test_a_batch_that_is_none_is_refused_as_a_whole(
    caller: Caller, body: bytes, headers: dict[str, str], refused: tuple[int, str]
) -> None:
    answer = caller.post("/events", body, **headers)
    assert problem(answer) == refused
    assert not ReceivedEvent.objects.exists()


def test_a_batch_of_cloud_events(caller: Caller, shop: Shop) -> None:
    ours = placed("A")
    cloud = {
        "specversion": "1.0",
        "id": ours["id"],
        "source": "/checkout",
        "type": "tael.order.placed",
        "subject": "rosewood",
        "time": AT,
        "data": ours["data"],
        "traceparent": "00-1",
    }
    batch = [cloud, cloud | {"specversion": "0.3"}, {"id": 1}, 7]
    kind = {"Content-Type": "application/cloudevents-batch+json"}
    results = said(caller.post("/events", json.dumps(batch).encode(), **kind))["results"]
    assert outcomes(results) == ["applied", *["rejected invalid"] * 3]
    assert shop.order("A") == ("OPEN", "10.00")
    assert outcomes(caller.events(ours)) == ["duplicate"]
    not_a_list = caller.post("/events", json.dumps(cloud).encode(), **kind)
    assert (problem(not_a_list), pointers(not_a_list)) == ((422, "invalid"), [""])


def test_a_key_sends_what_it_is_for_and_of_its_own_merchant(shop: Shop) -> None:
    shops.join("2026-11-01 10:00", "other")
    sent = (
        placed("A"),
        charged("C"),
        event("m", "shop.metrics", rating="4.5"),
        placed("A") | {"merchant": "other"},
        placed("A") | {"merchant": "nobody"},
    )
    foreign = ["rejected unknown_merchant"] * 2
    mine = Caller("orders", merchant=shop.merchant).events(*sent)
    assert outcomes(mine) == ["applied", *["rejected forbidden"] * 2, *foreign]
    assert mine[3]["detail"].replace("other", "nobody") == mine[4]["detail"]
    platforms = Caller("charges", "orders").events(*sent)
    assert outcomes(platforms) == [
        *("duplicate", "applied", "rejected forbidden"),
        *("applied", "rejected unknown_merchant"),
    ]


def test_what_came_in_is_told_to_who_sent_it(caller: Caller, shop: Shop) -> None:
    other = shops.join("2026-11-01 10:00", "other")
    nul = event("nul", "order.shipped", order="A\0")
    caller.events(placed("A"), placed("A", "11.00"), nul, "no event")
    shown = said(caller.get("/events/place-A"))
    assert (
        shown.items()
        >= {  # the latest of that id
            "id": "place-A",
            "type": "order.placed",
            "merchant": "rosewood",
            "at": "2026-11-10T10:00:00Z",
            "received_at": "2026-11-10T10:00:00Z",
            "outcome": "rejected",
            "code": "conflict",
        }.items()
    )
    assert shown["data"]["amount"] == "11.00"
    assert said(caller.get("/events/nul"))["data"] == {"order": "A\0"}
    assert ReceivedEvent.objects.count() == 4
    assert problem(Caller(merchant=other.merchant).get("/events/nul")) == (404, "not_found")
    assert Caller("read", merchant=shop.merchant).get("/events/nul").status_code == 200


def test_a_route_of_its_own_is_on_record_by_the_id_of_its_request(
    caller: Caller, shop: Shop
) -> None:
    asked = caller.post("/merchants/rosewood/orders/A/shipment", **{"X-Request-ID": "lost-answer"})
    assert problem(asked) == (404, "unknown_order")
    shown = said(caller.get("/events/lost-answer"))
    assert (shown["type"], shown["outcome"], shown["code"]) == (
        "order.shipped",
        "rejected",
        "unknown_order",
    )


def test_a_batch_is_on_record_letter_by_letter(caller: Caller, shop: Shop) -> None:
    """Whatever means something to the way in which many rows are written, or to JSON."""
    strange = 'a\\b \\N \\. "c" ü มาลี 丁'
    lines = {"reason": "one\r\ntwo\tthree\\", "deep": [{"more": "\ud800\x00"}]}
    sent: list[Any] = [
        event(f"e {strange}", "order.placed", strange, order=strange),
        event("lines", "order.cancelled", order="A", **lines),
        {"id": "x\ny", "type": 5, "at": "never", "merchant": "m\tn", "data": "none"},
        7,
        placed("A-1"),
    ]
    assert len(caller.events(*sent)) == 5
    rows = ReceivedEvent.objects.order_by("id")
    at = shops.instant("2026-11-10 10:00")
    assert [(row.event, row.type, row.merchant, row.said_at) for row in rows] == [
        (f"e {strange}", "order.placed", strange, at),
        ("lines", "order.cancelled", "rosewood", at),
        ("x y", "", "m\ufffdn", None),
        ("", "", "", None),
        ("place-A-1", "order.placed", "rosewood", at),
    ]
    data = [json.loads(row.data) for row in rows]
    assert data == [{"order": strange}, {"order": "A", **lines}, "none", {}, sent[-1]["data"]]
    assert [row.outcome for row in rows] == ["rejected"] * 4 + ["applied"]
    assert rows[0].reason == f"merchant: there is no merchant {strange}"
    assert {(row.key, row.received_at) for row in rows} == {(caller.key, at)}


def test_records_are_kept_for_thirty_days(caller: Caller) -> None:
    caller.events(placed("A"))
    arrived = shops.instant("2026-11-10 10:00")
    RETENTION.run_here(arrived + timedelta(days=30))
    assert ReceivedEvent.objects.count() == 1
    RETENTION.run_here(arrived + timedelta(days=30, seconds=1))
    assert not ReceivedEvent.objects.exists()


def test_a_refused_event_is_sent_again_once_what_stood_in_its_way_is_mended(
    caller: Caller, shop: Shop
) -> None:
    cash = {"payment": "P", "order": "A", "amount": "10.00", "currency": "USD"}
    caller.events(event("pay", "order.paid", **cash), placed("B"))
    refused, applied = ReceivedEvent.objects.order_by("pk")
    officer = browser_of(operator("Credit officer"))
    address = f"/admin/gateway/receivedevent/{refused.pk}/decide/send-again/"
    assert "unknown_order" in officer.get(address).content.decode()
    caller.events(placed("A"))
    officer.post(address, {"reason": "the order is here now"})
    refused.refresh_from_db()
    again = ReceivedEvent.objects.get(again=refused)
    assert (again.outcome, refused.outcome) == ("applied", "rejected")
    assert shop.order("A") == ("PAID", "0.00")
    row = TrailEntry.objects.get(action="EVENT_SENT_AGAIN")
    assert (row.subject, row.reason) == ("order.paid pay", "the order is here now")
    for done in (refused, applied):
        with nothing_changes(), pytest.raises(Refused):
            intake.send_again(
                received_id=done.pk, reason="once more", actor="ada", now=refused.received_at
            )


def test_what_a_key_may_not_send_is_not_sent_for_it_either(shop: Shop) -> None:
    other = shops.join("2026-11-01 10:00", "other")
    thief = Caller("orders", "read", merchant=other.merchant)
    thief.events(placed("A"))
    refused = ReceivedEvent.objects.get()
    with nothing_changes(but=["gateway_receivedevent", "trail_trailentry"]):
        again = intake.send_again(
            received_id=refused.pk, reason="a mistake", actor="ada", now=refused.received_at
        )
    assert (again.outcome, again.code) == ("rejected", "unknown_merchant")
    owners = Caller("read", merchant=shop.merchant)
    for caller in (thief, owners):  # it is of no merchant's own systems
        assert problem(caller.get("/events/place-A")) == (404, "not_found")


def test_what_is_no_object_is_refused_again_and_brings_no_page_down(
    caller: Caller, shop: Shop
) -> None:
    caller.events({**event("list", "order.placed"), "data": [1]})
    refused = ReceivedEvent.objects.get()
    officer = browser_of(operator("Credit officer"))
    address = f"/admin/gateway/receivedevent/{refused.pk}/decide/send-again/"
    with nothing_changes(but=SENT_AGAIN):
        assert officer.post(address, {"reason": "the order is here now"}).status_code == 302
    again = ReceivedEvent.objects.get(again=refused)
    assert (again.outcome, again.code, again.reason) == (
        "rejected", "invalid", "data: Input should be a valid dictionary"
    )  # fmt: skip


def test_what_a_revoked_key_sent_is_not_sent_again_and_what_an_expired_one_sent_is(
    shop: Shop,
) -> None:
    now = shops.instant("2026-11-10 10:00")
    stolen, old = Caller("orders"), Caller("orders", expires_at=shops.instant("2026-11-10 11:00"))
    cash = {"order": "A", "amount": "10.00", "currency": "USD"}
    stolen.events(event("pay-1", "order.paid", payment="P-1", **cash))
    old.events(event("pay-2", "order.paid", payment="P-2", **cash))
    assert shop.place("2026-11-10 09:00", "A", "20.00") == "applied"
    keys.revoke(key_id=stolen.key.pk, reason="It leaked.", actor="ada@tael.example", now=now)
    of_stolen, of_old = ReceivedEvent.objects.filter(outcome="rejected").order_by("pk")
    officer = browser_of(operator("Credit officer"))
    page = "/admin/gateway/receivedevent/{}/decide/send-again/"
    said = text_of(officer.get(page.format(of_stolen.pk)))
    assert "Its key was revoked 10 Nov 2026" in said
    assert "have a system with a valid key send it" in said
    with nothing_changes():
        refused = officer.post(page.format(of_stolen.pk), {"reason": "the order is here"})
    assert "was revoked on 2026-11-10, and what it sent is not sent again" in text_of(refused)
    later = shops.instant("2026-11-10 12:00")
    assert not old.key.is_valid(later)
    again = intake.send_again(
        received_id=of_old.pk, reason="the order is here", actor="ada@tael.example", now=later
    )
    assert again.outcome == "applied"
    assert shop.order("A") == ("OPEN", "10.00")


@pytest.mark.parametrize(
    ("role", "theirs", "foreign"),
    [("Billing officer", "label", "pay"), ("Credit officer", "pay", "label")],
)
def test_officers_send_again_what_is_of_their_own_book_alone(
    caller: Caller, shop: Shop, role: str, theirs: str, foreign: str
) -> None:
    """One by one, and several at once."""
    cash = {"payment": "P", "order": "A", "amount": "10.00", "currency": "USD"}
    label = {"charge": "C", "fee": "no-such-fee", "amount": "6.40", "currency": "USD"}
    caller.events(event("pay", "order.paid", **cash), event("label", "charge.recorded", **label))
    rows = {row.event: row.pk for row in ReceivedEvent.objects.all()}
    officer = browser_of(operator(role))
    page = "/admin/gateway/receivedevent/"
    several = f"{page}decide-several/send-again/"
    carried = {row.showed_in: row.showed for row in officer.get(several).context["rows"]}
    said: dict[str, Any] = carried | {"reason": "mended"}
    with nothing_changes():
        one = officer.post(f"{page}{rows[foreign]}/decide/send-again/", {"reason": "mended"})
        for answer in (one, officer.post(several, said | {"chosen": rows[foreign]})):
            assert "are not for your role to send" in text_of(answer)
    both = officer.post(several, said | {"chosen": list(rows.values())})
    assert "1 of 2: Send again." in text_of(both)
    assert ReceivedEvent.objects.get(again__isnull=False).again_id == rows[theirs]


@pytest.mark.full  # nor of a text in test_event_texts.py
def test_what_is_our_own_failure_is_no_outcome(
    caller: Caller, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*args: Any) -> Any:
        raise RuntimeError("a defect of ours")

    kind = events.type_named("order.placed")
    assert isinstance(kind, events.EventType)
    known = {**events._registered, "order.placed": replace(kind, apply=broken)}
    caller.client.raise_request_exception = False
    with monkeypatch.context() as patched:
        patched.setattr(events, "_registered", known)
        answer = caller.post("/events", {"events": [charged("C"), placed("A")]})
    assert problem(answer) == (500, "internal_error")
    assert not ReceivedEvent.objects.exists()
    assert outcomes(caller.events(charged("C"), placed("A"))) == ["applied", "applied"]
    books.assert_clean()
