"""A plan changes on the next plan date, with nothing charged or given back before it."""

from typing import Any

import pytest

from billing.models import AccountChange, PlanTerm
from billing.operations import accounts, charges, terms
from lib.refusals import Invalid
from tests import shops
from tests.amounts import usd
from tests.billing import deciding
from tests.unchanged import nothing_changes

pytestmark = pytest.mark.django_db


def plan(interval: int, **more: Any) -> shops.Shop:
    """A shop that joined on 1 November 2026 with a plan of 39.00 for `interval` days."""
    given = {"billing_threshold": "100000.00", "plan_price": "39.00"} | more
    return shops.join("2026-11-01 10:00", plan_interval_days=interval, **given)


def in_force(shop: shops.Shop) -> tuple[str, str, int]:
    """Name, price and days of the plan in force."""
    account = shop.account
    return account.plan, f"{account.plan_price.amount:.2f}", account.plan_interval_days


def test_a_new_price_holds_from_the_next_plan_date_without_proration() -> None:
    shop = plan(30)
    term = deciding.change_plan(shop, "2026-11-15 12:00", "59.00", 30)
    assert str(term.starts_on) == "2026-12-01"
    assert in_force(shop) == ("basic", "39.00", 30)
    assert shop.figures() == ("0.00", "0.00")
    shop.run_jobs("2026-12-31 00:00")
    assert shop.invoices() == [
        "2026-11-01 SUBSCRIPTION 39.00",
        "2026-12-01 SUBSCRIPTION 59.00",
        "2026-12-31 SUBSCRIPTION 59.00",
    ]
    assert in_force(shop) == ("grown", "59.00", 30)
    fees = shop.account.charges.filter(fee="plan").order_by("at")
    assert [fee.description for fee in fees] == ["basic", "grown", "grown"]


def test_from_30_days_to_90_the_cycle_comes_between() -> None:
    shop = plan(30)
    deciding.change_plan(shop, "2026-11-15 12:00", "390.00", 90, "quarterly")
    for day in ("2026-11-20", "2026-12-05", "2027-01-05"):
        shop.charge(f"{day} 12:00", "pick-pack", "10.00")
    shop.run_jobs("2027-03-05 00:00")
    assert shop.invoices() == [
        "2026-11-01 SUBSCRIPTION 39.00",
        "2026-12-01 SUBSCRIPTION 400.00",
        "2026-12-31 CYCLE 10.00",
        "2027-01-30 CYCLE 10.00",
        "2027-03-01 SUBSCRIPTION 390.00",
    ]


@pytest.mark.full  # the other way round, above
def test_from_95_days_to_30_the_cycle_ends() -> None:
    shop = plan(95, plan_price="390.00")
    deciding.change_plan(shop, "2026-12-03 12:00", "39.00", 30)
    shop.charge("2027-01-10 12:00", "pick-pack", "10.00")
    shop.charge("2027-02-01 12:00", "pick-pack", "20.00")
    shop.charge("2027-02-20 12:00", "pick-pack", "40.00")
    shop.run_jobs("2027-04-05 00:00")
    assert shop.invoices() == [
        "2026-11-01 SUBSCRIPTION 390.00",
        "2027-01-30 CYCLE 10.00",  # day 90
        "2027-02-04 SUBSCRIPTION 59.00",  # day 95; day 120 brings none
        "2027-03-06 SUBSCRIPTION 79.00",
        "2027-04-05 SUBSCRIPTION 39.00",
    ]


@pytest.mark.full  # from 30 to 90, above
def test_back_to_a_longer_plan_the_cycle_still_counts_from_the_join_day() -> None:
    shop = plan(45)
    deciding.change_plan(shop, "2026-11-02 12:00", "30.00", 30)  # from 16 December, day 45
    shop.run_jobs("2026-12-20 12:00")
    deciding.change_plan(shop, "2026-12-20 12:00", "60.00", 60, "slow")  # from 15 January, day 75
    shop.charge("2027-01-20 12:00", "pick-pack", "10.00")
    shop.run_jobs("2027-03-16 00:00")
    assert shop.invoices() == [
        "2026-11-01 SUBSCRIPTION 39.00",
        "2026-12-16 SUBSCRIPTION 30.00",
        "2027-01-15 SUBSCRIPTION 60.00",
        "2027-01-30 CYCLE 10.00",  # day 90
        "2027-03-16 SUBSCRIPTION 60.00",  # day 135
    ]


def test_of_two_changes_before_the_date_the_later_holds() -> None:
    shop = plan(30)
    deciding.change_plan(shop, "2026-11-15 12:00", "590.00", 365, "annual")
    deciding.change_plan(shop, "2026-11-20 12:00", "49.00", 30, "modest")
    shop.run_jobs("2026-12-31 00:00")
    assert shop.invoices()[1:] == [
        "2026-12-01 SUBSCRIPTION 49.00",
        "2026-12-31 SUBSCRIPTION 49.00",
    ]
    assert in_force(shop) == ("modest", "49.00", 30)
    assert PlanTerm.objects.count() == 3


def test_a_change_can_be_taken_back_before_its_date() -> None:
    shop = plan(30)
    deciding.change_plan(shop, "2026-11-15 12:00", "590.00", 365, "annual")
    deciding.change_plan(shop, "2026-11-20 12:00", "39.00", 30, "basic")
    shop.run_jobs("2026-12-31 00:00")
    assert shop.invoices()[1:] == ["2026-12-01 SUBSCRIPTION 39.00", "2026-12-31 SUBSCRIPTION 39.00"]


@pytest.mark.parametrize("at", ["2026-12-01 00:00", "2026-12-01 23:59:59"])
def test_on_a_plan_date_itself_it_waits_for_the_next_one(at: str) -> None:
    shop = plan(30)
    term = deciding.change_plan(shop, at, "59.00", 30)
    assert str(term.starts_on) == "2026-12-31"
    shop.run_jobs("2026-12-31 00:00")
    assert shop.invoices()[1:] == ["2026-12-01 SUBSCRIPTION 39.00", "2026-12-31 SUBSCRIPTION 59.00"]


def test_in_the_last_second_before_a_plan_date_it_still_holds_for_it() -> None:
    shop = plan(30)
    deciding.change_plan(shop, "2026-11-30 23:59:59", "59.00", 30)
    shop.run_jobs("2026-12-01 00:00")
    assert shop.invoices()[1:] == ["2026-12-01 SUBSCRIPTION 59.00"]


@pytest.mark.full  # missed runs in test_late_and_odd.py
def test_a_change_before_months_without_jobs_holds_from_its_own_date() -> None:
    shop = plan(30)
    deciding.change_plan(shop, "2026-11-15 12:00", "59.00", 30)
    deciding.change_plan(shop, "2027-02-15 12:00", "69.00", 30)
    shop.run_jobs("2027-03-01 00:00")
    assert shop.invoices() == [
        "2026-11-01 SUBSCRIPTION 39.00",
        "2026-12-01 SUBSCRIPTION 59.00",
        "2026-12-31 SUBSCRIPTION 59.00",
        "2027-01-30 SUBSCRIPTION 59.00",
        "2027-03-01 SUBSCRIPTION 69.00",
    ]


def test_a_plan_may_cost_nothing() -> None:
    shop = plan(30)
    deciding.change_plan(shop, "2026-11-15 12:00", "0", 30, "free")
    shop.run_jobs("2026-12-31 00:00")
    assert shop.invoices() == ["2026-11-01 SUBSCRIPTION 39.00"]


def test_it_is_written_down_who_changed_what_from_when_on() -> None:
    shop = plan(30)
    deciding.change_plan(shop, "2026-11-15 12:00", "590.00", 365, "annual")
    change = AccountChange.objects.get()
    assert (change.what, change.before, change.after) == (
        "PLAN",
        "basic 39.00/30",
        "annual 590.00/365",
    )
    assert (str(change.effective_on), change.actor, change.reason, change.at) == (
        "2026-12-01",
        "mali@tael.example",
        "agreed by telephone",
        shop.at("2026-11-15 12:00"),
    )


@pytest.mark.parametrize(
    ("name", "price", "days"),
    [
        ("grown", "59.00", 29),
        ("grown", "59.00", 0),
        ("grown", "59.00", 3661),
        ("grown", "-1.00", 30),
        ("grown", "59.001", 30),
        ("grown", "1000000000000000", 30),
        ("", "59.00", 30),
        (" ", "59.00", 30),
        ("x" * 101, "59.00", 30),
        ("x" * 500, "59.00", 30),
    ],
)
def test_plans_that_no_account_can_have_are_refused(name: str, price: str, days: int) -> None:
    shop = plan(30)
    with nothing_changes(), pytest.raises(Invalid, match="plan"):
        deciding.change_plan(shop, "2026-11-01 12:00", price, days, name)


def test_a_change_needs_a_reason() -> None:
    shop = plan(30)
    with nothing_changes(), pytest.raises(Invalid, match="reason"):
        terms.change_plan(
            merchant_id=shop.merchant.pk,
            plan=accounts.Plan("grown", usd(59), 30),
            actor="mali@tael.example",
            reason="",
            now=shop.at("2026-11-01 12:00"),
        )


def test_a_closed_accounts_plan_does_not_change() -> None:
    shop = plan(30)
    deciding.close(shop, "2026-11-15 12:00")
    with nothing_changes(), pytest.raises(charges.AccountClosed):
        deciding.change_plan(shop, "2026-11-15 13:00", "59.00", 30)


def test_a_change_that_waits_as_the_account_closes_never_comes() -> None:
    shop = plan(30)
    deciding.change_plan(shop, "2026-11-15 12:00", "59.00", 30)
    deciding.close(shop, "2026-11-16 12:00")
    shop.run_jobs("2027-02-01 00:00")
    assert shop.invoices() == ["2026-11-01 SUBSCRIPTION 39.00"]
    assert in_force(shop) == ("basic", "39.00", 30)
