"""A merchant comes from elsewhere, and brings along its open orders and its proceeds."""

from typing import Any

import pytest

from credit.models import LimitEntry, Order, ProceedsEntry
from lib import audit
from notices.models import Notice
from tests import books, shops
from tests.config.test_audit import audited_with, violations
from tests.credit.pages import set_clock
from tests.gateway.asking import Caller, said
from tests.shops import Shop
from tests.unchanged import nothing_changes
from tests.whole import full

pytestmark = pytest.mark.django_db

JOINED, NOW = "2026-11-26 09:00", "2026-11-26 10:00"
MATURING = [{"on": "2026-11-28", "amount": "120.00"}, {"on": "2026-12-03", "amount": "80.50"}]


def joined(**terms: Any) -> Shop:
    """A shop in Bangkok with a limit of 1,000.00."""
    return shops.join(JOINED, **{"credit_limit": "1000.00", "timezone": "Asia/Bangkok"} | terms)


def bring(shop: Shop, order: str, amount: str, at: str = "2026-11-10 12:00", **data: Any) -> str:
    """The outcome of an open order that is told of at NOW."""
    content = {"order": order, "buyer": "Malee", "amount": amount, "currency": shop.currency}
    return told(shop, "order.opening", at, **content | data)


def told(shop: Shop, kind: str, at: str, **data: Any) -> str:
    """The outcome of an event about the shop that arrives at NOW."""
    event = {"id": f"{kind} {at} {data}"[:100], "type": kind, "at": shop.at(at).isoformat()}
    return shops.apply({**event, "merchant": shop.reference, "data": data}, arriving=shop.at(NOW))


def bring_proceeds(shop: Shop, available: str = "310.00", maturing: Any = MATURING) -> str:
    """Bring proceeds along that the shop had elsewhere: the outcome."""
    content = {"currency": shop.currency, "available": available, "maturing": maturing}
    return told(shop, "proceeds.opening", NOW, **content)


def assert_clean() -> None:
    """Check that the audit finds nothing."""
    books.assert_clean()


def test_an_open_order_holds_what_is_outstanding_of_it() -> None:
    shop = joined()
    assert bring(shop, "A-1", "600.00", paid="200.00", instalments=3) == "applied"
    assert shop.limit() == ("1000.00", "400.00", "600.00")
    order = Order.objects.get()
    assert (order.status, f"{order.paid.amount:.2f}", f"{order.outstanding.amount:.2f}") == (
        "OPEN",
        "200.00",
        "400.00",
    )
    assert order.placed_said_at == shop.at("2026-11-10 12:00")
    assert order.placed_at == shop.at(NOW)
    entry = LimitEntry.objects.exclude(kind="OPENED").get()
    assert (entry.kind, f"{entry.used_change.amount:.2f}", entry.order) == (
        "MOVED_IN",
        "400.00",
        order,
    )
    assert ProceedsEntry.objects.count() == 0
    assert_clean()


@pytest.mark.full  # it holds what is outstanding, above
def test_its_due_dates_follow_its_delivery_and_what_was_paid() -> None:
    shop = joined()
    bring(shop, "A-1", "600.00", paid="200.00", instalments=3)
    assert told(shop, "order.shipped", "2026-11-11 09:00", order="A-1") == "applied"
    assert told(shop, "order.delivered", "2026-11-14 15:00", order="A-1") == "applied"
    order = Order.objects.get()
    # Ten days after the delivery; the first of three parts was paid, and the second is 30 days on.
    assert (str(order.first_due_on), str(order.due_on)) == ("2026-11-24", "2026-12-24")
    assert_clean()


def test_then_it_is_paid_refunded_and_falls_overdue_like_any_other() -> None:
    shop = joined()
    bring(shop, "A-1", "600.00", paid="200.00")
    bring(shop, "A-2", "300.00")
    told(shop, "order.delivered", "2026-11-14 15:00", order="A-2")
    assert bring_proceeds(shop, "200.00", []) == "applied"
    assert shop.pay("2026-11-26 12:00", "A-1", "400.00") == "applied"
    assert Order.objects.get(reference="A-1").status == "PAID"
    assert shop.limit() == ("1000.00", "300.00", "700.00")
    assert shop.proceeds() == "600.00"
    # More than was paid here: the rest comes out of what was brought along.
    assert shop.refund("2026-11-26 13:00", "A-1", "500.00") == "applied"
    assert shop.proceeds() == "100.00"
    assert shop.cancel("2026-11-26 14:00", "A-2") == "applied"
    assert shop.limit() == ("1000.00", "0.00", "1000.00")
    assert_clean()


@pytest.mark.full  # one falls overdue above
def test_an_order_that_came_due_elsewhere_freezes_the_line_as_the_next_day_starts() -> None:
    shop = joined()
    bring(shop, "A-1", "300.00", at="2026-11-01 12:00")
    told(shop, "order.delivered", "2026-11-02 15:00", order="A-1")
    assert shop.frozen_by() == []
    shop.run_jobs("2026-11-27 00:00")
    assert shop.frozen_by() == ["OVERDUE"]
    assert Order.objects.get().status == "OPEN"
    assert_clean()


@pytest.mark.full  # an order holds above
def test_orders_are_taken_beyond_the_limit_and_new_ones_are_then_declined() -> None:
    shop = joined()
    assert bring(shop, "A-1", "1500.00") == "applied"
    assert shop.limit() == ("1000.00", "1500.00", "0.00")
    assert Notice.objects.count() == 0
    assert shop.place("2026-11-26 11:00", "B-1", "1.00") == "declined insufficient_credit"
    assert_clean()


def test_proceeds_mature_on_their_days(monkeypatch: pytest.MonkeyPatch) -> None:
    shop = joined()
    assert bring_proceeds(shop) == "applied"
    found = ProceedsEntry.objects.order_by("pk").values_list("kind", "amount", "matures_on")
    assert [(kind, f"{amount:.2f}", str(on)) for kind, amount, on in found] == [
        ("OPENING", "310.00", "None"),
        ("OPENING", "120.00", "2026-11-28"),
        ("OPENING", "80.50", "2026-12-03"),
    ]
    set_clock(monkeypatch)("2026-11-26 04:00")
    answer = said(Caller().get("/merchants/rosewood/proceeds"))
    assert (answer["balance"], answer["available"]) == ("510.50", "310.00")
    assert answer["maturing_days"] == MATURING
    assert_clean()


def test_who_owed_goes_on_owing() -> None:
    shop = joined()
    assert bring_proceeds(shop, "-45.00", []) == "applied"
    assert shop.proceeds() == "-45.00"
    assert_clean()


def test_the_same_again_is_a_duplicate_and_other_content_a_conflict() -> None:
    shop = joined()
    bring(shop, "A-1", "600.00", paid="200.00")
    bring_proceeds(shop)
    shop.pay("2026-11-26 12:00", "A-1", "50.00")  # from here on it trades
    with nothing_changes():
        assert bring(shop, "A-1", "600.00", paid="200.00") == "duplicate"
        assert bring(shop, "A-1", "600.00", paid="250.00") == "rejected conflict"
        assert bring(shop, "A-1", "601.00", paid="200.00") == "rejected conflict"
        assert bring_proceeds(shop) == "duplicate"
        assert bring_proceeds(shop, maturing=MATURING[::-1]) == "duplicate"
        assert bring_proceeds(shop, "310.01") == "rejected conflict"
        assert bring_proceeds(shop, maturing=MATURING[:1]) == "rejected conflict"


@pytest.mark.parametrize("trade", ["an order", "a declined order"])
def test_who_trades_here_already_brings_nothing_along(trade: str) -> None:
    shop = joined()
    shop.place("2026-11-26 09:30", "B-1", "5.00" if trade == "an order" else "5000.00")
    with nothing_changes():
        assert bring(shop, "A-1", "600.00") == "rejected has_traded"
        assert bring_proceeds(shop) == "rejected has_traded"
        assert bring(shop, "B-1", "5.00") == "rejected conflict"


@pytest.mark.parametrize(
    ("data", "code"),
    [
        ({"paid": "600.00"}, "invalid"),
        ({"paid": "-1.00"}, "invalid"),
        ({"paid": "0.001"}, "invalid"),
        ({"amount": "0.00"}, "invalid"),
        ({"instalments": 121}, "invalid"),
        ({"currency": "THB"}, "currency_mismatch"),
        ({"at": "2026-11-26 10:06"}, "invalid"),
    ],
    ids=str,
)
def test_what_no_open_order_can_be_is_refused(data: dict[str, Any], code: str) -> None:
    shop = joined()
    with nothing_changes():
        assert bring(shop, **{"order": "A-1", "amount": "600.00"} | data) == f"rejected {code}"


@pytest.mark.parametrize(
    "data",
    [
        {"available": "0.00", "maturing": []},
        {"maturing": [{"on": "2026-11-26", "amount": "1.00"}]},  # today: it is available
        {"maturing": [{"on": "2026-11-28", "amount": "-1.00"}]},
        {"maturing": [{"on": "2026-11-28", "amount": "0.00"}]},
        {"maturing": [MATURING[0], MATURING[0]]},
        {"maturing": [{"on": "28/11/2026", "amount": "1.00"}]},
        {"maturing": [{"on": 20000, "amount": "1.00"}]},
        {"available": "1.001"},
    ],
    ids=str,
)
def test_what_no_proceeds_can_be_is_refused(data: dict[str, Any]) -> None:
    shop = joined()
    with nothing_changes():
        assert bring_proceeds(shop, **data) == "rejected invalid"


def test_charges_that_nobody_has_billed_are_billed_here() -> None:
    shop = joined(billing_threshold="100.00")
    for at, charge in (("2026-10-30 12:00", "c-1"), ("2026-11-20 12:00", "c-2")):
        content = {"charge": charge, "fee": "pick-pack", "amount": "60.00", "currency": "USD"}
        assert told(shop, "charge.recorded", at, **content) == "applied"
    shop.run_jobs("2026-11-27 00:00")
    assert shop.invoices() == ["2026-11-26 THRESHOLD 120.00"]
    assert_clean()


def test_only_a_key_of_the_platform_brings_anything_along(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shop = joined()
    set_clock(monkeypatch)("2026-11-26 04:00")
    at = shop.at("2026-11-10 12:00").isoformat()
    data = {"order": "A-1", "buyer": "Malee", "amount": "600.00", "currency": "USD"}
    event = {"id": "e-1", "type": "order.opening", "at": at, "merchant": "rosewood", "data": data}
    for caller in (Caller(merchant=shop.merchant), Caller("orders", "charges", "read")):
        (result,) = caller.events(event)
        assert (result["outcome"], result["code"]) == ("rejected", "forbidden")
    assert Order.objects.count() == 0
    (result,) = Caller("merchants").events(event)
    assert result["outcome"] == "applied"


@pytest.mark.parametrize(
    ("sql", "check", "seen"),
    [
        (
            "UPDATE credit_limitentry SET used_change = 300 WHERE kind = 'MOVED_IN'",
            "an order's paid and recovered are its payments, here and where it was brought from",
            "rosewood: order A-1: expected 700.0000, 0; found 600.0000, 0.0000",
        ),
        *full(
            (
                "UPDATE credit_limitentry SET used_change = 700, used_after = 700"
                " WHERE kind = 'MOVED_IN'",
                "an order's entries are its steps",
                "rosewood: order A-1: expected ",
            ),
            (
                "UPDATE credit_proceedsentry SET kind = 'OPENING', payment_id = NULL"
                " WHERE kind = 'SALE'",
                "sales are the payments that orders took, one each",
                "rosewood: payment p-1: expected ",
            ),
            (
                "UPDATE credit_proceedsentry SET id = 1000000 WHERE kind = 'OPENING'",
                "what was brought along came before the line's own trade",
                "rosewood: credit line: expected 0; found 1",
            ),
        ),
    ],
    ids=["held less", "held more", "a sale as an opening", "brought later"],
)
def test_the_audit_finds_what_was_not_brought_so(
    sql: str, check: str, seen: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = joined()
    bring(shop, "A-1", "600.00", paid="200.00")
    bring_proceeds(shop, "200.00", [])
    shop.pay("2026-11-26 12:00", "A-1", "400.00", "p-1")
    assert_clean()
    (its_own,) = (one for one in audit.registered() if one.name == check)
    monkeypatch.setattr(audit, "registered", lambda: [its_own])  # all others take much longer
    assert seen in violations(audited_with(sql))[check]
