"""A bill that could not be collected is tried 1, 3, 5 and 7 days after it first failed."""

import logging
from contextlib import suppress
from typing import Any

import pytest

from billing.models import Invoice
from billing.operations import payments
from billing.providers.registry import PROVIDERS, Answer
from config.timetable import TIMETABLE
from notices import letters
from tests import shops
from tests.billing.paying import (
    FIRST,
    GOOD,
    REFUSED,
    SECOND,
    SHORT,
    Told,
    add_card,
    attempts,
    billed,
    first_failure,
    invoice,
    next_attempt,
    paid,
    pay_now,
    state,
    told,
    told_shop,
)
from tests.unchanged import nothing_changes

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("sandbox")]

SOFT = "FAILED insufficient_funds"
HARD = "FAILED card_declined"


def test_the_first_attempt_is_that_of_the_next_hourly_run() -> None:
    shop = billed()
    assert next_attempt(shop) == "2026-11-01 10:00"
    shop.run_jobs("2026-11-01 11:00")
    assert attempts(shop) == ["2026-11-01 11:00 SUCCEEDED"]
    assert state() == "PAID 39.00/39.00"
    assert told(shop) == []


def test_four_retries_follow_to_the_tick_and_then_none() -> None:
    shop = billed(card=SHORT)
    made: list[str] = []
    for day in ("01", "02", "04", "06", "08"):
        shop.run_jobs(f"2026-11-{day} 10:59:59.999999") if day != "01" else None
        assert attempts(shop) == made
        shop.run_jobs(f"2026-11-{day} 11:00")
        made.append(f"2026-11-{day} 11:00 {SOFT}")
        assert attempts(shop) == made
    assert next_attempt(shop) is None
    shop.run_jobs("2026-11-09 11:00")
    shop.run_jobs("2026-11-28 11:00")
    assert attempts(shop) == made
    assert state() == "OPEN 0.00/39.00"
    # The merchant hears of the first failure, and when nothing tries the bill again by itself.
    assert told(shop) == [
        f"2026-11-{day} 11:00 {FIRST} 39.00 USD insufficient_funds" for day in ("01", "08")
    ]
    first, last = shop.merchant.notices.filter(kind="PAYMENT_FAILED").order_by("pk")
    assert "We try again on 2 Nov 2026. If the bill stays unpaid" in letters.sentence(first)
    assert letters.sentence(last).replace("\N{NO-BREAK SPACE}", " ") == (
        "We could not collect 39.00 USD for bill T-2026-000001: the card did not have enough funds."
        " Nothing tries it again by itself: choose another method, or pay it now. If the bill stays"
        " unpaid, your credit line is frozen on 29 Nov 2026 and takes no new orders."
    )


@pytest.mark.full  # from tick to tick, as above; jobs run hourly over two days below
def test_hourly_runs_make_the_same_five_attempts() -> None:
    shop = billed(card=SHORT)
    shop.run_hourly("2026-11-01 11:00", "2026-11-10 00:00")
    days = ("01", "02", "04", "06", "08")
    assert attempts(shop) == [f"2026-11-{day} 11:00 {SOFT}" for day in days]


@pytest.mark.full  # to the tick, above
def test_retries_are_24_hours_apart_whatever_the_clock_on_the_wall_does() -> None:
    # New York goes back from 2:00 to 1:00 on 1 November 2026; 11:00 is then 16:00 UTC, not 15:00.
    shop = shops.join(
        "2026-10-31 10:00",
        timezone="America/New_York",
        plan_price="39.00",
        payment_method="sandbox",
    )
    add_card(shop, "2026-10-31 10:00", SHORT)
    shop.run_jobs("2026-10-31 11:00")
    shop.run_jobs("2026-11-01T14:59:59Z")
    assert len(attempts(shop)) == 1
    shop.run_jobs("2026-11-01T15:00:00Z")
    assert attempts(shop) == [f"2026-10-31 11:00 {SOFT}", f"2026-11-01 10:00 {SOFT}"]


def test_retries_missed_in_an_outage_are_one_attempt() -> None:
    shop = billed(card=SHORT)
    shop.run_hourly("2026-11-01 11:00", "2026-11-02 12:00")  # retried on day 1
    shop.run_hourly("2026-11-07 10:00", "2026-11-08 12:00")  # back one hour before day 6 ends
    shop.run_jobs("2026-11-10 10:00")
    assert attempts(shop) == [
        f"2026-11-01 11:00 {SOFT}",
        f"2026-11-02 11:00 {SOFT}",
        f"2026-11-07 10:00 {SOFT}",
        f"2026-11-08 11:00 {SOFT}",
    ]


@pytest.mark.full  # a shorter one, above
def test_after_an_outage_longer_than_all_retries_there_is_one() -> None:
    shop = billed(card=SHORT)
    shop.run_jobs("2026-11-01 11:00")
    shop.run_hourly("2026-11-20 00:00", "2026-11-20 03:00")
    assert attempts(shop) == [f"2026-11-01 11:00 {SOFT}", f"2026-11-20 00:00 {SOFT}"]
    assert next_attempt(shop) is None


def test_a_retry_that_succeeds_pays_the_bill_and_is_the_last(provider: Told) -> None:
    shop = told_shop()
    provider.answers = [Answer.failed("insufficient_funds"), paid()]
    shop.run_jobs("2026-11-01 11:00")
    shop.run_jobs("2026-11-02 11:00")
    shop.run_jobs("2026-11-04 11:00")
    assert attempts(shop) == [f"2026-11-01 11:00 {SOFT}", "2026-11-02 11:00 SUCCEEDED"]
    assert provider.sent == [f"T-{FIRST}-1", f"T-{FIRST}-2"]
    assert invoice().paid_at == shop.at("2026-11-02 11:00")


def test_a_card_that_is_refused_for_good_is_not_tried_again() -> None:
    shop = billed(card=REFUSED)
    shop.run_hourly("2026-11-01 11:00", "2026-11-01 13:00")
    for day in ("02", "04", "06", "08"):
        shop.run_jobs(f"2026-11-{day} 11:00")
    assert attempts(shop) == [f"2026-11-01 11:00 {HARD}"]
    assert next_attempt(shop) is None
    assert told(shop) == [f"2026-11-01 11:00 {FIRST} 39.00 USD card_declined"]


def test_another_card_is_tried_at_once_and_keeps_the_retries_of_the_first_failure() -> None:
    shop = billed(card=REFUSED)
    shop.run_jobs("2026-11-01 11:00")
    add_card(shop, "2026-11-03 09:30", SHORT)
    shop.run_hourly("2026-11-03 10:00", "2026-11-04 11:00")
    assert attempts(shop) == [
        f"2026-11-01 11:00 {HARD}",
        f"2026-11-03 10:00 {SOFT}",
        f"2026-11-04 11:00 {SOFT}",  # day 3 after the first failure
    ]
    assert next_attempt(shop) == "2026-11-06 11:00"


@pytest.mark.full  # a first attempt that is, above
def test_a_retry_that_is_refused_for_good_is_the_last(provider: Told) -> None:
    shop = told_shop()
    soft = Answer.failed("insufficient_funds")
    provider.answers = [soft, Answer.failed("card_declined", is_hard=True)]
    for day in ("01", "02", "04", "06", "08"):
        shop.run_jobs(f"2026-11-{day} 11:00")
    assert attempts(shop) == [f"2026-11-01 11:00 {SOFT}", f"2026-11-02 11:00 {HARD}"]
    add_card(shop, "2026-11-09 10:30", GOOD)
    shop.run_jobs("2026-11-09 11:00")
    assert state() == "PAID 39.00/39.00"


@pytest.mark.full  # one before it, above
def test_a_new_card_after_the_last_retry_is_tried_once() -> None:
    shop = billed(card=SHORT)
    for day in ("01", "02", "04", "06", "08"):
        shop.run_jobs(f"2026-11-{day} 11:00")
    add_card(shop, "2026-11-20 09:00", SHORT)
    shop.run_jobs("2026-11-20 10:00")
    shop.run_jobs("2026-11-21 10:00")
    assert attempts(shop)[5:] == [f"2026-11-20 10:00 {SOFT}"]
    assert next_attempt(shop) is None
    assert len(told(shop)) == 2  # of the first failure, and that no retry is left


@pytest.mark.full  # one bill does, to the tick
def test_each_bill_counts_from_its_own_first_failure() -> None:
    shop = billed(card=SHORT)
    shop.run_jobs("2026-11-01 11:00")
    shop.run_jobs("2026-11-02 11:00")
    shop.charge("2026-11-02 12:00", "pick-pack", "200.00")
    shop.run_hourly("2026-11-02 12:00", "2026-11-06 00:00")
    assert attempts(shop) == [f"2026-11-0{day} 11:00 {SOFT}" for day in (1, 2, 4)]
    assert attempts(shop, SECOND) == [f"2026-11-0{day} 12:00 {SOFT}" for day in (2, 3, 5)]
    assert told(shop) == [
        f"2026-11-01 11:00 {FIRST} 39.00 USD insufficient_funds",
        f"2026-11-02 12:00 {SECOND} 200.00 USD insufficient_funds",
    ]


# The job.


def test_what_goes_wrong_with_one_bill_does_not_keep_the_others(
    provider: Told, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = told_shop()
    sound = billed("willow")

    def fall_over() -> None:
        raise ZeroDivisionError("a provider's own mistake")

    monkeypatch.setattr(provider, "check_ready", fall_over)
    with caplog.at_level(logging.ERROR), pytest.raises(ZeroDivisionError):
        shops.run_jobs(shops.instant("2026-11-01 11:00"))
    left = f"collect-payments: row {invoice().pk} was left as it is: a provider's own mistake"
    assert left in caplog.text
    assert attempts(broken) == []
    assert attempts(sound, SECOND) == ["2026-11-01 11:00 SUCCEEDED"]
    monkeypatch.undo()


@pytest.mark.full  # what goes wrong does not, above
def test_a_payment_that_cannot_be_asked_about_does_not_keep_the_others(
    provider: Told, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = told_shop()
    silent = billed("willow", card="0119")
    provider.answers = [Answer.undecided("pi-1")]
    shops.run_jobs(shops.instant("2026-11-01 11:00"))
    monkeypatch.delitem(PROVIDERS, "stripe")
    with caplog.at_level(logging.ERROR):
        for job in TIMETABLE:
            with suppress(KeyError):
                job.run_here(shops.instant("2026-11-01 11:05"))
    assert "reconcile-payments: row" in caplog.text
    assert attempts(shop) == ["2026-11-01 11:00 UNKNOWN"]
    assert state(SECOND) == "PAID 39.00/39.00"
    assert attempts(silent, SECOND) == ["2026-11-01 11:00 SUCCEEDED"]


@pytest.mark.full  # it uses up no retry in test_pay_now.py
def test_pay_now_before_the_first_attempt_is_no_first_failure() -> None:
    shop = billed(card=SHORT)
    assert pay_now(shop, "2026-11-01 10:30") == SOFT
    assert (first_failure(shop), told(shop)) == (None, [])
    shop.run_hourly("2026-11-01 11:00", "2026-11-02 11:00")
    assert attempts(shop) == [
        f"2026-11-01 10:30 {SOFT}",
        f"2026-11-01 11:00 {SOFT}",
        f"2026-11-02 11:00 {SOFT}",
    ]


@pytest.mark.full  # all jobs again in test_timetable.py
def test_a_run_that_finds_nothing_due_leaves_everything(sandbox: Any) -> None:
    shop = billed(card=SHORT)
    shop.run_jobs("2026-11-01 11:00")
    with nothing_changes():
        assert payments.collect(invoice().pk, now=shop.at("2026-11-01 23:59:59")) is None
    assert Invoice.objects.count() == 1
