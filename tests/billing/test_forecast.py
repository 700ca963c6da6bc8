"""Where the account is heading: threshold day and next bill, at the pace of the last 14 days."""

from datetime import date

import pytest
from moneyed import Money

from billing.operations import accounts, closing, terms, thresholds
from billing.queries.forecast import Forecast, forecast
from tests import shops
from tests.amounts import usd
from tests.kept import kept
from tests.shops import Shop

pytestmark = pytest.mark.django_db


def forecast_of(shop: Shop, day: str) -> Forecast:
    shop.run_jobs(f"{day} 00:00")
    return forecast(shop.account, today=date.fromisoformat(day))


@kept()
def steady() -> Shop:
    """7.00 of labels a day from 1 to 14 November, on a plan of 39.00 from 1 November."""
    shop = shops.join("2026-11-01 00:00", billing_threshold="200.00", plan_price="39.00")
    for day in range(1, 15):
        shop.charge(f"2026-11-{day:02} 12:00", "shipping-label", "7.00")
    return shop


def test_a_steady_pace_reaches_the_threshold_on_a_day_that_can_be_told(steady: Shop) -> None:
    """Outstanding 98.00, 102.00 left: 14.57 days of 7.00."""
    told = forecast_of(steady, "2026-11-15")
    assert told.pace == usd("7.00")
    assert told.reached == usd("98.00")
    assert told.to_threshold == usd("102.00")
    assert told.threshold_on == date(2026, 11, 30)


def test_the_next_bill_is_what_is_there_and_what_will_come_and_the_plan(steady: Shop) -> None:
    """98.00 + 16 days of 7.00 + 39.00, on 1 December."""
    told = forecast_of(steady, "2026-11-15")
    assert told.next_invoice_on == date(2026, 12, 1)
    assert told.next_invoice == usd("249.00")


def test_what_accrues_today_counts_towards_both_and_not_towards_the_pace(steady: Shop) -> None:
    steady.charge("2026-11-15 09:00", "shipping-label", "32.00")
    told = forecast_of(steady, "2026-11-15")
    assert (told.pace, told.reached) == (usd("7.00"), usd("130.00"))
    assert told.threshold_on == date(2026, 11, 25)


def test_storage_that_waits_for_the_months_end_is_part_of_the_pace(steady: Shop) -> None:
    steady.charge("2026-11-14 15:00", "storage", "42.00")
    told = forecast_of(steady, "2026-11-15")
    assert (told.pace, told.reached) == (usd("10.00"), usd("98.00"))


def test_the_pace_forgets_what_is_older_than_14_days(steady: Shop) -> None:
    """On 20 November the days from 6 to 19 count, 9 of them with a label; the plan never does."""
    assert forecast_of(steady, "2026-11-20").pace == usd("4.50")


@pytest.mark.usefixtures("nothing_kept")
def test_without_charges_the_threshold_is_never_reached() -> None:
    shop = shops.join("2026-11-01 00:00", plan_price="39.00")
    told = forecast_of(shop, "2026-11-20")
    assert told.threshold_on is None
    assert (told.next_invoice_on, told.next_invoice) == (date(2026, 12, 1), usd("39.00"))


def test_a_threshold_lowered_below_what_is_outstanding_is_reached_today(steady: Shop) -> None:
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


def test_a_plan_that_waits_for_its_date_is_in_the_next_bill(steady: Shop) -> None:
    terms.change_plan(
        merchant_id=steady.merchant.pk,
        plan=accounts.Plan("grow", usd("99.00"), 365),
        actor="officer@tael.example",
        reason="asked for it",
        now=steady.at("2026-11-15 01:00"),
    )
    assert forecast_of(steady, "2026-11-15").next_invoice == usd("309.00")


@pytest.mark.usefixtures("nothing_kept")
def test_an_account_on_a_yearly_plan_has_its_cycle_bill_next() -> None:
    shop = shops.join("2026-11-01 00:00", plan_price="390.00", plan_interval_days=365)
    shop.charge("2026-11-10 12:00", "pick-pack", "14.00")
    told = forecast_of(shop, "2026-11-21")
    assert (told.next_invoice_on, told.next_invoice) == (date(2026, 12, 1), usd("24.00"))


def test_a_closed_account_has_no_next_bill(steady: Shop) -> None:
    closing.close(
        merchant_id=steady.merchant.pk,
        actor="officer@tael.example",
        reason="moved away",
        now=steady.at("2026-11-15 01:00"),
    )
    told = forecast_of(steady, "2026-11-16")
    assert (told.next_invoice_on, told.next_invoice) == (None, None)


@pytest.mark.usefixtures("nothing_kept")
def test_yen_are_forecast_in_whole_yen() -> None:
    shop = shops.join("2026-11-01 00:00", currency="JPY", billing_threshold="20000")
    shop.charge("2026-11-10 12:00", "pick-pack", "1000")
    told = forecast_of(shop, "2026-11-15")
    assert told.pace == Money("71", "JPY")
    assert told.next_invoice == Money("2143", "JPY")
