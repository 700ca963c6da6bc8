"""What the worked examples leave out: the guard, refunds, manual bills, outcomes, odd days."""

from datetime import date, timedelta

from .days import local_day, parse_instant, start_of
from .shop import bills, usd

DAY = timedelta(days=1)


def test_guard_posts_what_has_accrued():
    shop = usd()
    shop.charge("2026-11-10T09:00:00", "pick-pack", "150.00")
    shop.charge("2026-11-10T10:00:00", "shipping-label", "249.99")
    assert bills(shop.at("2026-11-10T10:00:00"))[1:] == []
    shop.charge("2026-11-10T11:00:00", "shipping-label", "0.01")
    state = shop.at("2026-11-10T11:00:00")
    assert bills(state)[1:] == [("THRESHOLD", "2026-11-10", "400.00")]
    assert state["bills"][1]["lines"][1] == ["shipping-label", "2026-11-10", "250.00", 2]


def test_refund_takes_outstanding_first_and_proceeds_last():
    shop = usd(settlement_days=7)
    shop.place("2026-11-02T10:00:00", "a", "300.00", 3)
    shop.pay("2026-11-03T10:00:00", "a", "150.00")
    assert shop.refund("2026-11-04T10:00:00", "a", "150.01") == ("applied", None)
    state = shop.at("2026-11-10T00:00:00")
    assert state["orders"]["a"]["status"] == "PAID"
    assert state["orders"]["a"]["outstanding"] == "0.00"
    assert state["line"]["used"] == "0.00"
    assert state["proceeds"] == {
        "sums": {"SALE": "150.00", "REFUND": "-0.01"},
        "matured": "149.99",
        "maturing": "0.00",
    }
    assert shop.refund("2026-11-11T10:00:00", "a", "150.00") == ("rejected", "overpayment")
    assert shop.refund("2026-11-11T10:00:00", "a", "149.99") == ("applied", None)
    assert shop.at("2026-11-12T00:00:00")["orders"]["a"]["status"] == "REFUNDED"


def test_manual_bills_stay_open_and_freeze_the_line():
    shop = usd(payment_method=None)
    state = shop.at("2026-12-05T23:59:59")
    assert (state["bills"][0]["status"], state["line"]["frozen"]) == ("OPEN", [])
    assert shop.at("2026-12-06T00:00:00")["line"]["frozen"] == ["UNPAID_BILL"]


def test_outcomes():
    shop = usd()
    at = "2026-11-02T10:00:00"
    assert shop.place(at, "a", "100") == ("applied", None)
    assert shop.place(at, "a", "100.000") == ("duplicate", None)
    assert shop.place(at, "a", "101") == ("rejected", "conflict")
    for bad in ("0", "-1", "1.001", "1e2", "", 5, None):
        assert shop.place(at, "x", bad) == ("rejected", "invalid")
    assert shop.pay(at, "nobody", "1") == ("rejected", "unknown_order")
    assert shop.pay(at, "a", "100.01", "p") == ("rejected", "overpayment")
    assert shop.pay(at, "a", "100.01", "p") == ("duplicate", None)
    assert shop.pay(at, "a", "100", "p") == ("rejected", "conflict")
    assert shop.send("order.cancelled", at, order="a", reason="r") == ("applied", None)
    assert shop.pay(at, "a", "100", "q") == ("rejected", "order_not_open")
    assert shop.send("order.shipped", at, order="a") == ("rejected", "order_not_open")
    assert shop.charge(at, "nonsense", "1") == ("rejected", "invalid")
    shop.currency = "EUR"
    assert shop.place(at, "e", "1") == ("rejected", "currency_mismatch")
    stranger = {"id": "1", "type": "order.shipped", "at": at + "Z", "merchant": "x", "data": {}}
    assert shop.model.apply(stranger) == ("rejected", "unknown_merchant")
    assert sorted(shop.at(at)["unmatched"]) == ["p", "q"]


def test_days_are_contiguous_where_clocks_misbehave():
    for zone, first in [
        ("Pacific/Apia", date(2011, 12, 28)),  # no 30 December
        ("America/St_Johns", date(2006, 10, 28)),  # 00:01 back to 23:01
        ("America/Sao_Paulo", date(2017, 10, 13)),
        ("Africa/Cairo", date(2010, 4, 28)),
        ("America/Havana", date(2017, 11, 3)),
    ]:
        starts = [start_of(zone, first + k * DAY) for k in range(6)]
        assert starts == sorted(starts)
        for k in range(5):
            if starts[k] < starts[k + 1]:
                assert local_day(zone, starts[k]) == first + k * DAY
                assert local_day(zone, starts[k + 1] - timedelta(microseconds=1)) == first + k * DAY
    assert start_of("America/Sao_Paulo", date(2017, 10, 15)) == parse_instant(
        "2017-10-15T03:00:00Z"
    )
