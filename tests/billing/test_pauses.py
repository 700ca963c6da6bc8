"""The collecting of a bill is paused, and goes on."""

import pytest

from billing.operations.invoice_decisions import InvoiceNotOpen
from billing.operations.pauses import AlreadyPaused, NotPaused, PausedTooLong
from billing.providers.registry import Answer
from lib.refusals import Invalid
from tests.billing import deciding
from tests.billing.by_hand import (
    OPERATOR,
    TOLD,
    WHY,
    assert_audited,
    notices,
    pause,
    resume,
)
from tests.billing.pages import read
from tests.billing.paying import (
    FIRST,
    GOOD,
    SHORT,
    Told,
    add_card,
    attempts,
    billed,
    choose,
    first_failure,
    invoice,
    manual,
    next_attempt,
    pay_now,
    state,
    told_shop,
    transfer,
)
from tests.shops import instant
from tests.unchanged import nothing_changes
from trail.models import TrailEntry

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("sandbox")]

SOFT = "FAILED insufficient_funds"


@pytest.mark.full  # those of an outage are one, in test_dunning
def test_retries_of_the_pause_are_one_as_it_ends() -> None:
    shop = billed(card=SHORT)
    shop.run_jobs("2026-11-01 11:00")
    pause(shop, "2026-11-01 12:00", "2026-11-06")
    assert next_attempt(shop) == "2026-11-06 00:00"
    shop.run_hourly("2026-11-01 13:00", "2026-11-08 12:00")
    assert attempts(shop) == [
        f"2026-11-01 11:00 {SOFT}",
        f"2026-11-06 00:00 {SOFT}",  # for those of the 2nd and the 4th
        f"2026-11-06 11:00 {SOFT}",
        f"2026-11-08 11:00 {SOFT}",
    ]
    assert_audited(shop, "2026-11-08 12:00")


def test_it_ends_by_the_time_zone_that_is_in_force_by_then() -> None:
    """From Bangkok to New York on 1 December: 2 December starts twelve hours later."""
    shop = billed(card=SHORT, timezone="Asia/Bangkok")
    shop.run_jobs("2026-11-01 11:00")
    deciding.change_time_zone(shop, "2026-11-05 11:00", "America/New_York")
    made = pause(shop, "2026-11-05 12:00", "2026-12-02")
    assert made.until_at == invoice().next_attempt_at == instant("2026-12-02T05:00Z")
    shop.run_jobs("2026-12-02T04:59Z")
    assert len(attempts(shop)) == 1  # before the pause
    shop.run_jobs("2026-12-02T05:00Z")
    assert len(attempts(shop)) == 2
    assert_audited(shop, "2026-12-02T05:00Z")


def test_the_line_is_not_frozen_before_it_ends() -> None:
    shop = billed(card=SHORT)
    shop.run_jobs("2026-11-01 11:00")  # it would freeze the line on the 29th
    shop.run_jobs("2026-11-27 11:00")
    pause(shop, "2026-11-27 12:00", "2026-12-10")
    shop.run_jobs("2026-12-09 23:00")
    assert shop.frozen_by() == []
    shop.run_jobs("2026-12-10 00:00")
    assert shop.frozen_by() == ["UNPAID_BILL"]
    assert_audited(shop, "2026-12-10 00:00")


@pytest.mark.full  # none comes meanwhile, above
def test_a_freeze_that_is_in_force_stays() -> None:
    shop = billed(card=SHORT)
    shop.run_jobs("2026-11-01 11:00")
    shop.run_jobs("2026-11-29 00:00")
    assert shop.frozen_by() == ["UNPAID_BILL"]
    pause(shop, "2026-11-29 12:00", "2026-12-10")
    assert shop.frozen_by() == ["UNPAID_BILL"]
    shop.run_jobs("2026-12-10 00:00")
    assert shop.frozen_by() == ["UNPAID_BILL"]
    assert_audited(shop, "2026-12-10 00:00")


@pytest.mark.full  # one on a card is tried again then
def test_a_manual_bill_fails_as_the_pause_ends() -> None:
    shop = manual()
    pause(shop, "2026-11-05 12:00", "2026-11-20")
    shop.run_jobs("2026-11-19 23:00")
    assert first_failure(shop) is None
    assert_audited(shop, "2026-11-19 23:00")
    shop.run_jobs("2026-11-25 00:00")
    assert first_failure(shop) == "2026-11-20 00:00"
    assert_audited(shop, "2026-11-25 00:00")


@pytest.mark.full  # with a plan in test_payment_plans.py
def test_the_merchant_can_pay_meanwhile() -> None:
    shop = billed(card=SHORT)
    shop.run_jobs("2026-11-01 11:00")
    pause(shop, "2026-11-01 12:00", "2026-11-06")
    assert pay_now(shop, "2026-11-02 12:00") == SOFT
    assert next_attempt(shop) == "2026-11-06 00:00"
    add_card(shop, "2026-11-03 12:00", GOOD)  # a choice is tried at once, as ever
    shop.run_jobs("2026-11-03 13:00")
    assert state() == "PAID 39.00/39.00"
    assert_audited(shop, "2026-11-03 13:00")


def test_resumed_it_is_tried_at_once_and_may_freeze_from_tomorrow_on() -> None:
    shop = billed(card=SHORT)
    shop.run_jobs("2026-11-01 11:00")
    pause(shop, "2026-11-01 12:00", "2026-11-28")
    resume(shop, "2026-11-05 12:00")
    assert next_attempt(shop) == "2026-11-05 12:00"
    shop.run_jobs("2026-11-05 13:00")
    assert attempts(shop)[1:] == [f"2026-11-05 13:00 {SOFT}"]
    shop.run_jobs("2026-11-29 00:00")
    assert shop.frozen_by() == ["UNPAID_BILL"]
    assert_audited(shop, "2026-11-29 00:00")


@pytest.mark.full  # resumed before, it does above
def test_resumed_after_its_28_days_the_freeze_comes_as_tomorrow_starts() -> None:
    shop = billed(card=SHORT)
    shop.run_jobs("2026-11-01 11:00")
    shop.run_jobs("2026-11-20 11:00")
    pause(shop, "2026-11-20 12:00", "2026-12-18")
    resume(shop, "2026-12-10 12:00")
    assert shop.frozen_by() == []
    assert_audited(shop, "2026-12-10 12:00")
    shop.run_jobs("2026-12-11 00:00")
    assert shop.frozen_by() == ["UNPAID_BILL"]
    assert_audited(shop, "2026-12-11 00:00")


@pytest.mark.full  # none is tried, above
def test_an_attempt_from_before_that_fails_meanwhile_is_not_tried_before_the_end(
    provider: Told,
) -> None:
    shop = told_shop()
    provider.answers = [Answer.undecided("pi-1")]
    shop.run_jobs("2026-11-01 11:00")
    pause(shop, "2026-11-01 12:00", "2026-11-10")
    provider.known[f"T-{FIRST}-1"] = Answer.failed("insufficient_funds")
    shop.run_jobs("2026-11-02 12:00")
    assert next_attempt(shop) == "2026-11-10 00:00"
    shop.run_hourly("2026-11-09 22:00", "2026-11-10 00:00")
    assert state() == "PAID 39.00/39.00"
    assert_audited(shop, "2026-11-10 00:00")


def test_it_is_told_and_on_the_trail() -> None:
    shop = manual()
    pause(shop, "2026-11-05 12:00", "2026-11-20")
    said = read(shop, f"invoices/{FIRST}/")
    assert "20 Nov 2026" in said
    assert TOLD in said
    assert WHY not in said
    resume(shop, "2026-11-06 12:00")
    assert [one["status"] for one in notices(shop, "PAUSED")] == ["PAUSED", "RESUMED"]
    entries = TrailEntry.objects.filter(action__startswith="COLLECTING_").order_by("pk")
    assert [(one.action, one.before, one.after, one.actor, one.reason) for one in entries] == [
        ("COLLECTING_PAUSED", {"paused_until": ""}, {"paused_until": "2026-11-20"}, OPERATOR, WHY),
        ("COLLECTING_RESUMED", {"paused_until": "2026-11-20"}, {"paused_until": ""}, OPERATOR, WHY),
    ]


def test_one_at_a_time_for_28_days_and_56_in_all() -> None:
    shop = manual()
    with nothing_changes():
        for day in ("2026-11-01", "2026-10-31", "2026-11-30"):
            with pytest.raises(Invalid):
                pause(shop, "2026-11-01 12:00", day)
    pause(shop, "2026-11-01 12:00", "2026-11-29")
    with nothing_changes(), pytest.raises(AlreadyPaused):
        pause(shop, "2026-11-01 13:00", "2026-11-29")
    resume(shop, "2026-11-15 12:00")  # 14 days
    pause(shop, "2026-11-15 13:00", "2026-12-13")  # 28
    shop.run_jobs("2026-12-13 00:00")
    with pytest.raises(PausedTooLong):
        pause(shop, "2026-12-13 12:00", "2026-12-28")  # 15
    pause(shop, "2026-12-13 12:00", "2026-12-27")  # 14
    assert_audited(shop, "2026-12-13 12:00")


def test_what_is_not_open_or_not_paused_is_refused() -> None:
    shop = manual()
    with nothing_changes(), pytest.raises(NotPaused):
        resume(shop, "2026-11-01 12:00")
    pause(shop, "2026-11-01 12:00", "2026-11-05")
    with pytest.raises(NotPaused):  # it has ended
        resume(shop, "2026-11-05 12:00")
    transfer(shop, "2026-11-05 12:00", "39.00")
    with nothing_changes(), pytest.raises(InvoiceNotOpen):
        pause(shop, "2026-11-05 13:00", "2026-11-20")


@pytest.mark.full  # it is kept above
def test_becoming_manual_meanwhile_keeps_the_pause() -> None:
    shop = billed(card=SHORT)
    shop.run_jobs("2026-11-01 11:00")
    pause(shop, "2026-11-01 12:00", "2026-11-06")
    assert choose(shop, "2026-11-02 12:00", "manual") == "manual"
    shop.run_jobs("2026-11-06 00:00")
    assert len(attempts(shop)) == 1
    assert_audited(shop, "2026-11-06 00:00")
