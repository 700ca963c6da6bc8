"""An order's line is read together with the key, before anything of the request was checked, and
what came in is recorded with the order: nothing of what is checked, decided or recorded differs.
"""

import gzip
import json
from typing import Any

import pytest

from credit.models import CreditLine, Order
from credit.operations import lines, own_rules
from gateway.models import ReceivedEvent
from tests import shops
from tests.credit.pages import set_clock
from tests.gateway.asking import AN_ORDER, Caller, problem, said
from tests.shops import Shop
from tests.unchanged import nothing_changes

pytestmark = pytest.mark.django_db
AT = "2026-11-10 10:00"


@pytest.fixture
def shop(monkeypatch: pytest.MonkeyPatch) -> Shop:
    """A new shop, with the API's clock at AT."""
    set_clock(monkeypatch)(AT)
    return shops.join("2026-11-10 09:00")


def test_what_happens_after_the_line_was_read_with_the_key_counts(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    caller, seen = Caller(), lines.seen

    def pause_meanwhile(row: Any, **more: Any) -> CreditLine | None:
        line = seen(row, **more)
        monkeypatch.setattr(lines, "seen", seen)
        own_rules.pause(merchant_id=shop.line.pk, actor="malee@rosewood.example", now=shop.at(AT))
        return line

    monkeypatch.setattr(lines, "seen", pause_meanwhile)
    answer = said(caller.post("/orders", AN_ORDER))
    assert (answer["status"], answer["code"]) == ("DECLINED", "paused_by_merchant")
    assert shop.limit() == ("5000.00", "0.00", "5000.00")
    assert [row.outcome for row in ReceivedEvent.objects.all()] == ["declined"]


def test_an_order_is_recorded_once_as_it_was_sent_whatever_became_of_it(shop: Shop) -> None:
    caller = Caller()
    sent = {**AN_ORDER, "buyer": "มาลี", "at": "2026-11-10T16:59:00+07:00", "amount": "129.900"}
    first = caller.post("/orders", sent)
    again = caller.post("/orders", sent)
    other = caller.post("/orders", {**sent, "amount": "1.00"})
    never = caller.post("/orders", {**sent, "at": "9999-12-31T23:59:59+00:00"})
    unknown = caller.post("/orders", {**sent, "merchant": "nobody"})
    rows = list(ReceivedEvent.objects.order_by("id"))
    answers = (first, again, other, never, unknown)
    assert [row.request for row in rows] == [answer["X-Request-ID"] for answer in answers]
    assert [(row.outcome, row.code) for row in rows] == [
        ("applied", ""),
        ("duplicate", ""),
        ("rejected", "conflict"),
        ("rejected", "invalid"),
        ("rejected", "unknown_merchant"),
    ]
    row = rows[0]
    assert (row.event, row.type, row.merchant) == (row.request, "order.placed", "rosewood")
    assert (row.key, row.received_at, row.reason) == (caller.key, shop.at(AT), "")
    assert row.said_at == shops.instant("2026-11-10 09:59")
    data = {"order": "A-1", "buyer": "มาลี", "amount": "129.9", "currency": "USD"}
    assert json.loads(row.data) == data
    assert row.data == rows[1].data  # as that of a repeat, which is recorded by itself


def test_an_order_and_its_record_are_written_together_or_not_at_all(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = "INSERT INTO gateway_receivedevent (received_at) SELECT %(received_at)s"
    monkeypatch.setattr("gateway.operations.received.BESIDE", broken)
    caller = Caller()
    with nothing_changes(but=["gateway_receivedevent"]):
        refused = caller.post("/orders", AN_ORDER)
    assert problem(refused) == (422, "invalid")
    assert not Order.objects.exists()


STRANGE: tuple[tuple[bytes, dict[str, str], tuple[int, str]], ...] = (
    (b"{", {}, (400, "malformed_json")),
    (b"[]", {}, (422, "invalid")),
    (b"null", {}, (422, "invalid")),
    (json.dumps({**AN_ORDER, "order": "A\0B"}).encode(), {}, (422, "invalid")),
    (json.dumps({**AN_ORDER, "merchant": "\ud800"}).encode(), {}, (422, "invalid")),
    (json.dumps({**AN_ORDER, "merchant": ["rosewood"]}).encode(), {}, (422, "invalid")),
    (json.dumps({**AN_ORDER, "order": "A" * 101}).encode(), {}, (422, "invalid")),
    (b'{"order": "A", "order": "B"}', {}, (400, "malformed_json")),
    (json.dumps(AN_ORDER).encode(), {"Content-Type": "text/json"}, (415, "unsupported_media_type")),
    (b"{}", {"Content-Encoding": "br"}, (415, "unsupported_encoding")),
    (b"{}", {"Content-Encoding": "gzip"}, (400, "malformed_gzip")),
)


def test_bodies_of_all_kinds_are_refused_as_elsewhere_and_not_looked_at_without_a_key(
    shop: Shop,
) -> None:
    caller, stranger = Caller(), Caller()
    stranger.text = stranger.text[:-1] + "~"
    caller.post("/orders/check", AN_ORDER)
    with nothing_changes():
        for body, headers, refusal in STRANGE:
            assert problem(caller.post("/orders", body, **headers)) == refusal, body
            assert problem(caller.post("/orders/check", body, **headers)) == refusal, body
            assert problem(stranger.post("/orders", body, **headers)) == (401, "unauthenticated")


def test_long_and_compressed_bodies_open_orders_too(shop: Shop) -> None:
    caller = Caller()
    long = json.dumps(AN_ORDER).encode() + b" " * 5000
    assert said(caller.post("/orders", long))["status"] == "OPEN"
    packed = gzip.compress(json.dumps({**AN_ORDER, "order": "A-2"}).encode())
    assert said(caller.post("/orders", packed, **{"Content-Encoding": "gzip"}))["status"] == "OPEN"
    assert shop.limit() == ("5000.00", "259.80", "4740.20")
    assert [row.outcome for row in ReceivedEvent.objects.all()] == ["applied", "applied"]


def test_a_merchants_key_learns_nothing_of_another_merchants_line(shop: Shop) -> None:
    other = shops.join("2026-11-10 09:00", "lakeside")
    caller = Caller(merchant=other.merchant)
    before = shop.books()
    foreign = caller.post("/orders", AN_ORDER)
    nobody = caller.post("/orders", {**AN_ORDER, "merchant": "no-such-shop"})
    assert problem(foreign) == problem(nobody) == (404, "unknown_merchant")
    assert shop.books() == before
    assert said(caller.post("/orders", {**AN_ORDER, "merchant": "lakeside"}))["status"] == "OPEN"
