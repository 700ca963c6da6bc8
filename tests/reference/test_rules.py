"""What the worked examples leave out: the guard, refunds, manual bills, outcomes, odd days."""

from datetime import date, timedelta

from .days import local_day, parse_instant, start_of
from .shop import invoices, usd

DAY = timedelta(days=1)


def test_guard_posts_what_has_accrued():
    shop = usd()
    shop.charge("2026-11-10T09:00:00", "pick-pack", "150.00")
    shop.charge("2026-11-10T10:00:00", "shipping-label", "249.99")
    assert invoices(shop.at("2026-11-10T10:00:00"))[1:] == []
    shop.charge("2026-11-10T11:00:00", "shipping-label", "0.01")
    state = shop.at("2026-11-10T11:00:00")
    assert invoices(state)[1:] == [("THRESHOLD", "2026-11-10", "400.00")]
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


# What arrives later than it happened.


def arriving(shop, arrived, kind, at, **data):
    """The outcome of an event that arrives at another instant than it happened."""
    event = {"id": "x", "type": kind, "at": at + "Z", "merchant": "m", "data": data}
    return shop.model.apply(event, parse_instant(arrived + "Z"))


def test_a_delivery_told_late_falls_due_by_its_day_and_is_written_off_by_the_telling():
    shop = usd()
    shop.place("2026-11-02T10:00:00", "A", "100.00")
    told = arriving(
        shop, "2026-11-20T10:00:00", "order.delivered", "2026-11-04T10:00:00", order="A"
    )
    assert told == ("applied", None)
    found = shop.at("2026-11-20T10:00:00")
    assert found["orders"]["A"]["due_on"] == "2026-11-14"
    assert found["told_overdue"] == [["A", "2026-11-14", "100.00"]]
    assert shop.at("2027-02-17T23:00:00")["orders"]["A"]["status"] == "OPEN"
    assert shop.at("2027-02-18T00:00:00")["orders"]["A"]["status"] == "WRITTEN_OFF"


def test_five_minutes_are_forgiven_on_both_sides():
    shop = usd()
    for arrived, code in (("10:54:59", "invalid"), ("10:55:00", None)):
        data = {"order": "A", "buyer": "b", "amount": "1", "currency": "USD", "instalments": 1}
        said = arriving(
            shop, f"2026-11-02T{arrived}", "order.placed", "2026-11-02T11:00:00", **data
        )
        assert said.code == code
    for order, code in (("10:49:59", "invalid"), ("10:50:00", None)):
        said = arriving(
            shop, "2026-11-02T12:00:00", "order.shipped", f"2026-11-02T{order}", order="A"
        )
        assert said.code == code


def test_cash_of_an_unknown_order_waits_until_its_reference_is_taken():
    shop = usd()
    assert shop.pay("2026-11-02T10:00:00", "A", "5.00", "P").code == "unknown_order"
    assert shop.pay("2026-11-02T11:00:00", "A", "6.00", "P").code == "unknown_order"
    assert shop.at("2026-11-02T11:00:00")["refused"] == {
        "payment P": ["A", "6 USD", "unknown_order", 2, "OPEN"]
    }
    shop.place("2026-11-02T12:00:00", "A", "10.00")
    assert shop.pay("2026-11-02T13:00:00", "A", "5.00", "P").kind == "applied"
    assert shop.at("2026-11-02T13:00:00")["refused"]["payment P"][-1] == "TAKEN"


def test_texts_that_nothing_can_keep_are_invalid():
    shop = usd()
    for order in ("x" * 101, "a\0b", "\ud800", "two\nlines", ""):
        assert shop.place("2026-11-02T10:00:00", order, "1.00").code == "invalid"
    assert shop.place("2026-11-02T10:00:00", "x" * 100, "1.00").kind == "applied"
