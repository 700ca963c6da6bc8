"""Where the account is heading: its coming bills and its threshold's day, at the present pace."""

from datetime import date

import pytest
from moneyed import Money

from billing.operations import accounts, closing, credits_undone, terms, thresholds
from billing.queries.forecast import Forecast, forecast
from lib import money
from tests import shops
from tests.amounts import usd
from tests.billing import deciding
from tests.kept import kept
from tests.shops import Shop

pytestmark = pytest.mark.django_db


def forecast_of(shop: Shop, day: str) -> Forecast:
    """The shop's forecast as this day starts, with the jobs of that instant done."""
    shop.run_jobs(f"{day} 00:00")
    return forecast(shop.account, today=date.fromisoformat(day))


def coming(told: Forecast) -> list[str]:
    """`date KIND total` of each bill that is forecast."""
    return [f"{one.issued_on} {one.kind} {money.text(one.total)}" for one in told.coming]


@kept()
def steady() -> Shop:
    """A shop with 7.00 of labels a day from 1 to 14 November, on a plan of 39.00 from the 1st."""
    shop = shops.join("2026-11-01 00:00", billing_threshold="200.00", plan_price="39.00")
    for day in range(1, 15):
        shop.charge(f"2026-11-{day:02} 12:00", "shipping-label", "7.00")
    return shop


def test_the_threshold_takes_its_bill_before_the_bill_date_has_the_rest(steady: Shop) -> None:
    """Outstanding 98.00, 102.00 left: the 15th label of 7.00 reaches it, on the 29th. The bill of
    1 December then has one label and the plan.
    """
    told = forecast_of(steady, "2026-11-15")
    assert (told.charged, told.pace, told.reached) == (usd("98.00"), usd("7.00"), usd("98.00"))
    assert (told.to_threshold, told.threshold_on) == (usd("102.00"), date(2026, 11, 29))
    assert coming(told) == [
        "2026-11-29 THRESHOLD 203.00",
        "2026-12-01 SUBSCRIPTION 46.00",
        "2026-12-29 THRESHOLD 203.00",
        "2026-12-31 SUBSCRIPTION 46.00",
    ]
    assert told.next_invoice == told.coming[0]
    assert (told.next_invoice_on, told.on_date) == (date(2026, 12, 1), told.coming[1])


def test_today_has_what_it_lacks_of_the_pace(steady: Shop) -> None:
    """5.00 are filled up to 7.00; to 32.00, which are more than the pace, the walk adds nothing
    today.
    """
    steady.charge("2026-11-15 09:00", "shipping-label", "5.00")
    assert forecast_of(steady, "2026-11-15").threshold_on == date(2026, 11, 29)
    steady.charge("2026-11-15 10:00", "shipping-label", "27.00")
    told = forecast_of(steady, "2026-11-15")
    assert (told.pace, told.reached) == (usd("7.00"), usd("130.00"))
    assert coming(told)[0] == "2026-11-25 THRESHOLD 200.00"


def test_storage_waits_for_the_months_end_where_it_counts(steady: Shop) -> None:
    """42.00 and 16 days of 3.00 post on the 30th, after the threshold's bill; with a label and the
    plan they are billed on the 1st.
    """
    steady.charge("2026-11-14 15:00", "storage", "42.00")
    told = forecast_of(steady, "2026-11-15")
    assert (told.pace, told.reached) == (usd("10.00"), usd("98.00"))
    assert told.waiting == usd("42.00")
    assert coming(told)[:3] == [
        "2026-11-29 THRESHOLD 203.00",
        "2026-12-01 SUBSCRIPTION 136.00",
        "2026-12-29 THRESHOLD 203.00",
    ]


def test_the_pace_forgets_what_is_older_than_14_days(steady: Shop) -> None:
    """On 20 November the days from 6 to 19 count, 9 of them with a label; the plan never does."""
    assert forecast_of(steady, "2026-11-20").pace == usd("4.50")


def test_what_settles_something_once_is_no_pace(steady: Shop) -> None:
    """A credit is; what takes it back comes once."""
    credit = deciding.grant(steady, "2026-11-14 12:00", "28.00", "credit-label")
    assert forecast_of(steady, "2026-11-15").pace == usd("5.00")
    credits_undone.undo(
        credit_id=credit.pk,
        actor="officer@tael.example",
        reason="another shop's",
        told="That was not yours.",
        now=steady.at("2026-11-15 01:00"),
    )
    assert forecast_of(steady, "2026-11-16").charged == usd("63.00")


@pytest.mark.usefixtures("nothing_kept")
def test_without_charges_only_bill_dates_bring_bills() -> None:
    shop = shops.join("2026-11-01 00:00", plan_price="39.00")
    told = forecast_of(shop, "2026-11-20")
    assert told.threshold_on is None
    assert coming(told) == ["2026-12-01 SUBSCRIPTION 39.00", "2026-12-31 SUBSCRIPTION 39.00"]


def test_a_threshold_lowered_below_what_is_outstanding_is_reached_at_the_next_posting(
    steady: Shop,
) -> None:
    steady.run_jobs("2026-11-15 00:00")
    thresholds.change(
        merchant_id=steady.merchant.pk,
        threshold=usd("50.00"),
        actor="officer@tael.example",
        reason="late payer",
        now=steady.at("2026-11-15 01:00"),
    )
    told = forecast(steady.account, today=date(2026, 11, 15))
    assert (told.to_threshold, told.threshold_on) == (usd("0.00"), date(2026, 11, 15))
    assert coming(told)[0] == "2026-11-15 THRESHOLD 105.00"


def test_a_plan_that_waits_for_its_date_is_in_the_bill_of_it(steady: Shop) -> None:
    terms.change_plan(
        merchant_id=steady.merchant.pk,
        plan=accounts.Plan("grow", usd("99.00"), 365),
        actor="officer@tael.example",
        reason="asked for it",
        now=steady.at("2026-11-15 01:00"),
    )
    told = forecast_of(steady, "2026-11-15")
    assert told.on_date is not None
    assert (told.on_date.total, told.on_date.plan_fee) == (usd("106.00"), usd("99.00"))
    assert coming(told)[-1] == "2026-12-31 CYCLE 7.00"


def test_a_closed_account_has_no_next_bill(steady: Shop) -> None:
    closing.close(
        merchant_id=steady.merchant.pk,
        actor="officer@tael.example",
        reason="moved away",
        now=steady.at("2026-11-15 01:00"),
    )
    told = forecast_of(steady, "2026-11-16")
    assert (told.next_invoice_on, told.next_invoice, told.coming) == (None, None, [])


@pytest.mark.usefixtures("nothing_kept")
def test_yen_are_forecast_in_whole_yen() -> None:
    """71.43 a day: 1143 in 16 days, whose amounts are whole."""
    shop = shops.join("2026-11-01 00:00", currency="JPY", billing_threshold="20000")
    shop.charge("2026-11-10 12:00", "pick-pack", "1000")
    told = forecast_of(shop, "2026-11-15")
    assert told.pace == Money("71", "JPY")
    assert told.coming[0].total == Money("2143", "JPY")
