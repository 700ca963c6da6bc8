"""A merchant's days are counted in another time zone from the start of its next local month."""

from collections import Counter
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import transaction

from billing.models import AccountChange
from billing.operations import terms
from credit.operations import days as credit_days
from merchants.models import TimeZonePeriod
from merchants.refusals import Invalid
from tests import shops
from tests.billing import deciding

pytestmark = pytest.mark.django_db

ASKED = "2026-11-10T12:00Z"
# From, to, when 1 December starts, when it ends, when 2 December ends.
CHANGES = [
    (
        "Pacific/Kiritimati",
        "Pacific/Pago_Pago",
        "2026-11-30T10:00Z",
        "2026-12-02T11:00Z",
        "2026-12-03T11:00Z",
    ),
    # 1 December is over on the new clocks as it starts on the old ones: it has no length.
    (
        "Pacific/Pago_Pago",
        "Pacific/Kiritimati",
        "2026-12-01T11:00Z",
        "2026-12-01T11:00Z",
        "2026-12-02T10:00Z",
    ),
    (
        "Asia/Bangkok",
        "America/New_York",
        "2026-11-30T17:00Z",
        "2026-12-02T05:00Z",
        "2026-12-03T05:00Z",
    ),
    (
        "America/New_York",
        "Asia/Bangkok",
        "2026-12-01T05:00Z",
        "2026-12-01T17:00Z",
        "2026-12-02T17:00Z",
    ),
    (
        "Asia/Kathmandu",
        "Australia/Eucla",
        "2026-11-30T18:15Z",
        "2026-12-01T15:15Z",
        "2026-12-02T15:15Z",
    ),
]
each_change = pytest.mark.parametrize(("old", "new", "starts", "ends", "second_ends"), CHANGES)


def moving(old: str, new: str, **more: Any) -> shops.Shop:
    """Joined on 1 November 2026, so that 1 December is a plan date; it moves on 1 December."""
    given = {"billing_threshold": "1000.00", "plan_price": "39.00", "timezone": old} | more
    shop = shops.join("2026-11-01 10:00", **given)
    period = deciding.change_time_zone(shop, ASKED, new)
    assert str(period.starts_on) == "2026-12-01"
    return shop


def at(text: str) -> datetime:
    return shops.instant(text)


def zones(shop: shops.Shop) -> set[tuple[str, str, datetime | None]]:
    """Zone, first day and instant of it, of the account and of the line; one if they agree."""
    return {
        (books.timezone, str(books.timezone_since_on), books.timezone_since_at)
        for books in (shop.account, shop.line)
    }


@each_change
def test_account_line_and_merchant_change_as_the_month_starts(
    old: str, new: str, starts: str, ends: str, second_ends: str
) -> None:
    shop = moving(old, new)
    assert TimeZonePeriod.objects.latest("starts_on").starts_at == at(starts)
    shops.run_jobs(at(starts) - timedelta(seconds=1))
    assert zones(shop) == {(old, "None", None)}
    assert (shop.merchant.timezone, str(shop.account.open_on)) == (old, "2026-11-30")
    shops.run_jobs(at(starts))
    assert zones(shop) == {(new, "2026-12-01", at(starts))}
    assert shop.merchant.timezone == new
    for books in (shop.account, shop.line):
        first = (str(books.open_on), books.open_until) == ("2026-12-01", at(ends))
        second = (str(books.open_on), books.open_until) == ("2026-12-02", at(second_ends))
        assert second if starts == ends else first
    shops.run_jobs(at(ends))
    assert {str(books.open_on) for books in (shop.account, shop.line)} == {"2026-12-02"}
    assert zones(shop) == {(new, "2026-12-01", at(starts))}


@each_change
def test_no_day_is_lost_or_doubled(
    old: str, new: str, starts: str, ends: str, second_ends: str
) -> None:
    """A label in every hour from before the change to after it lands on the day that is open."""
    shop = moving(old, new)
    first, last = at(starts) - timedelta(hours=30), at(second_ends) + timedelta(hours=5)
    instant = first
    expected: Counter[str] = Counter()
    while instant < last:
        assert shop.charge(instant.isoformat(), "shipping-label", "1.00") == "applied"
        day = "2026-11-30"
        if instant < at(starts) - timedelta(hours=24):
            day = "2026-11-29"
        elif instant >= at(second_ends):
            day = "2026-12-03"
        elif instant >= at(starts):
            day = "2026-12-01" if instant < at(ends) else "2026-12-02"
        expected[day] += 1
        instant += timedelta(hours=1)
    labels = shop.account.charges.filter(fee="shipping-label").order_by("at")
    found = [str(day) for day in labels.values_list("service_on", flat=True)]
    assert found == sorted(found)
    assert Counter(found) == expected
    assert not labels.filter(is_late=True).exists()
    shops.run_jobs(last + timedelta(days=2))
    posted = shop.account.items.filter(fee="shipping-label").order_by("posting_on")
    assert {str(item.posting_on): item.charge_count for item in posted} == expected
    november = expected["2026-11-29"] + expected["2026-11-30"]
    assert shop.statement("2026-11") == (True, {"SHIPPING": (november, f"{november}.00")})
    assert shop.statement("2026-12") == (
        False,
        {
            "SHIPPING": (
                sum(expected.values()) - november,
                f"{sum(expected.values()) - november}.00",
            )
        },
    )
    assert shop.bills() == [
        "2026-11-01 SUBSCRIPTION 39.00",
        f"2026-12-01 SUBSCRIPTION {39 + november}.00",
    ]
    assert deciding.bill(shop, "2026-12-01").issued_at == at(starts)
    assert shop.account.statements.get(month="2026-11-01").closed_at == at(starts)


@each_change
def test_jobs_three_days_late_over_the_change_give_the_same_books(
    old: str, new: str, starts: str, ends: str, second_ends: str
) -> None:
    shop = moving(old, new, billing_threshold="60.00", payment_days=0)
    before = (at(starts) - timedelta(hours=3)).isoformat()
    shop.place(before, "A", "1500.00")
    shop.deliver(before, "A")
    shop.charge(before, "shipping-label", "50.00")
    shop.charge(before, "storage", "15.00")
    late = at(second_ends) + timedelta(days=3)
    with transaction.atomic():
        shops.run_hourly(at(starts).replace(minute=0) - timedelta(hours=2), late.replace(minute=0))
        shops.run_jobs(late)
        on_time = (shop.books(), zones(shop))
        transaction.set_rollback(True)
    shops.run_jobs(late)
    assert (shop.books(), zones(shop)) == on_time
    assert shop.bills()[1:] == ["2026-11-30 THRESHOLD 65.00", "2026-12-01 SUBSCRIPTION 39.00"]
    freeze = shop.line.freezes.get(reason="OVERDUE")  # due on 30 November
    assert freeze.placed_at == at(starts)


@each_change
def test_what_happened_before_the_change_and_arrives_after_keeps_its_day(
    old: str, new: str, starts: str, ends: str, second_ends: str
) -> None:
    shop = moving(old, new)
    arrived = (at(second_ends) + timedelta(hours=1)).isoformat()

    def served(instant: datetime) -> tuple[str, bool, str]:
        charge = shop.record(instant.isoformat(), arrived, "pick-pack", "1.00")
        assert charge.statement is not None
        return str(charge.service_on), charge.is_late, f"{charge.statement.month:%Y-%m}"

    assert served(at(starts) - timedelta(microseconds=1)) == ("2026-11-30", True, "2026-12")
    assert served(at(starts) - timedelta(hours=23)) == ("2026-11-30", True, "2026-12")
    assert served(at(starts) - timedelta(hours=25)) == ("2026-11-29", True, "2026-12")
    assert served(at(starts) - timedelta(days=31)) == ("2026-10-31", True, "2026-12")
    first = "2026-12-02" if starts == ends else "2026-12-01"
    assert served(at(starts)) == (first, False, "2026-12")
    assert served(at(second_ends) - timedelta(seconds=1)) == ("2026-12-02", False, "2026-12")
    assert served(at(second_ends)) == ("2026-12-03", False, "2026-12")


@each_change
def test_orders_delivered_around_the_change_are_due_by_their_own_day(
    old: str, new: str, starts: str, ends: str, second_ends: str
) -> None:
    shop = moving(old, new, payment_days=10)
    for order in ("before", "heard late", "after"):
        shop.place((at(starts) - timedelta(days=2)).isoformat(), order, "100.00")
    just_before = (at(starts) - timedelta(seconds=1)).isoformat()
    shop.deliver(just_before, "before")
    shop.deliver(at(starts).isoformat(), "after")

    def hear_late(event: dict[str, Any]) -> str:
        return shops.apply(event, arriving=at(second_ends) + timedelta(hours=2))

    platform = shops.Shop(shop.reference, sender=hear_late, timezone=old)
    assert platform.deliver(just_before, "heard late") == "applied"
    due = dict(shop.line.orders.values_list("reference", "due_on"))
    assert {reference: str(day) for reference, day in due.items()} == {
        "before": "2026-12-10",
        "heard late": "2026-12-10",
        "after": "2026-12-12" if starts == ends else "2026-12-11",
    }


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
        str(shop.record(served, now, "pick-pack", "1.00").service_on)
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
    late = shop.record("2026-11-30T16:59Z", "2027-01-02T00:00Z", "pick-pack", "1.00")
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
    charge = shop.record("2026-12-01T10:20Z", "2026-12-01T10:30Z", "pick-pack", "1.00")
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


@pytest.mark.parametrize("zone", ["Asia/Chiang_Mai", "", "../../etc/passwd", "utc+7"])
def test_zones_that_there_are_not_are_refused(zone: str) -> None:
    shop = shops.join("2026-11-01 10:00")
    with shop.unchanged(), pytest.raises(Invalid, match="timezone"):
        deciding.change_time_zone(shop, "2026-11-01 12:00", zone)
    with shop.unchanged(), pytest.raises(Invalid, match="reason"):
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
    assert shop.bills()[1:] == ["2026-12-01 SUBSCRIPTION 39.00", "2026-12-02 THRESHOLD 50.00"]
