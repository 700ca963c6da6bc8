"""Changes of time zone that are made again, taken back, refused, or fall on odd days."""

from collections import Counter
from datetime import timedelta

import pytest

from billing.models import AccountChange
from billing.operations import terms
from credit.operations import days as credit_days
from lib.refusals import Invalid
from merchants.models import TimeZonePeriod
from tests import shops
from tests.billing import deciding
from tests.billing.moving import ASKED, at, moving, zones
from tests.factories import ChargeFactory
from tests.unchanged import nothing_changes
from tests.whole import full

pytestmark = pytest.mark.django_db


@pytest.mark.full  # a change is taken back below
def test_there_and_back_again_each_month_has_its_own_days() -> None:
    """1 December in Kiritimati's clock, 1 January back in Pago Pago's, 25 hours behind."""
    shop = moving("Pacific/Pago_Pago", "Pacific/Kiritimati", plan_price="0")
    shops.run_jobs(at("2026-12-10T12:00Z"))
    deciding.change_time_zone(shop, "2026-12-10T12:00Z", "Pacific/Pago_Pago")
    instant = at("2026-11-30T00:00Z")
    while instant < at("2027-01-03T00:00Z"):
        if instant >= shop.account.open_until - timedelta(days=1):
            assert shop.charge(instant.isoformat(), "shipping-label", "1.00") == "applied"
        instant += timedelta(hours=6)
    shops.run_jobs(at("2027-01-05T00:00Z"))
    assert zones(shop) == {("Pacific/Pago_Pago", "2027-01-01", at("2026-12-31T10:00Z"))}
    by_day = Counter(str(day) for day in shop.account.charges.values_list("service_on", flat=True))
    assert max(by_day) == "2027-01-02"
    # What arrives now from before either change still finds its day.
    now = "2027-01-05T00:00Z"
    days = [
        str(ChargeFactory.create(shop=shop, at=served, arrived=now, amount="1.00").service_on)
        for served in (
            "2026-12-01T10:59Z",  # Pago Pago's 30 November
            "2026-12-01T11:00Z",
            "2026-12-31T09:59Z",  # Kiritimati's 31 December
            "2026-12-31T10:00Z",  # which Pago Pago calls 30 December
        )
    ]
    assert days == ["2026-11-30", "2026-12-02", "2026-12-31", "2027-01-01"]


def test_a_later_change_before_the_month_starts_takes_its_place() -> None:
    shop = moving("Asia/Bangkok", "America/New_York")
    deciding.change_time_zone(shop, "2026-11-30T16:59:59Z", "Asia/Tokyo")
    shops.run_jobs(at("2026-12-05T00:00Z"))
    assert zones(shop) == {("Asia/Tokyo", "2026-12-01", at("2026-11-30T17:00Z"))}
    assert [change.after for change in AccountChange.objects.order_by("pk")] == [
        "America/New_York",
        "Asia/Tokyo",
    ]


def test_a_change_can_be_taken_back() -> None:
    shop = moving("Asia/Bangkok", "America/New_York")
    deciding.change_time_zone(shop, "2026-11-20T12:00Z", "Asia/Bangkok")
    shops.run_jobs(at("2026-12-05T00:00Z"))
    assert zones(shop) == {("Asia/Bangkok", "None", None)}
    deciding.change_time_zone(shop, "2026-12-05T00:00Z", "Asia/Tokyo")
    shops.run_jobs(at("2027-01-02T00:00Z"))
    assert zones(shop) == {("Asia/Tokyo", "2027-01-01", at("2026-12-31T17:00Z"))}
    late = ChargeFactory.create(
        shop=shop, at="2026-11-30T16:59Z", arrived="2027-01-02T00:00Z", amount="1.00"
    )
    assert str(late.service_on) == "2026-11-30"


def test_asked_for_as_a_month_starts_it_waits_for_the_next() -> None:
    shop = shops.join("2026-11-01 10:00", timezone="Asia/Bangkok")
    period = deciding.change_time_zone(shop, "2026-11-30T17:00Z", "Asia/Tokyo")
    assert (str(period.starts_on), period.starts_at) == ("2027-01-01", at("2026-12-31T17:00Z"))


def test_a_line_whose_month_has_started_already_changes_together_with_its_account() -> None:
    """The credit job ran on the hour, and the change was asked for in the second before it."""
    shop = shops.join("2026-11-01 10:00", timezone="Asia/Bangkok")
    shops.run_jobs(at("2026-11-30T12:00Z"))
    credit_days.work_off([shop.merchant.pk], now=at("2026-11-30T17:00Z"))
    period = deciding.change_time_zone(shop, "2026-11-30T16:59:59Z", "Asia/Tokyo")
    assert str(period.starts_on) == "2027-01-01"
    shops.run_jobs(at("2027-01-02T00:00Z"))
    assert zones(shop) == {("Asia/Tokyo", "2027-01-01", at("2026-12-31T17:00Z"))}


def test_a_slow_clock_on_the_new_zones_second_day_does_not_date_a_charge_before_the_change() -> (
    None
):
    shop = moving("Pacific/Pago_Pago", "Pacific/Kiritimati")
    shops.run_jobs(at("2026-12-01T11:00Z"))
    charge = ChargeFactory.create(
        shop=shop, at="2026-12-01T10:20Z", arrived="2026-12-01T10:30Z", amount="1.00"
    )
    assert (str(charge.service_on), charge.is_late) == ("2026-11-30", True)
    assert charge.arrived_at == at("2026-12-01T11:00Z")


def test_it_is_written_down_who_changed_it() -> None:
    shop = moving("Asia/Bangkok", "America/New_York")
    change = AccountChange.objects.get()
    assert (change.what, change.before, change.after, str(change.effective_on)) == (
        "TIMEZONE",
        "Asia/Bangkok",
        "America/New_York",
        "2026-12-01",
    )
    assert (change.account, change.actor, change.at) == (
        shop.account,
        "mali@tael.example",
        at(ASKED),
    )


@pytest.mark.parametrize("zone", ["Asia/Chiang_Mai", "", *full("../../etc/passwd", "utc+7")])
def test_zones_that_there_are_not_are_refused(zone: str) -> None:
    shop = shops.join("2026-11-01 10:00")
    with nothing_changes(), pytest.raises(Invalid, match="timezone"):
        deciding.change_time_zone(shop, "2026-11-01 12:00", zone)
    with nothing_changes(), pytest.raises(Invalid, match="reason"):
        terms.change_time_zone(
            merchant_id=shop.merchant.pk,
            timezone="Asia/Tokyo",
            actor="mali",
            reason="",
            now=shop.at("2026-11-01 12:00"),
        )
    assert TimeZonePeriod.objects.count() == 1


def test_a_threshold_bill_of_a_day_without_length() -> None:
    """All that 1 December brings is the plan fee; what is charged then is of the 2nd."""
    shop = moving("Pacific/Pago_Pago", "Pacific/Kiritimati", billing_threshold="50.00")
    shop.charge("2026-12-01T11:00Z", "pick-pack", "50.00")
    assert shop.invoices()[1:] == ["2026-12-01 SUBSCRIPTION 39.00", "2026-12-02 THRESHOLD 50.00"]
