"""What is forecast is what then happens, if charges go on at exactly that pace."""

import os
from collections.abc import Callable
from datetime import date, timedelta

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given
from hypothesis import settings as bounds
from hypothesis import strategies as st

from billing.forecasting import walk
from billing.queries.forecast import forecast, gather
from lib import money
from tests import shops
from tests.billing import deciding
from tests.billing.paying import choose
from tests.shops import Shop
from tests.whole import full

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("provider")]

# The fees of a pace in the order of a day's charges: what posts at once, by the day, by the month.
FEES = ("app-usage", "pick-pack", "shipping-label", "transaction-fee", "storage")
PACE_DAYS = 14
DAYS = 42  # that are replayed: a month's end and two bill dates
Pace = dict[str, str]  # the amount a day, by fee


def forecast_at(shop: Shop, at: str) -> list[str]:
    """`date KIND total` of each bill of DAYS days that is forecast at this instant."""
    today = date.fromisoformat(at[:10])
    found = forecast(shop.account, today=today).coming
    coming = [one for one in found if one.issued_on < today + timedelta(days=DAYS)]
    return [f"{one.issued_on} {one.kind} {money.text(one.total)}" for one in coming]


def replayed(shop: Shop, at: str, pace: Pace) -> list[str]:
    """The bills of DAYS days from the day of `at` on, if each fee of the pace is charged once a
    day.
    """
    already = len(shop.invoices())
    day = first = date.fromisoformat(at[:10])
    while day < first + timedelta(days=DAYS):
        for fee in FEES:
            if fee in pace:
                shop.charge(f"{day} 18:00", fee, pace[fee])
        day += timedelta(days=1)
    shop.run_jobs(f"{day} 00:00")
    return [invoice for invoice in shop.invoices()[already:] if invoice[:10] < str(day)]


def went_on(shop: Shop, until: str, pace: Pace) -> None:
    """Charge each fee of the pace on the 14 days before that one."""
    last = date.fromisoformat(until)
    for number in range(PACE_DAYS, 0, -1):
        for fee in FEES:
            if fee in pace:
                shop.charge(f"{last - timedelta(days=number)} 18:00", fee, pace[fee])
    shop.run_jobs(f"{until} 00:00")


def joined(threshold: str = "200.00", price: str = "39.00", days: int = 30) -> Shop:
    """A shop that has just joined."""
    return shops.join(
        "2026-11-01 00:00",
        billing_threshold=threshold,
        plan_price=price,
        plan_interval_days=days,
        timezone="America/Sao_Paulo",
    )


def at_stripe() -> Shop:
    """A shop whose bills come on 1 and 31 December, and are not collected below 0.50."""
    shop = joined("1000.00", "0", 365)
    choose(shop, "2026-11-01 10:00", "stripe")
    return shop


def with_a_credit() -> Shop:
    """The shop of `joined`, which was given a credit of 250.00 before the days of the pace."""
    shop = joined()
    deciding.grant(shop, "2026-11-05 10:00", "250.00", "credit-label")
    return shop


def with_a_void_plan_fee() -> Shop:
    """A shop with 210.00 of plan fees outstanding, and a threshold of 200.00."""
    shop = joined(price="210.00")
    deciding.void(shop, "2026-11-02 12:00", deciding.invoice(shop, "2026-11-01"))
    return shop


def with_another_plan() -> Shop:
    """A shop that has chosen another plan, which starts later."""
    shop = joined()
    deciding.change_plan(shop, "2026-11-05 10:00", "99.00", 45)
    return shop


@pytest.mark.full  # the worked examples are below
@pytest.mark.parametrize(
    ("shop_of", "pace"),
    [
        (with_a_credit, {"pick-pack": "8.00", "storage": "3.00"}),
        *full(
            (joined, {"shipping-label": "13.00", "storage": "9.00", "pick-pack": "4.10"}),
            (with_another_plan, {"transaction-fee": "11.00"}),
            (with_a_void_plan_fee, {"pick-pack": "6.00", "shipping-label": "3.00"}),
            (at_stripe, {"app-usage": "0.01"}),
            (joined, {"shipping-label": "390.00", "pick-pack": "30.00"}),  # the guard
            (joined, {}),
        ),
    ],
)
def test_the_coming_bills_are_those_that_come(shop_of: Callable[[], Shop], pace: Pace) -> None:
    shop = shop_of()
    went_on(shop, "2026-11-20", pace)
    told = forecast_at(shop, "2026-11-20 00:00")
    assert told == replayed(shop, "2026-11-20 00:00", pace)
    assert told


# The worked examples of chapter 26: nothing more is charged on their days.


def example_1(shop: Shop) -> str:
    """Bring the shop to the eve of what the rule book's example 1 foresees; returns that
    instant.
    """
    shop.charge("2026-11-10 12:00", "app-usage", "15.00")
    shop.charge("2026-11-12 15:00", "shipping-label", "210.00")
    return "2026-11-12 16:00"


def example_3(shop: Shop) -> str:
    """Bring the shop to the eve of what example 3 foresees; returns that instant."""
    deciding.grant(shop, "2026-11-06 12:00", "60.00", "credit-label")
    return "2026-11-22 12:00"


def example_9(amount: str) -> Callable[[Shop], str]:
    """What brings a shop to the eve of what example 9 foresees, with a charge of this amount."""

    def eve(shop: Shop) -> str:
        shop.charge("2026-11-10 12:00", "shipping-label", amount)
        return "2026-11-30 13:00"

    return eve


def example_10(shop: Shop) -> str:
    """Bring the shop to the eve of what example 10 foresees; returns that instant."""
    shop.charge("2026-11-10 12:00", "storage", "450.00")
    return "2026-11-29 12:00"


@pytest.mark.parametrize(
    ("threshold", "example", "invoices"),
    [
        ("200.00", example_1, ["2026-11-12 THRESHOLD 225.00", "2026-12-01 SUBSCRIPTION 39.00"]),
        ("1000.00", example_3, ["2026-12-31 SUBSCRIPTION 18.00"]),
        ("200.00", example_9("170.00"), ["2026-12-01 SUBSCRIPTION 209.00"]),
        ("200.00", example_10, ["2026-11-30 THRESHOLD 450.00", "2026-12-01 SUBSCRIPTION 39.00"]),
    ],
)
def test_the_worked_examples(
    threshold: str, example: Callable[[Shop], str], invoices: list[str]
) -> None:
    """The pace of what they charged once is left aside: only what is there already is billed."""
    shop = shops.join("2026-11-01 10:00", billing_threshold=threshold, plan_price="39.00")
    at = example(shop)
    shop.run_jobs(at)
    today = date.fromisoformat(at[:10])
    standing, _ = gather(shop.account, today=today)
    coming = walk(standing, [], until=today + timedelta(days=40))
    assert [f"{one.issued_on} {one.kind} {one.total:.2f}" for one in coming][
        : len(invoices)
    ] == invoices
    shop.run_jobs("2027-01-01 00:00")
    assert shop.invoices()[1 : 1 + len(invoices)] == invoices


@pytest.mark.full
@bounds(
    max_examples=12,
    deadline=None,
    derandomize=bool(os.environ.get("CI")),
    suppress_health_check=list(HealthCheck),
)
@given(
    pace=st.dictionaries(
        st.sampled_from(FEES), st.decimals("0.01", "120", places=2).map(str), max_size=4
    ),
    threshold=st.sampled_from(["0", "50.00", "200.00", "1000.00"]),
    price=st.sampled_from(["0", "39.00", "300.00"]),
    days=st.sampled_from([30, 31, 45, 60, 365]),
    today=st.sampled_from(["2026-11-16", "2026-11-29", "2026-12-01", "2026-12-31"]),
)
def test_whatever_the_pace_and_the_terms(
    pace: Pace, threshold: str, price: str, days: int, today: str
) -> None:
    with transaction.atomic():
        shop = joined(threshold, price, days)
        went_on(shop, today, pace)
        assert forecast_at(shop, today) == replayed(shop, today, pace)
        transaction.set_rollback(True)
