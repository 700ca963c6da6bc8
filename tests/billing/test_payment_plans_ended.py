"""A payment plan is broken or cancelled, and the schedule from before goes on."""

import pytest

from billing.models import PaymentPlan
from billing.operations import payments
from billing.operations.payment_plans import NoPlan
from billing.operations.payments import PaymentUnderWay
from billing.providers.registry import Answer
from tests.billing.by_hand import (
    OPERATOR,
    assert_audited,
    cancel,
    notices,
    pause,
    plan,
)
from tests.billing.paying import (
    FIRST,
    GOOD,
    REFUSED,
    SHORT,
    Told,
    add_card,
    attempts,
    billed,
    choose,
    first_failure,
    invoice,
    manual,
    means,
    next_attempt,
    state,
    told_shop,
    transfer,
)
from tests.billing.plans import AT, standing, taken
from tests.unchanged import nothing_changes

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("sandbox")]


def test_a_card_that_fails_on_a_parts_day_ends_it_and_retries_follow_from_there() -> None:
    shop = billed(card=SHORT)
    plan(shop)
    shop.run_jobs("2026-11-10 00:00")
    assert (taken(shop), standing(), first_failure(shop)) == (
        ["2026-11-10 00:00 13.00 FAILED"],
        "BROKEN 2026-11-10",
        "2026-11-10 00:00",
    )
    shop.run_hourly("2026-11-10 22:00", "2026-11-11 01:00")
    shop.run_hourly("2026-11-12 22:00", "2026-11-13 00:00")
    assert taken(shop)[1:] == ["2026-11-11 00:00 39.00 FAILED", "2026-11-13 00:00 39.00 FAILED"]
    assert_audited(shop, "2026-11-13 00:00")
    shop.run_jobs("2026-12-08 00:00")
    assert shop.frozen_by() == ["UNPAID_BILL"]
    assert_audited(shop, "2026-12-08 00:00")
    assert [one["status"] for one in notices(shop, "PAYMENT_PLAN")] == ["IN_FORCE", "BROKEN"]


@pytest.mark.full  # retries follow above
def test_a_card_that_is_added_at_that_very_instant_is_asked_for_all_that_is_left() -> None:
    shop = billed(card=SHORT)
    plan(shop)
    shop.run_jobs("2026-11-10 00:00")
    add_card(shop, "2026-11-10 00:00", GOOD)
    payments.collect_chosen(shop.merchant.pk, now=shop.at("2026-11-10 00:00"))
    assert taken(shop) == ["2026-11-10 00:00 13.00 FAILED", "2026-11-10 00:00 39.00 SUCCEEDED"]
    assert_audited(shop, "2026-11-10 00:00")


@pytest.mark.full  # the first one fails above
def test_the_second_part_fails_and_the_old_schedule_goes_on() -> None:
    shop = billed(card=GOOD)
    plan(shop)
    shop.run_jobs("2026-11-10 00:00")
    add_card(shop, "2026-11-11 12:00", SHORT)
    shop.run_hourly("2026-11-19 22:00", "2026-11-28 00:00")
    assert taken(shop) == [
        "2026-11-10 00:00 13.00 SUCCEEDED",
        "2026-11-20 00:00 13.00 FAILED",
        *(f"2026-11-{day} 00:00 26.00 FAILED" for day in (21, 23, 25, 27)),
    ]
    shop.run_jobs("2026-12-17 23:00")
    assert (standing(), shop.frozen_by()) == ("BROKEN 2026-11-20", [])
    shop.run_jobs("2026-12-18 00:00")
    assert shop.frozen_by() == ["UNPAID_BILL"]
    assert_audited(shop, "2026-12-18 00:00")


@pytest.mark.full  # one that fails, above
def test_a_card_that_is_refused_for_good_ends_it_and_waits_for_another() -> None:
    shop = billed(card=REFUSED)
    plan(shop)
    shop.run_jobs("2026-11-10 00:00")
    assert (standing(), next_attempt(shop)) == ("BROKEN 2026-11-10", None)
    add_card(shop, "2026-11-11 12:00", GOOD)
    shop.run_jobs("2026-11-11 13:00")
    assert state() == "PAID 39.00/39.00"
    assert_audited(shop, "2026-11-11 13:00")


@pytest.mark.full  # it does however late, below
def test_a_manual_bill_whose_part_was_not_paid_fails_the_day_after() -> None:
    shop = manual()
    plan(shop)
    shop.run_jobs("2026-11-10 23:59")
    assert standing() == "IN_FORCE 2026-11-10"
    shop.run_jobs("2026-11-11 00:00")
    assert (standing(), first_failure(shop)) == ("BROKEN 2026-11-10", None)
    assert_audited(shop, "2026-11-11 00:00")
    shop.run_jobs("2026-11-12 00:00")
    assert first_failure(shop) == "2026-11-12 00:00"
    shop.run_jobs("2026-12-10 00:00")
    assert shop.frozen_by() == ["UNPAID_BILL"]
    assert_audited(shop, "2026-12-10 00:00")


@pytest.mark.full  # in time, above
def test_it_ends_at_the_same_instant_however_late_the_job_runs() -> None:
    shop = manual(timezone="Asia/Kathmandu")
    plan(shop)
    shop.run_jobs("2026-11-25 13:00")
    found = PaymentPlan.objects.get()
    assert (standing(), found.ended_at, str(found.ended_on), found.ended_by) == (
        "BROKEN 2026-11-10",
        shop.at("2026-11-11 00:00"),
        "2026-11-11",
        "day-end",
    )
    assert first_failure(shop) == "2026-11-12 00:00"
    assert_audited(shop, "2026-11-25 13:00")


@pytest.mark.full  # one that is due fails above
def test_a_bill_that_is_not_due_before_fails_on_its_due_day() -> None:
    shop = manual()
    plan(shop, AT, (("2026-11-02", "19.00"), ("2026-11-30", "20.00")))
    shop.run_jobs("2026-11-07 12:00")
    assert (standing(), first_failure(shop)) == ("BROKEN 2026-11-02", None)
    assert_audited(shop, "2026-11-07 12:00")
    shop.run_jobs("2026-11-08 00:00")
    assert first_failure(shop) == "2026-11-08 00:00"
    assert_audited(shop, "2026-11-08 00:00")


def test_an_attempt_without_an_answer_ends_nothing_until_it_is_there(provider: Told) -> None:
    shop = told_shop()
    plan(shop)
    provider.answers = [Answer.undecided("pi-1")]
    shop.run_jobs("2026-11-10 00:00")
    shop.run_jobs("2026-11-11 12:00")
    assert standing() == "IN_FORCE 2026-11-10"
    with pytest.raises(PaymentUnderWay):
        cancel(shop, "2026-11-11 12:00")
    provider.known[f"T-{FIRST}-1"] = Answer.succeeded("pi-1")
    shop.run_jobs("2026-11-11 13:00")
    assert (standing(), state()) == ("IN_FORCE 2026-11-20", "OPEN 13.00/39.00")
    assert_audited(shop, "2026-11-11 13:00")


@pytest.mark.full  # refused in test_payment_plans_refused.py
def test_less_than_the_provider_takes_waits_for_the_next_part(provider: Told) -> None:
    shop = told_shop()
    plan(shop)
    transfer(shop, "2026-11-05 12:00", "12.51")
    shop.run_jobs("2026-11-10 00:00")
    assert (means(), next_attempt(shop)) == (["manual 12.51 SUCCEEDED"], "2026-11-20 00:00")
    shop.run_jobs("2026-11-11 00:00")
    assert standing() == "IN_FORCE 2026-11-10"
    shop.run_jobs("2026-11-20 00:00")
    assert means()[1:] == ["stripe 13.49 SUCCEEDED"]
    assert_audited(shop, "2026-11-20 00:00")


@pytest.mark.full  # the first does in test_payment_plans.py
def test_another_method_collects_the_parts_on_their_days() -> None:
    shop = manual()
    plan(shop)
    add_card(shop, "2026-11-05 12:00", GOOD)
    assert (next_attempt(shop), attempts(shop)) == ("2026-11-10 00:00", [])
    shop.run_jobs("2026-11-10 00:00")
    assert taken(shop) == ["2026-11-10 00:00 13.00 SUCCEEDED"]
    choose(shop, "2026-11-15 12:00", "manual")
    assert next_attempt(shop) is None
    shop.run_jobs("2026-11-21 00:00")
    assert standing() == "BROKEN 2026-11-20"
    assert_audited(shop, "2026-11-21 00:00")


@pytest.mark.full  # cancelled before, below
def test_cancelled_the_old_schedule_goes_on() -> None:
    shop = billed(card=SHORT)
    shop.run_jobs("2026-11-01 11:00")
    plan(shop, AT)
    shop.run_jobs("2026-11-02 13:00")
    assert len(attempts(shop)) == 1
    cancel(shop, "2026-11-03 12:00")
    assert (standing(), next_attempt(shop)) == ("CANCELLED 2026-11-10", "2026-11-04 11:00")
    assert_audited(shop, "2026-11-03 12:00")
    shop.run_jobs("2026-11-29 00:00")
    assert shop.frozen_by() == ["UNPAID_BILL"]
    assert_audited(shop, "2026-11-29 00:00")
    with nothing_changes(), pytest.raises(NoPlan):
        cancel(shop, "2026-11-29 12:00")


def test_cancelled_before_anything_was_tried_it_is_tried_at_once() -> None:
    shop = billed(card=GOOD)
    plan(shop, "2026-11-01 10:30")
    cancel(shop, "2026-11-03 12:00")
    assert next_attempt(shop) == "2026-11-03 12:00"
    shop.run_jobs("2026-11-03 13:00")
    assert state() == "PAID 39.00/39.00"
    assert_audited(shop, "2026-11-03 13:00")


@pytest.mark.full  # a plan ends above
def test_a_pause_ends_with_a_plan() -> None:
    shop = billed(card=GOOD)
    pause(shop, AT, "2026-11-25")
    plan(shop, "2026-11-02 12:00")
    assert next_attempt(shop) == "2026-11-10 00:00"
    assert invoice().pauses.get().ended_by == OPERATOR
    assert_audited(shop, "2026-11-02 12:00")
