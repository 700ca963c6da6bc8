"""Proceeds that are withdrawn without being asked for, day by day or week by week."""

from typing import Any

import pytest
from django.conf import LazySettings
from django.db import IntegrityError, transaction
from moneyed import Money

from credit.models import PayoutRun, PayoutSchedule, Withdrawal
from credit.operations import automatic, destinations, freezes
from credit.operations.destinations import DestinationNotUsable, UnknownDestination
from lib.refusals import CurrencyMismatch, Invalid
from notices.models import Notice
from tests import books, shops
from tests.amounts import usd
from tests.credit.withdrawing import (
    CARD_SHOWN,
    MERCHANT,
    OPERATOR,
    add,
    approve,
    fees,
    refund,
    run,
    sell,
    send_all,
    shop_with,
    status,
    suspect,
    withdraw,
)
from tests.factories import PayoutScheduleFactory
from tests.threads import at_once
from tests.unchanged import nothing_changes
from trail.models import TrailEntry

pytestmark = pytest.mark.django_db

JOB = "automatic-withdrawals"


def set_up(
    shop: shops.Shop, at: str = "2026-11-02 12:00", amount: str = "10.00", **said: Any
) -> PayoutSchedule:
    """Set up automatic withdrawals."""
    return PayoutScheduleFactory.create(shop=shop, at=at, from_amount=Money(amount, "USD"), **said)


def requested() -> list[str]:
    """`day amount+fee status` of each withdrawal, in order."""
    return [
        f"{one.requested_at:%d} {one.amount.amount}+{one.fee.amount} {one.status}"
        for one in Withdrawal.objects.order_by("pk")
    ]


def runs() -> list[str]:
    """`day outcome` of each run, in order."""
    return [f"{one.on:%d} {one.outcome}" for one in PayoutRun.objects.order_by("pk")]


@pytest.fixture
def shop() -> shops.Shop:
    """A shop with 300.00 of proceeds."""
    return shop_with("300.00")


# --- setting up, and stopping -----------------------------------------------------------------


def test_it_is_set_up_for_24_hours_later_and_the_owners_are_told(shop: shops.Shop) -> None:
    rule = set_up(shop)
    assert (rule.set_up_by, rule.usable_from) == (MERCHANT, shop.at("2026-11-03 12:00"))
    assert str(rule.next_on) == "2026-11-03"
    notice = Notice.objects.get(kind="AUTOMATIC_SET_UP")
    assert notice.details == {**CARD_SHOWN, "by": MERCHANT}
    entry = TrailEntry.objects.get(action="AUTOMATIC_SET_UP")
    assert entry.after == {
        "every": "DAILY",
        "from": "10.00 USD",
        "destination": "BANK_CARD ···· 0003",
        "usable_from": "2026-11-03T12:00:00+00:00",
    }
    run(JOB, "2026-11-03 11:59")
    assert runs() == []
    run(JOB, "2026-11-03 12:00")
    assert requested() == ["03 300.00+0.00 REQUESTED"]


def test_the_same_one_twice_is_one_and_another_takes_its_place(shop: shops.Shop) -> None:
    first = set_up(shop)
    assert set_up(shop, at="2026-11-02 13:00") == first
    assert Notice.objects.filter(kind="AUTOMATIC_SET_UP").count() == 1
    second = set_up(shop, at="2026-11-03 10:00", amount="20.00")
    first.refresh_from_db()
    assert (first.ended_at, first.ended_by) == (shop.at("2026-11-03 10:00"), MERCHANT)
    run(JOB, "2026-11-03 18:00")  # the first would be due by now, and the second is not
    assert runs() == []
    run(JOB, "2026-11-04 10:00")
    assert PayoutRun.objects.get().rule == second


def test_it_is_stopped_once_and_asks_for_nothing_more(shop: shops.Shop) -> None:
    rule = set_up(shop)
    for at in ("2026-11-03 11:00", "2026-11-03 11:30"):
        automatic.stop(merchant_id=shop.line.pk, actor=MERCHANT, now=shop.at(at))
    rule.refresh_from_db()
    assert rule.ended_at == shop.at("2026-11-03 11:00")
    assert TrailEntry.objects.filter(action="AUTOMATIC_ENDED").count() == 1
    run(JOB, "2026-11-05 12:00")
    assert runs() == requested() == []


def test_it_ends_with_its_destination(shop: shops.Shop) -> None:
    rule = set_up(shop)
    destinations.remove(
        merchant_id=shop.line.pk,
        destination_id=rule.destination_id,
        actor=MERCHANT,
        now=shop.at("2026-11-02 13:00"),
    )
    rule.refresh_from_db()
    assert rule.ended_at == shop.at("2026-11-02 13:00")
    run(JOB, "2026-11-05 12:00")
    assert runs() == []
    with nothing_changes(), pytest.raises(DestinationNotUsable):
        set_up(shop, at="2026-11-05 12:00")


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"amount": "0.00"}, "from_amount"),
        ({"amount": "-1.00"}, "from_amount"),
        ({"amount": "10.001"}, "from_amount"),
        ({"every": "HOURLY"}, "every"),
        ({"every": "WEEKLY"}, "weekday"),
        ({"every": "WEEKLY", "weekday": 0}, "weekday"),
        ({"every": "WEEKLY", "weekday": 8}, "weekday"),
        ({"every": "DAILY", "weekday": 1}, "weekday"),
    ],
)
def test_what_makes_no_sense_is_refused(shop: shops.Shop, said: dict[str, Any], field: str) -> None:
    with nothing_changes(), pytest.raises(Invalid) as refusal:
        set_up(shop, **said)
    assert refusal.value.field == field
    assert not PayoutSchedule.objects.exists()


def test_another_merchants_destination_or_currency_is_refused(shop: shops.Shop) -> None:
    theirs = shop_with("5.00", "elsewhere").destination
    with nothing_changes(), pytest.raises(UnknownDestination):
        set_up(shop, destination_id=theirs.pk)
    with nothing_changes(), pytest.raises(CurrencyMismatch):
        automatic.set_up(
            merchant_id=shop.line.pk,
            destination_id=shop.destination.pk,
            every="DAILY",
            from_amount=Money("10.00", "EUR"),
            actor=MERCHANT,
            now=shop.at("2026-11-02 12:00"),
        )
    assert not PayoutSchedule.objects.exists()


# --- what a day comes to ----------------------------------------------------------------------


def test_each_day_all_there_is_goes_out_once(shop: shops.Shop) -> None:
    set_up(shop)
    for at in ("2026-11-03 12:00", "2026-11-03 13:00", "2026-11-03 23:00"):
        run(JOB, at)
    sell(shop, "2026-11-03 23:30", "50.00")
    assert requested() == ["03 300.00+0.00 REQUESTED"]
    for at in ("2026-11-04 00:00", "2026-11-04 01:00"):
        run(JOB, at)
    assert requested() == ["03 300.00+0.00 REQUESTED", "04 50.00+0.00 REQUESTED"]
    assert runs() == ["03 REQUESTED", "04 REQUESTED"]
    assert shop.proceeds() == "0.00"
    books.assert_clean()


def test_the_local_day_counts_and_what_matures_on_it() -> None:
    shop = shop_with("300.00", timezone="Asia/Bangkok", settlement_days=7)  # paid on the 1st there
    set_up(shop, at="2026-11-02T12:00+07:00")
    run(JOB, "2026-11-07T23:59+07:00")
    run(JOB, "2026-11-08T00:00+07:00")
    assert runs() == ["07 TOO_LITTLE", "08 REQUESTED"]


def test_a_weekly_one_comes_on_its_day(shop: shops.Shop) -> None:
    set_up(shop, every="WEEKLY", weekday=2)  # 3 November is a Tuesday
    run(JOB, "2026-11-03 12:00")
    assert runs() == ["03 REQUESTED"]
    sell(shop, "2026-11-04 10:00", "50.00")
    for day in range(4, 12):
        run(JOB, f"2026-11-{day:02} 01:00")
    assert runs() == ["03 REQUESTED", "10 REQUESTED"]


def test_a_weekly_one_that_is_set_up_late_in_its_day_waits_for_the_next(shop: shops.Shop) -> None:
    rule = set_up(shop, at="2026-11-03 12:00", every="WEEKLY", weekday=2)
    assert str(rule.next_on) == "2026-11-10"


def test_however_late_it_runs_once(shop: shops.Shop) -> None:
    set_up(shop)
    run(JOB, "2026-11-09 09:00")  # nothing ran for six days
    assert runs() == ["09 REQUESTED"]
    assert str(PayoutSchedule.objects.get().next_on) == "2026-11-10"


@pytest.mark.parametrize(("amount", "outcome"), [("300.00", "REQUESTED"), ("300.01", "TOO_LITTLE")])
def test_it_withdraws_from_its_amount_on(shop: shops.Shop, amount: str, outcome: str) -> None:
    set_up(shop, amount=amount)
    run(JOB, "2026-11-03 12:00")
    assert runs() == [f"03 {outcome}"]
    assert PayoutRun.objects.get().available == usd(300)


def test_after_a_refund_of_what_was_paid_out_nothing_goes(shop: shops.Shop) -> None:
    order = sell(shop, "2026-11-01 13:00", "100.00")
    withdraw(shop, "400.00", at="2026-11-02 11:00")
    refund(shop, "2026-11-02 11:30", order, "40.00")
    set_up(shop)
    run(JOB, "2026-11-03 12:00")
    assert runs() == ["03 TOO_LITTLE"]
    assert shop.proceeds() == "-40.00"


# --- every rule of a withdrawal ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("percent", "fixed", "expected"),
    [
        ("0", "2.50", "297.50+2.50"),
        ("1", "0", "297.03+2.97"),  # 297.04 would cost 2.97 as well: 300.01
        ("1.5", "0.30", "295.27+4.73"),
        ("100", "0", "150.00+150.00"),
    ],
)
def test_the_fee_is_on_top_and_all_is_taken(
    shop: shops.Shop, percent: str, fixed: str, expected: str
) -> None:
    fees(percent, fixed)
    set_up(shop)
    run(JOB, "2026-11-03 12:00")
    assert requested() == [f"03 {expected} REQUESTED"]
    assert shop.proceeds() == "0.00"


def test_where_the_fee_would_leave_nothing_nothing_goes(shop: shops.Shop) -> None:
    fees("0", "300.00")
    set_up(shop)
    run(JOB, "2026-11-03 12:00")
    assert (runs(), requested()) == (["03 TOO_LITTLE"], [])


def test_a_free_one_of_the_month_is_free(shop: shops.Shop) -> None:
    fees("0", "2.00", free=1)
    set_up(shop)
    run(JOB, "2026-11-03 12:00")
    sell(shop, "2026-11-03 13:00", "50.00")
    run(JOB, "2026-11-04 12:00")
    assert requested() == ["03 300.00+0.00 REQUESTED", "04 48.00+2.00 REQUESTED"]


def test_the_days_sum_above_the_operator_limit_takes_an_approval(settings: LazySettings) -> None:
    settings.TAEL_SANDBOX = True
    shop = shop_with("10100.00")
    set_up(shop)
    withdraw(shop, "100.00", at="2026-11-03 11:00")
    run(JOB, "2026-11-03 12:00")  # 10,000.00 more on that day
    large = Withdrawal.objects.latest("pk")
    assert (large.amount, large.needs_approval) == (usd(10000), True)
    send_all("2026-11-03 12:05")
    assert status(large) == "REQUESTED"
    approve(large, "2026-11-03 13:00")
    send_all("2026-11-03 13:05")
    assert status(large) == "PAID"


def test_suspected_fraud_stops_it_and_the_next_day_it_goes_on(shop: shops.Shop) -> None:
    set_up(shop)
    freeze = suspect(shop, "2026-11-03 10:00")
    run(JOB, "2026-11-03 12:00")
    freezes.lift(
        freeze_id=freeze.pk, actor=OPERATOR, note="all is well", now=shop.at("2026-11-03 13:00")
    )
    run(JOB, "2026-11-03 14:00")
    assert (runs(), requested()) == (["03 STOPPED"], [])
    run(JOB, "2026-11-04 00:00")
    assert runs() == ["03 STOPPED", "04 REQUESTED"]


def test_a_destination_added_just_before_can_be_used_by_then(shop: shops.Shop) -> None:
    new = add(shop, at="2026-11-02 12:00:01", number="4000 0000 0000 0119")
    set_up(shop, at="2026-11-02 12:00", destination_id=new.pk)  # counts at 12:00:01, too
    run(JOB, "2026-11-03 12:00")
    assert runs() == []
    run(JOB, "2026-11-03 13:00")
    assert Withdrawal.objects.get().destination == new


# --- run twice, and at once -------------------------------------------------------------------


def test_a_second_run_of_a_day_is_refused_by_the_database(shop: shops.Shop) -> None:
    rule = set_up(shop)
    run(JOB, "2026-11-03 12:00")
    PayoutSchedule.objects.filter(pk=rule.pk).update(next_on="2026-11-03")
    sell(shop, "2026-11-03 13:00", "50.00")
    with (
        nothing_changes(),
        pytest.raises(IntegrityError, match="one_run_per_automatic_withdrawal_and_day"),
        transaction.atomic(),
    ):
        automatic.run(rule.pk, now=shop.at("2026-11-03 14:00"))


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_withdraw_once() -> None:
    shop = shop_with("300.00")
    rule = set_up(shop)

    def work(number: int) -> str:
        """Run the schedule: its outcome."""
        done = automatic.run(rule.pk, now=shop.at("2026-11-03 12:00"))
        return "nothing to do" if done is None else str(done.outcome)

    assert at_once(work, threads=4) == {"REQUESTED": 1, "nothing to do": 3}
    assert requested() == ["03 300.00+0.00 REQUESTED"]
