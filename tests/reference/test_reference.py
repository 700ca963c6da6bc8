"""The worked examples (chapter 26 of docs/rules.md) that events can reach, with their figures.

Example 8 needs a withdrawal, which no event makes; 3 uses the model's one operator operation.
"""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from .days import start_of
from .shop import Shop, invoices, usd

DAY = timedelta(days=1)


def test_1_threshold():
    shop = usd()
    assert invoices(shop.at("2026-11-01T10:00:00")) == [("SUBSCRIPTION", "2026-11-01", "39.00")]
    shop.charge("2026-11-10T12:00:00", "app-usage", "15.00")
    shop.charge("2026-11-12T15:00:00", "shipping-label", "210.00")
    before = shop.at("2026-11-12T23:59:59")
    assert before["account"] == {"outstanding": "15.00", "accruing": "210.00"}
    state = shop.at("2026-12-01T00:00:00")
    assert invoices(state)[1:] == [
        ("THRESHOLD", "2026-11-12", "225.00"),
        ("SUBSCRIPTION", "2026-12-01", "39.00"),
    ]
    assert state["bills"][1]["lines"] == [
        ["app-usage", "2026-11-10", "15.00", 1],
        ["shipping-label", "2026-11-12", "210.00", 1],
    ]
    assert [(b["period_start"], b["period_end"]) for b in state["bills"]] == [
        ("2026-11-01", "2026-11-30"),
        ("2026-11-01", "2026-11-12"),
        ("2026-12-01", "2026-12-30"),
    ]


def test_2_annual_plan():
    shop = Shop(
        "2027-01-01T09:00:00",
        "+07:00",
        currency="THB",
        timezone="Asia/Bangkok",
        plan_price="3900",
        plan_interval_days=365,
        billing_threshold="100000",
    )
    shop.charge("2027-01-15T12:00:00", "shipping-label", "500.00")
    shop.charge("2027-01-31T12:00:00", "shipping-label", "700.00")
    assert not shop.at("2027-01-31T23:59:59")["statements"]["2027-01"]["closed"]
    state = shop.at("2027-02-01T00:00:00")
    assert state["statements"]["2027-01"] == {
        "closed": True,
        "categories": {"SHIPPING": {"total": "1200.00", "count": 2}},
    }
    shop.charge("2027-02-01T12:00:00", "shipping-label", "100.00")
    state = shop.at("2027-03-02T00:00:00")
    assert invoices(state) == [
        ("SUBSCRIPTION", "2027-01-01", "3900.00"),
        ("CYCLE", "2027-01-31", "500.00"),
        ("CYCLE", "2027-03-02", "800.00"),
    ]
    assert state["statements"]["2027-02"]["categories"]["SHIPPING"]["total"] == "100.00"
    shop.charge("2027-12-30T12:00:00", "shipping-label", "60.00")
    state = shop.at("2028-01-26T00:00:00")
    assert invoices(state)[3:] == [("SUBSCRIPTION", "2028-01-01", "3960.00")]


def test_3_credit_carries_forward():
    shop = usd(billing_threshold="1000")
    shop.charge("2026-11-05T12:00:00", "pick-pack", "40.00")
    shop.model.grant_credit("m", "g", "SHIPPING_CREDIT", Decimal("100.00"), "2026-11-06T12:00:00Z")
    assert shop.at("2026-11-07T00:00:00")["account"]["outstanding"] == "-60.00"
    state = shop.at("2026-12-01T00:00:00")
    assert invoices(state)[1:] == []
    assert state["account"]["outstanding"] == "-21.00"
    assert invoices(shop.at("2026-12-31T00:00:00"))[1:] == [("SUBSCRIPTION", "2026-12-31", "18.00")]


def test_4_a_new_shop():
    shop = Shop("2026-11-02T00:00:00", "+08:00", currency="CNY", timezone="Asia/Shanghai")
    assert shop.place("2026-11-02T10:00:00", "a", "3200") == ("applied", None)
    assert shop.place("2026-11-02T11:00:00", "b", "2500") == ("declined", "insufficient_credit")
    assert shop.pay("2026-11-03T10:00:00", "a", "1000") == ("applied", None)
    state = shop.at("2026-11-03T11:00:00")
    assert state["line"] == {"limit": "5000.00", "used": "2200.00", "frozen": []}
    assert state["proceeds"]["sums"] == {"SALE": "1000.00", "REFUND": "0.00"}
    assert shop.place("2026-11-03T12:00:00", "c", "2500") == ("applied", None)
    state = shop.at("2026-11-03T13:00:00")
    assert [state["orders"][ref]["status"] for ref in "abc"] == ["OPEN", "DECLINED", "OPEN"]
    assert state["orders"]["b"]["decline_code"] == "insufficient_credit"


@pytest.mark.parametrize(
    ("limit", "rating", "payments", "marks", "score", "grade", "after"),
    [
        ("5000", "4.4", 1, (60, 80, 85), "50.416667", "C", "5000.00"),
        ("5000", "4.8", 12, (80, 100, 90), "90.500000", "A", "10000.00"),
        ("10000", "4.8", 21, (80, 100, 90), "88.000000", "A", "20000.00"),
    ],
)
def test_4_reviews(limit, rating, payments, marks, score, grade, after):
    shop = Shop(
        "2026-11-02T00:00:00",
        "+08:00",
        currency="CNY",
        timezone="Asia/Shanghai",
        credit_limit=limit,
    )
    for k in range(payments):
        shop.place("2026-11-03T10:00:00", f"o{k}", "1000")
        shop.pay("2026-11-03T10:00:00", f"o{k}", "1000")
    shop.send(
        "shop.metrics",
        "2026-11-20T10:00:00",
        rating=rating,
        listing_quality=marks[0],
        profile_completeness=marks[1],
        after_sales=marks[2],
    )
    assert shop.at("2026-11-30T23:59:59")["reviews"] == []
    (review,) = shop.at("2026-12-01T00:00:00")["reviews"]
    assert (review["score"], review["grade"], review["limit_after"]) == (score, grade, after)


def test_5_freeze_lifted_by_payment():
    shop = usd()
    shop.place("2026-11-02T10:00:00", "a", "1000")
    shop.send("order.delivered", "2026-11-05T10:00:00", order="a")
    assert shop.at("2026-11-15T23:59:59")["line"]["frozen"] == []
    assert shop.at("2026-11-16T00:00:00")["line"]["frozen"] == ["OVERDUE"]
    assert shop.place("2026-11-16T10:00:00", "b", "1") == ("declined", "line_frozen")
    shop.pay("2026-11-17T10:00:00", "a", "1000")
    assert shop.at("2026-11-17T10:00:00")["freezes"] == [
        {"reason": "OVERDUE", "placed": "2026-11-16", "lifted": "2026-11-17"}
    ]


def test_5_write_off():
    shop = usd()
    shop.place("2026-11-02T10:00:00", "a", "1000")
    shop.send("order.delivered", "2026-11-05T10:00:00", order="a")
    assert shop.at("2027-02-12T23:59:59")["line"]["used"] == "1000.00"
    state = shop.at("2027-02-13T00:00:00")  # 15 November + 90 days
    assert state["line"] == {"limit": "4000.00", "used": "0.00", "frozen": []}
    assert state["orders"]["a"]["status"] == "WRITTEN_OFF"
    assert state["freezes"][0]["lifted"] == "2027-02-13"
    assert shop.pay("2027-02-14T10:00:00", "a", "1000.01") == ("rejected", "overpayment")
    assert shop.pay("2027-02-14T10:00:00", "a", "600") == ("applied", None)
    assert shop.pay("2027-02-14T10:00:00", "a", "600") == ("rejected", "overpayment")
    state = shop.at("2027-02-15T00:00:00")
    assert state["proceeds"]["sums"]["SALE"] == "600.00"
    assert state["line"] == {"limit": "4000.00", "used": "0.00", "frozen": []}
    assert sorted(kept["amount"] for kept in state["unmatched"].values()) == ["1000.01", "600.00"]


def test_6_instalments():
    shop = usd("2027-01-02T00:00:00")
    shop.place("2027-01-03T10:00:00", "a", "100.00", 3)
    shop.place("2027-01-03T10:00:00", "b", "100.00", 6)
    shop.send("order.delivered", "2027-01-10T10:00:00", order="a")
    orders = shop.model.merchants["m"].line.orders
    assert [str(part.amount) for part in orders["a"].parts] == ["33.33", "33.33", "33.34"]
    assert [part.due_on for part in orders["a"].parts] == [
        date(2027, 1, 20),
        date(2027, 2, 19),
        date(2027, 3, 21),
    ]
    assert [str(part.amount) for part in orders["b"].parts] == ["16.66"] * 5 + ["16.70"]
    shop.pay("2027-01-11T10:00:00", "a", "40.00")
    assert shop.at("2027-01-12T00:00:00")["orders"]["a"]["due_on"] == "2027-02-19"


@pytest.mark.parametrize(("day", "hours"), [(date(2017, 10, 15), 23), (date(2018, 2, 17), 25)])
def test_7_daylight_saving(day, hours):
    shop = Shop(
        f"{day - 3 * DAY}T12:00:00",
        "Z",
        currency="BRL",
        timezone="America/Sao_Paulo",
        billing_threshold="100000",
    )
    start, end = (start_of("America/Sao_Paulo", d) for d in (day, day + DAY))
    instant = start - timedelta(minutes=30)
    while instant < end + timedelta(hours=1):
        shop.charge(instant.isoformat()[:19], "shipping-label", "1.00")
        instant += timedelta(hours=1)
    shop.at((day + 3 * DAY).isoformat() + "T12:00:00")
    items = shop.model.merchants["m"].account.items
    assert {i.posting_day: len(i.charges) for i in items} == {
        day - DAY: 1,
        day: hours,
        day + DAY: 1,
    }


@pytest.mark.parametrize(
    ("outstanding", "expected"),
    [
        ("170.00", [("SUBSCRIPTION", "2026-12-01", "209.00")]),
        (
            "200.00",
            [("THRESHOLD", "2026-11-30", "200.00"), ("SUBSCRIPTION", "2026-12-01", "39.00")],
        ),
    ],
)
def test_9_fee_day(outstanding, expected):
    shop = usd()
    shop.charge("2026-11-30T12:00:00", "pick-pack", outstanding)
    assert invoices(shop.at("2026-12-01T00:00:00"))[1:] == expected


def test_10_storage():
    shop = usd()
    shop.charge("2026-11-10T12:00:00", "storage", "450.00")
    before = shop.at("2026-11-30T23:59:59")
    assert before["account"] == {"outstanding": "0.00", "accruing": "0.00"}
    assert before["statements"]["2026-11"]["categories"]["FULFILMENT"] == {
        "total": "450.00",
        "count": 1,
    }
    state = shop.at("2026-12-01T00:00:00")
    assert invoices(state)[1:] == [
        ("THRESHOLD", "2026-11-30", "450.00"),
        ("SUBSCRIPTION", "2026-12-01", "39.00"),
    ]
    assert state["statements"]["2026-11"]["closed"]


@pytest.mark.parametrize("first", ["job", "charge"])
def test_11_three_days_down(first):
    shop = usd()
    for day in (10, 11, 12):
        shop.charge(f"2026-11-{day}T12:00:00", "shipping-label", "150.00")
    if first == "charge":
        shop.charge("2026-11-13T08:59:00", "storage", "1.00")
    state = shop.at("2026-11-13T09:00:00")
    assert invoices(state)[1:] == [("THRESHOLD", "2026-11-11", "300.00")]
    assert state["account"] == {"outstanding": "150.00", "accruing": "0.00"}
