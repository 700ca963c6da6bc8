"""The worked examples (chapter 26 of docs/rules.md), with their figures, by events and jobs."""

from datetime import UTC, datetime, timedelta

import pytest
from moneyed import Money

from credit.models import Freeze, LimitEntry
from credit.operations import limits, own_rules
from lib import money
from lib.refusals import Refused
from notices.models import Notice
from tests import books, shops
from tests.amounts import usd
from tests.billing import deciding
from tests.credit import reviewing, withdrawing
from tests.factories import ChargeFactory
from tests.two_people import decided
from tests.unchanged import nothing_changes

pytestmark = pytest.mark.django_db


def test_1_threshold() -> None:
    shop = shops.join("2026-11-01 10:00", billing_threshold="200.00", plan_price="39.00")
    assert shop.invoices() == ["2026-11-01 SUBSCRIPTION 39.00"]

    shop.charge("2026-11-10 12:00", "app-usage", "15.00")
    shop.charge("2026-11-12 15:00", "shipping-label", "210.00")
    shop.run_hourly("2026-11-12 16:00", "2026-11-12 23:00")
    assert shop.figures() == ("15.00", "210.00")
    assert len(shop.invoices()) == 1

    shop.run_jobs("2026-11-13 00:00")
    assert shop.figures() == ("0.00", "0.00")
    assert shop.invoices()[1:] == ["2026-11-12 THRESHOLD 225.00"]
    assert shop.lines("2026-11-12", "THRESHOLD") == [
        "app-usage 2026-11-10 15.00",
        "shipping-label 2026-11-12 210.00",
    ]

    shop.run_jobs("2026-11-30 23:00")
    assert len(shop.invoices()) == 2
    shop.run_jobs("2026-12-01 00:00")
    assert shop.invoices()[2:] == ["2026-12-01 SUBSCRIPTION 39.00"]


def test_2_annual_plan() -> None:
    shop = shops.join(
        "2027-01-01 09:00",
        currency="THB",
        timezone="Asia/Bangkok",
        billing_threshold="100000.00",
        plan_price="3900.00",
        plan_interval_days=365,
    )
    shop.charge("2027-01-15 12:00", "shipping-label", "500.00")
    shop.charge("2027-01-31 12:00", "shipping-label", "700.00")
    shop.run_jobs("2027-01-31 23:00")
    assert shop.statement("2027-01") == (False, {"SHIPPING": (2, "1200.00")})
    shop.run_jobs("2027-02-01 00:00")
    assert shop.statement("2027-01") == (True, {"SHIPPING": (2, "1200.00")})
    assert shop.figures() == ("700.00", "0.00")

    shop.charge("2027-02-01 12:00", "shipping-label", "100.00")
    shop.run_jobs("2027-03-02 00:00")
    assert shop.statement("2027-02") == (True, {"SHIPPING": (1, "100.00")})
    assert shop.invoices() == [
        "2027-01-01 SUBSCRIPTION 3900.00",
        "2027-01-31 CYCLE 500.00",
        "2027-03-02 CYCLE 800.00",
    ]

    shop.charge("2027-12-30 12:00", "shipping-label", "60.00")
    shop.run_jobs("2028-01-26 00:00")
    assert shop.invoices()[3:] == ["2028-01-01 SUBSCRIPTION 3960.00"]


@pytest.mark.parametrize("way", ["asked for on a charge", "granted"])
def test_3_a_credit_carries_forward(way: str) -> None:
    shop = shops.join("2026-10-02 10:00", billing_threshold="1000.00", plan_price="39.00")
    shop.charge("2026-10-20 12:00", "shipping-label", "100.00", "L-1")
    shop.run_jobs("2026-11-01 00:00")
    assert shop.invoices() == ["2026-10-02 SUBSCRIPTION 39.00", "2026-11-01 SUBSCRIPTION 139.00"]

    shop.charge("2026-11-05 12:00", "pick-pack", "40.00")
    assert shop.figures() == ("40.00", "0.00")
    if way == "granted":
        deciding.grant(shop, "2026-11-06 12:00", "100.00", "credit-label")
    else:
        asked = deciding.ask(shop, "2026-11-06 09:00", "L-1", "100.00", "credit-carrier-claim")
        deciding.approve(shop, "2026-11-06 12:00", asked)
    assert shop.figures() == ("-60.00", "0.00")

    shop.run_jobs("2026-12-01 00:00")
    assert (len(shop.invoices()), shop.figures()) == (2, ("-21.00", "0.00"))
    shop.run_jobs("2026-12-31 00:00")
    assert shop.invoices()[2:] == ["2026-12-31 SUBSCRIPTION 18.00"]
    assert shop.figures() == ("0.00", "0.00")
    assert shop.statement("2026-11") == (
        True,
        {"FULFILMENT": (1, "40.00"), "SHIPPING_CREDIT": (1, "-100.00")},
    )


def test_4_a_new_shop() -> None:
    shop = shops.join("2026-11-02 09:00", currency="CNY", timezone="Asia/Shanghai")
    assert shop.place("2026-11-02 10:00", "first", "3200.00") == "applied"
    assert shop.limit() == ("5000.00", "3200.00", "1800.00")
    assert shop.place("2026-11-02 11:00", "second", "2500.00") == "declined insufficient_credit"
    assert shop.pay("2026-11-03 10:00", "first", "1000.00") == "applied"
    assert shop.limit() == ("5000.00", "2200.00", "2800.00")
    assert shop.proceeds() == "1000.00"
    assert shop.place("2026-11-03 11:00", "third", "2500.00") == "applied"
    assert shop.order("second") == ("DECLINED", "0.00")
    assert shop.limit() == ("5000.00", "4700.00", "300.00")


@pytest.mark.parametrize(
    ("limit", "marks", "paid", "score", "grade", "after"),
    [
        ("5000.00", ("4.4", "60", "80", "85"), "1000.00", "50.416667", "C", "5000.00"),
        ("5000.00", ("4.8", "80", "100", "90"), "12000.00", "90.500000", "A", "10000.00"),
        ("10000.00", ("4.8", "80", "100", "90"), "21000.00", "88.000000", "A", "20000.00"),
    ],
)
def test_4_reviews(
    limit: str, marks: tuple[str, str, str, str], paid: str, score: str, grade: str, after: str
) -> None:
    zone = {"currency": "CNY", "timezone": "Asia/Shanghai"}
    shop = reviewing.shop_with(paid, marks, credit_limit=limit, **zone)
    shop.run_jobs("2026-12-01 00:00")
    review = reviewing.latest(shop)
    assert (f"{review.score:f}", review.grade) == (score, grade)
    assert shop.limit()[0] == after


def shop_with_an_overdue_order() -> shops.Shop:
    """A shop that holds 1,000 of a limit of 5,000 by an order due on 15 November 2026."""
    shop = shops.join("2026-11-01 10:00", credit_limit="5000.00", payment_days=10)
    shop.place("2026-11-02 10:00", "A", "1000.00")
    shop.deliver("2026-11-05 10:00", "A")
    shop.run_jobs("2026-11-15 23:00")
    assert shop.frozen_by() == []
    shop.run_jobs("2026-11-16 00:00")
    assert shop.frozen_by() == ["OVERDUE"]
    return shop


def test_5_a_freeze_is_lifted_by_the_payment() -> None:
    shop = shop_with_an_overdue_order()
    assert shop.place("2026-11-16 10:00", "B", "1.00") == "declined line_frozen"
    assert shop.pay("2026-11-17 10:00", "A", "1000.00") == "applied"
    assert shop.frozen_by() == []
    freeze = Freeze.objects.get()
    assert freeze.placed_at == shops.instant("2026-11-16 00:00")
    assert freeze.lifted_at == shops.instant("2026-11-17 10:00")
    assert shop.place("2026-11-17 11:00", "C", "5000.00") == "applied"


def test_5_a_write_off_lowers_the_limit_and_lifts_the_freeze() -> None:
    shop = shop_with_an_overdue_order()
    shop.run_jobs("2027-02-12 23:00")
    assert shop.limit() == ("5000.00", "1000.00", "4000.00")
    assert shop.frozen_by() == ["OVERDUE"]
    shop.run_jobs("2027-02-13 00:00")  # 15 November + 90 days
    assert shop.limit() == ("4000.00", "0.00", "4000.00")
    assert shop.order("A") == ("WRITTEN_OFF", "0.00")
    assert shop.frozen_by() == []
    entry = LimitEntry.objects.latest("pk")
    assert (entry.kind, entry.limit_change, entry.used_change) == (
        "WRITE_OFF",
        usd(-1000),
        usd(-1000),
    )


@pytest.mark.parametrize(
    ("instalments", "parts"),
    [
        (
            3,
            [("33.33", "2027-01-20"), ("33.33", "2027-02-19"), ("33.34", "2027-03-21")],
        ),
        (
            6,
            [
                ("16.66", "2027-01-20"),
                ("16.66", "2027-02-19"),
                ("16.66", "2027-03-21"),
                ("16.66", "2027-04-20"),
                ("16.66", "2027-05-20"),
                ("16.70", "2027-06-19"),
            ],
        ),
    ],
)
def test_6_instalments(instalments: int, parts: list[tuple[str, str]]) -> None:
    shop = shops.join("2027-01-02 10:00", payment_days=10)
    shop.place("2027-01-05 10:00", "A", "100.00", instalments=instalments)
    assert shop.deliver("2027-01-10 23:59", "A") == "applied"
    order = shop.line.orders.get()
    assert [(money.text(part.amount), str(part.due_on)) for part in order.parts()] == parts
    assert str(order.due_on) == "2027-01-20"


@pytest.mark.parametrize(
    ("joined", "starts", "hours", "day", "ends"),
    [
        # 15 October 2017 starts at 01:00: midnight was skipped.
        ("2017-10-14 10:00", "2017-10-15T03:00Z", 23, "2017-10-15", "2017-10-16T02:00Z"),
        # 17 February 2018 repeats its last hour.
        ("2018-02-16 10:00", "2018-02-17T02:00Z", 25, "2018-02-17", "2018-02-18T03:00Z"),
    ],
)
def test_7_daylight_saving(joined: str, starts: str, hours: int, day: str, ends: str) -> None:
    zone = "America/Sao_Paulo"
    shop = shops.join(joined, timezone=zone, billing_threshold="10000.00")
    start, end = datetime.fromisoformat(starts), datetime.fromisoformat(ends)
    instant = start - timedelta(hours=1)
    while instant < end + timedelta(hours=1):  # an hour of the day before, and one of the day after
        shops.run_jobs(instant)
        assert shop.charge(instant.isoformat(), "shipping-label", "1.00") == "applied"
        instant += timedelta(hours=1)
    assert shop.account.charges.filter(service_on=day).count() == hours
    items = shop.account.items.filter(posting="DAILY").order_by("posting_on")
    assert [item.charge_count for item in items] == [1, hours, 1]
    whole_day = items[1]
    assert (str(whole_day.posting_on), whole_day.posted_at) == (day, end.astimezone(UTC))


def test_8_refund_after_payout() -> None:
    shop = withdrawing.shop_with("300.00")
    withdrawing.pay_out(withdrawing.withdraw(shop, "300.00"))
    assert (shop.proceeds(), withdrawing.paid_out(shop)) == ("0.00", "300.00")
    (order,) = shop.line.orders.all()
    withdrawing.refund(shop, "2026-11-04 10:00", order.reference, "120.00")
    assert shop.proceeds() == "-120.00"
    with nothing_changes(), pytest.raises(Refused):
        withdrawing.withdraw(shop, "0.01", "2026-11-04 11:00")
    withdrawing.sell(shop, "2026-11-05 10:00", "120.01")
    assert shop.proceeds() == "0.01"
    withdrawing.withdraw(shop, "0.01", "2026-11-05 11:00")
    assert shop.proceeds() == "0.00"


def test_9_fee_day_bills_what_is_outstanding_together_with_the_plan() -> None:
    shop = shops.join("2026-11-01 10:00", billing_threshold="200.00", plan_price="39.00")
    shop.charge("2026-11-30 12:00", "pick-pack", "170.00")
    assert shop.figures() == ("170.00", "0.00")
    shop.run_hourly("2026-11-30 13:00", "2026-12-01 03:00")
    assert shop.invoices()[1:] == ["2026-12-01 SUBSCRIPTION 209.00"]


def test_9_a_threshold_reached_by_the_eve_is_billed_before_the_plan() -> None:
    shop = shops.join("2026-11-01 10:00", billing_threshold="200.00", plan_price="39.00")
    shop.charge("2026-11-30 12:00", "shipping-label", "200.00")
    shop.run_hourly("2026-11-30 13:00", "2026-12-01 03:00")
    assert shop.invoices()[1:] == [
        "2026-11-30 THRESHOLD 200.00",
        "2026-12-01 SUBSCRIPTION 39.00",
    ]


def test_10_storage_posts_when_the_month_ends() -> None:
    shop = shops.join("2026-11-01 10:00", billing_threshold="200.00")
    assert shop.charge("2026-11-10 12:00", "storage", "450.00") == "applied"
    assert shop.statement("2026-11") == (False, {"FULFILMENT": (1, "450.00")})
    shop.run_jobs("2026-11-30 23:00")
    assert shop.figures() == ("0.00", "0.00")
    assert shop.invoices() == []
    shop.run_jobs("2026-12-01 00:00")
    assert shop.invoices() == ["2026-11-30 THRESHOLD 450.00"]
    assert shop.lines("2026-11-30", "THRESHOLD") == ["storage 2026-11-30 450.00"]
    assert shop.statement("2026-11") == (True, {"FULFILMENT": (1, "450.00")})


def test_17_an_own_cap() -> None:
    shop = shops.join("2026-11-01 10:00", credit_limit="5000.00")
    own_rules.set_caps(
        merchant_id=shop.line.pk,
        order=Money("1000", "USD"),
        buyer=None,
        actor="owner@shop.example",
        now=shop.at("2026-11-01 11:00"),
    )
    assert shop.place("2026-11-01 12:00", "A", "1000.00") == "applied"
    assert shop.place("2026-11-01 12:01", "B", "1000.01") == "declined above_own_cap"
    assert shop.order("A") == ("OPEN", "1000.00")
    assert not Notice.objects.exists()


def test_18_a_raise_that_waits() -> None:
    shop = reviewing.shop_with("45000.00", credit_limit="15000.00")
    shop.run_jobs("2026-12-01 00:00")
    assert reviewing.outcome(shop)[1:3] == ("PENDING", "30000.00")
    for at, figure in (("2026-12-01 12:00", "5000"), ("2026-12-02 12:00", "15000")):
        decided(
            limits.set_limit,
            merchant_id=shop.line.pk,
            limit=Money(figure, "USD"),
            actor=reviewing.OPERATOR,
            reason="A closer look.",
            now=shop.at(at),
        )
        assert reviewing.outcome(shop)[1] == "VOID"
        assert Notice.objects.filter(kind="REVIEW", details__status="VOID").count() == 1
    shop.run_jobs("2026-12-31 23:59")
    assert shop.limit()[0] == "15000.00"


@pytest.mark.parametrize("comes_first", ["the job", "a charge"])
def test_11_three_days_down(comes_first: str) -> None:
    shop = shops.join("2026-11-01 10:00", billing_threshold="200.00")
    shop.run_hourly("2026-11-10 10:00", "2026-11-10 12:00")
    shop.charge("2026-11-10 12:00", "shipping-label", "150.00")
    shop.run_hourly("2026-11-10 13:00", "2026-11-10 20:00")
    shop.charge("2026-11-11 12:00", "shipping-label", "150.00")
    shop.charge("2026-11-12 12:00", "shipping-label", "150.00")
    if comes_first == "the job":
        shop.run_jobs("2026-11-13 09:00")
        shop.charge("2026-11-13 09:01", "pick-pack", "1.00")
    else:
        shop.charge("2026-11-13 08:59", "pick-pack", "1.00")
        shop.run_jobs("2026-11-13 09:00")
    assert shop.invoices() == ["2026-11-11 THRESHOLD 300.00"]
    assert shop.lines("2026-11-11", "THRESHOLD") == [
        "shipping-label 2026-11-10 150.00",
        "shipping-label 2026-11-11 150.00",
    ]
    assert shop.figures() == ("151.00", "0.00")


def test_16_two_clocks() -> None:
    shop = shops.join("2026-11-01 10:00", billing_threshold="200.00")
    ChargeFactory.create(shop=shop, at="2026-11-09 10:00:01.000", amount="0.00")
    behind = ChargeFactory.create(shop=shop, at="2026-11-09 10:00:00.997", amount="0.00")
    assert behind.arrived_at == shop.at("2026-11-09 10:00:01.000")
    assert behind.at == shop.at("2026-11-09 10:00:00.997")

    shop.run_jobs("2026-11-10 00:00")
    ChargeFactory.create(shop=shop, at="2026-11-09 23:59:59.9", amount="250.00")
    assert shop.invoices() == ["2026-11-10 THRESHOLD 250.00"]
    assert shop.account.invoices.get().issued_at == shop.at("2026-11-10 00:00:00")
    books.assert_clean()
