"""Orders by the API, from the question to the refund; each answer is safe to ask for again."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from gateway.models import ReceivedEvent
from tests import shops
from tests.credit.pages import set_clock
from tests.gateway.asking import AN_ORDER, Caller, pointers, problem, said
from tests.shops import Shop
from tests.unchanged import nothing_changes
from tests.whole import some

pytestmark = pytest.mark.django_db
OF_ORDER = "/merchants/rosewood/orders/A-1"
Clock = Callable[[str], None]
# What came in is on record, whatever became of it, if it has the shape of an order at all.
ON_RECORD = ["gateway_receivedevent"]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Sets the API's clock, which stands at 10 Nov 2026, 10:00 UTC."""
    set_to = set_clock(monkeypatch)
    set_to("2026-11-10 10:00")
    return set_to


@pytest.fixture
def shop(clock: Clock) -> Shop:
    """A shop that has just joined."""
    return shops.join("2026-11-10 09:00")


@pytest.fixture
def caller(shop: Shop) -> Caller:
    """Somebody with a key of the API, and a shop to ask about."""
    return Caller()


def test_an_order_is_opened_and_answered_the_same_whenever_it_is_sent_again(
    caller: Caller, shop: Shop
) -> None:
    first = caller.post("/orders", AN_ORDER)
    assert first.status_code == 201
    assert said(first) == {
        "merchant": "rosewood",
        "order": "A-1",
        "status": "OPEN",
        "code": None,
        "amount": "129.90",
        "currency": "USD",
        "available": "4870.10",
        "placed_at": "2026-11-10T10:00:00Z",
    }
    assert shop.limit() == ("5000.00", "129.90", "4870.10")
    again = caller.post("/orders", {**AN_ORDER, "amount": "129.9", "instalments": 1})
    assert (again.status_code, said(again)) == (201, said(first))
    assert (first.get("Idempotency-Replayed"), again["Idempotency-Replayed"]) == (None, "true")
    caller.post(f"{OF_ORDER}/payments", {"payment": "P", "amount": "129.90", "currency": "USD"})
    later = caller.post("/orders", AN_ORDER)
    assert said(later) == said(first) | {"available": "5000.00"}  # OPEN, as it was then


def test_a_checkout_waits_for_two_statements(caller: Caller, shop: Shop) -> None:
    """The key with the merchant's line; the order with its entry and the record of what came in."""
    caller.post("/orders", AN_ORDER)  # notes that the key was used, to the minute
    with CaptureQueriesContext(connection) as captured:
        assert said(caller.post("/orders", {**AN_ORDER, "order": "A-2"}))["status"] == "OPEN"
    statements = [one["sql"] for one in captured.captured_queries if "SAVEPOINT" not in one["sql"]]
    tables = (("gateway_apikey", "credit_creditline"), ("credit_order", "gateway_receivedevent"))
    assert len(statements) == len(tables), statements
    for statement, (one, other) in zip(statements, tables, strict=True):
        assert one in statement
        assert other in statement
    assert shop.limit() == ("5000.00", "259.80", "4740.20")
    with CaptureQueriesContext(
        connection
    ) as captured:  # a repeat reads the line once, and locks it
        assert caller.post("/orders", AN_ORDER)["Idempotency-Replayed"] == "true"
    assert sum("xmin" in one["sql"] for one in captured.captured_queries) == 1
    unknown = caller.post("/orders", {**AN_ORDER, "merchant": "nobody", "currency": "QQQ"})
    assert problem(unknown) == (404, "unknown_merchant")  # and not that there is no such currency


def test_a_declined_order_is_recorded_and_stays_declined(caller: Caller, shop: Shop) -> None:
    too_much = {**AN_ORDER, "amount": "5000.01"}
    first = caller.post("/orders", too_much)
    told = {"status": "DECLINED", "code": "insufficient_credit", "available": "5000.00"}
    assert first.status_code == 201
    assert said(first).items() >= told.items()
    assert shop.limit() == ("5000.00", "0.00", "5000.00")
    assert said(caller.post("/orders", too_much)) == said(first)
    assert shop.order("A-1") == ("DECLINED", "0.00")


def test_a_known_reference_with_other_content_is_a_conflict_that_names_what_differs(
    caller: Caller, shop: Shop
) -> None:
    caller.post("/orders", AN_ORDER)
    with nothing_changes(but=ON_RECORD):
        other = caller.post("/orders", {**AN_ORDER, "amount": "130.00", "buyer": "Malee"})
    assert problem(other) == (409, "conflict")
    assert pointers(other) == ["/buyer", "/amount"]


def test_a_check_answers_as_placing_would_and_writes_nothing(
    caller: Caller, shop: Shop, clock: Clock
) -> None:
    clock("2026-12-05 10:00")  # with days to work off, which it only does to see
    with nothing_changes():
        checked = caller.post("/orders/check", AN_ORDER)
        too_much = caller.post("/orders/check", {**AN_ORDER, "amount": "5000.01"})
    assert said(too_much)["code"] == "insufficient_credit"
    assert not ReceivedEvent.objects.exists()
    placed = caller.post("/orders", AN_ORDER)
    after = said(checked) | {"available": "4870.10"}
    assert said(placed) == after
    assert said(checked)["available"] == "5000.00"
    assert problem(caller.post("/orders/check", {**AN_ORDER, "amount": "1.00"})) == (
        409,
        "conflict",
    )


def test_an_order_from_the_shipment_to_the_refund(caller: Caller, shop: Shop, clock: Clock) -> None:
    caller.post("/orders", AN_ORDER)
    shipped = caller.post(f"{OF_ORDER}/shipment")
    assert (shipped.status_code, said(shipped)["shipped_at"]) == (200, "2026-11-10T10:00:00Z")
    clock("2026-11-10 12:00")
    delivered = caller.post(f"{OF_ORDER}/delivery", {"at": "2026-11-10T18:30:00+07:00"})
    assert (
        said(delivered).items()
        >= {
            "status": "OPEN",
            "outstanding": "129.90",
            "delivered_at": "2026-11-10T11:30:00Z",
            "due_on": "2026-11-20",
        }.items()
    )
    cash = {"payment": "P-1", "amount": "100.00", "currency": "USD"}
    paid = caller.post(f"{OF_ORDER}/payments", cash)
    assert (paid.status_code, said(paid)) == (
        201,
        {"merchant": "rosewood", "order": "A-1", **cash, "status": "APPLIED", "code": None},
    )
    back = {"refund": "R-1", "amount": "39.90", "currency": "USD"}
    refunded = caller.post(f"{OF_ORDER}/refunds", back)
    sources = {"from_outstanding": "29.90", "from_written_off": "0.00", "from_proceeds": "10.00"}
    assert refunded.status_code == 201
    assert said(refunded) == {"merchant": "rosewood", "order": "A-1", **back, **sources}
    assert shop.order("A-1") == ("PAID", "0.00")
    assert shop.proceeds() == "90.00"
    with nothing_changes(but=ON_RECORD):  # a lost answer is asked for again
        for path, body, first in (
            ("payments", cash, paid),
            ("refunds", back, refunded),
        ):
            again = caller.post(f"{OF_ORDER}/{path}", body)
            assert (again.status_code, said(again)) == (201, said(first))
            assert again["Idempotency-Replayed"] == "true"
        other = caller.post(f"{OF_ORDER}/payments", {**cash, "amount": "99.00"})
        assert (problem(other), pointers(other)) == ((409, "conflict"), ["/amount"])


def test_a_cancelled_order_releases_what_it_held(caller: Caller, shop: Shop) -> None:
    caller.post("/orders", AN_ORDER)
    off = caller.post(f"{OF_ORDER}/cancellation", {"reason": "Out of stock"})
    assert (off.status_code, said(off)["status"]) == (200, "CANCELLED")
    assert shop.limit() == ("5000.00", "0.00", "5000.00")
    assert said(caller.post(f"{OF_ORDER}/cancellation", {"reason": "Out of stock"})) == said(off)
    other = caller.post(f"{OF_ORDER}/cancellation")
    assert (problem(other), pointers(other)) == ((409, "conflict"), ["/reason"])
    assert problem(caller.post(f"{OF_ORDER}/shipment")) == (422, "order_not_open")


def test_cash_that_an_order_cannot_take_is_kept_and_answered_so_each_time(
    caller: Caller, shop: Shop
) -> None:
    caller.post("/orders", AN_ORDER)
    cash = {"payment": "P-1", "amount": "129.91", "currency": "USD"}
    kept = caller.post(f"{OF_ORDER}/payments", cash)
    assert kept.status_code == 201
    assert said(kept).items() >= {"status": "UNMATCHED", "code": "overpayment"}.items()
    assert said(caller.post(f"{OF_ORDER}/payments", cash)) == said(kept)
    assert shop.line.payments.count() == 1


def test_cash_for_an_order_that_comes_later_is_refused_and_can_be_sent_again(
    caller: Caller, shop: Shop
) -> None:
    cash = {"payment": "P-1", "amount": "129.90", "currency": "USD"}
    with nothing_changes(but=["credit_refusedcash", *ON_RECORD]):
        assert problem(caller.post(f"{OF_ORDER}/payments", cash)) == (404, "unknown_order")
    with nothing_changes(but=["credit_refusedcash", *ON_RECORD]):
        elsewhere = caller.post(f"{OF_ORDER}/refunds", {"refund": "R", **_money("1.00")})
        assert problem(elsewhere) == (404, "unknown_order")
    caller.post("/orders", AN_ORDER)
    assert said(caller.post(f"{OF_ORDER}/payments", cash))["status"] == "APPLIED"


def _money(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": "USD"}


@pytest.mark.parametrize(
    ("members", "status", "code", "where", "written"),
    some(
        [
            ({"amount": 129.90}, 422, "invalid", ["/amount"], []),
            ({"amount": "1e2"}, 422, "invalid", ["/amount"], []),
            ({"amount": "129.901"}, 422, "invalid", ["/amount"], ON_RECORD),
            ({"amount": "-1.00"}, 422, "invalid", ["/amount"], ON_RECORD),
            ({"currency": "EUR"}, 422, "currency_mismatch", ["/currency"], ON_RECORD),
            ({"currency": "usd", "buyer": ""}, 422, "invalid", ["/buyer", "/currency"], []),
            ({"instalments": "3"}, 422, "invalid", ["/instalments"], []),
            ({"buyer_name": "Somchai"}, 422, "invalid", ["/buyer_name"], []),
            ({"at": "2026-11-10"}, 422, "invalid", ["/at"], []),
            ({"at": "2026-11-10T10:05:01Z"}, 422, "invalid", ["/at"], ON_RECORD),
            ({"merchant": "nobody"}, 404, "unknown_merchant", [], ON_RECORD),
        ],
        4,
    ),
    ids=str,
)
def test_what_is_wrong_with_an_order_is_named_and_changes_nothing(
    caller: Caller,
    shop: Shop,
    members: dict[str, Any],
    status: int,
    code: str,
    where: list[str],
    written: list[str],
) -> None:
    with nothing_changes(but=written):
        for path in ("/orders", "/orders/check"):
            if path == "/orders/check" and "at" in members and len(members["at"]) > 10:
                continue  # a question is always about now
            refused = caller.post(path, {**AN_ORDER, **members})
            assert problem(refused) == (status, code)
            assert sorted(pointers(refused)) == where


def test_a_reference_with_a_slash_is_written_with_a_tilde(caller: Caller, shop: Shop) -> None:
    caller.post("/orders", {**AN_ORDER, "order": "A/1 ~"})
    shipped = caller.post("/merchants/rosewood/orders/A~2F1%20~7E/shipment")
    assert said(shipped)["order"] == "A/1 ~"
