"""What is left of a bill is paid in dated parts."""

from datetime import date
from typing import Any

import pytest
from moneyed import Money

from billing.models import PaymentPlan
from billing.operations import payment_plans
from billing.operations.invoice_decisions import InvoiceNotOpen
from billing.operations.payment_plans import NoPlan
from billing.operations.payments import PaymentUnderWay
from billing.operations.plan_parts import UnderAPlan
from billing.providers.registry import Answer
from billing.queries import waiting
from lib.refusals import CurrencyMismatch, Invalid
from notices.models import Notice
from tests import shops
from tests.billing.by_hand import (
    OPERATOR,
    TEXTS,
    THREE,
    TOLD,
    WHY,
    assert_audited,
    cancel,
    move,
    notices,
    pause,
    plan,
    waive,
)
from tests.billing.pages import read
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
    give_up,
    invoice,
    manual,
    means,
    next_attempt,
    pay_now,
    receive,
    state,
    told_shop,
    transfer,
    void,
)
from tests.factories import browser_of, operator
from tests.gateway.webhooks.hooks import outbox
from tests.text import text_of
from tests.unchanged import nothing_changes
from trail.models import TrailEntry

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("sandbox")]

AT = "2026-11-01 12:00"
SOFT = "FAILED insufficient_funds"
ENDS = ("made", "kept", "broken", "cancelled")


def standing() -> str:
    """`STATUS next-day` of the latest plan."""
    found = PaymentPlan.objects.latest("pk")
    return f"{found.status} {found.next_due_on}"


def taken(shop: shops.Shop) -> list[str]:
    """`instant amount STATUS` of each attempt."""
    return [
        f"{at.rpartition(' ')[0].rpartition(' ')[0] if 'FAILED' in at else at.rpartition(' ')[0]}"
        f" {what.split(' ', 1)[1]}"
        for at, what in zip(attempts(shop), means(), strict=True)
    ]


# --- kept -----------------------------------------------------------------------------------------


def test_each_part_is_collected_as_its_day_starts_and_then_the_bill_is_paid() -> None:
    shop = billed(card=GOOD, timezone="Asia/Bangkok")
    plan(shop)
    assert next_attempt(shop) == "2026-11-10 00:00"
    shop.run_hourly("2026-11-01 13:00", "2026-11-10 01:00")
    assert (taken(shop), state(), standing()) == (
        ["2026-11-10 00:00 13.00 SUCCEEDED"],
        "OPEN 13.00/39.00",
        "IN_FORCE 2026-11-20",
    )
    assert_audited(shop, "2026-11-10 01:00")
    shop.run_jobs("2026-11-20 00:00")
    shop.run_jobs("2026-11-30 00:00")
    assert (state(), standing()) == ("PAID 39.00/39.00", "KEPT None")
    assert [payment.idempotency_key for payment in invoice().payments.order_by("pk")] == [
        f"T-{FIRST}-1",
        f"T-{FIRST}-2",
        f"T-{FIRST}-3",
    ]
    assert first_failure(shop) is None
    assert_audited(shop, "2026-11-30 00:00")


def test_a_run_that_comes_days_later_collects_what_is_due_by_then_at_once() -> None:
    shop = billed(card=GOOD)
    plan(shop)
    shop.run_jobs("2026-11-23 12:00")
    assert (taken(shop), standing()) == (
        ["2026-11-23 12:00 26.00 SUCCEEDED"],
        "IN_FORCE 2026-11-30",
    )
    assert_audited(shop, "2026-11-23 12:00")


def test_parts_that_are_paid_by_transfer_come_by_the_end_of_their_days() -> None:
    shop = manual()
    plan(shop)
    assert next_attempt(shop) is None
    transfer(shop, "2026-11-10 23:59", "13.00", "BANK-1")
    transfer(shop, "2026-11-12 12:00", "20.00", "BANK-2")
    assert standing() == "IN_FORCE 2026-11-30"
    transfer(shop, "2026-11-30 12:00", "6.00", "BANK-3")
    shop.run_jobs("2026-12-20 00:00")
    assert (state(), standing(), first_failure(shop), shop.frozen_by()) == (
        "PAID 39.00/39.00",
        "KEPT None",
        None,
        [],
    )
    assert_audited(shop, "2026-12-20 00:00")


def test_money_that_comes_without_a_bill_and_waivers_pay_the_oldest_part_first() -> None:
    shop = billed(card=GOOD)
    plan(shop)
    receive(shop, "2026-11-05 12:00", "10.00")
    waive(shop, "2026-11-06 12:00", "1.00")
    shop.run_jobs("2026-11-10 00:00")
    assert means() == [
        "unapplied 10.00 SUCCEEDED",
        "credit 1.00 SUCCEEDED",
        "sandbox 2.00 SUCCEEDED",
    ]
    assert standing() == "IN_FORCE 2026-11-20"
    assert_audited(shop, "2026-11-10 00:00")


def test_pay_now_pays_all_that_is_left_and_the_plan_is_kept() -> None:
    shop = billed(card=GOOD)
    plan(shop)
    assert pay_now(shop, "2026-11-05 12:00") == "SUCCEEDED"
    assert (state(), standing(), next_attempt(shop)) == ("PAID 39.00/39.00", "KEPT None", None)
    assert_audited(shop, "2026-11-05 12:00")


@pytest.mark.parametrize("last_four", [SHORT, REFUSED])
def test_pay_now_that_fails_ends_no_plan(last_four: str) -> None:
    shop = billed(card=last_four)
    plan(shop)
    pay_now(shop, "2026-11-05 12:00")
    assert (standing(), next_attempt(shop), first_failure(shop)) == (
        "IN_FORCE 2026-11-10",
        "2026-11-10 00:00",
        None,
    )
    assert_audited(shop, "2026-11-05 12:00")


def test_an_uncollectible_bill_is_collected_by_its_plan() -> None:
    shop = billed(card=SHORT)
    shop.run_jobs("2026-11-01 11:00")
    give_up(shop, "2026-11-02 12:00")
    add_card(shop, "2026-11-02 13:00", GOOD)
    plan(shop, "2026-11-02 14:00")
    for day in ("10", "20", "30"):
        shop.run_jobs(f"2026-11-{day} 00:00")
    assert (state(), standing()) == ("PAID 39.00/39.00", "KEPT None")
    assert_audited(shop, "2026-11-30 00:00")


def test_jobs_at_every_hour_or_only_at_the_end_pay_the_same_parts() -> None:
    hourly, late = (billed(name, card=GOOD) for name in ("hourly", "late"))
    numbers = {shop: str(shop.account.invoices.get()) for shop in (hourly, late)}
    for shop, number in numbers.items():
        plan(shop, AT, THREE, number)
    hourly.run_hourly("2026-11-01 13:00", "2026-11-30 00:00")
    for shop in (hourly, late):
        shop.run_jobs("2026-11-30 00:00")
    assert [state(number) for number in numbers.values()] == ["PAID 39.00/39.00"] * 2
    assert_audited(late, "2026-11-30 00:00")


# --- freezes --------------------------------------------------------------------------------------


def test_nothing_is_frozen_while_it_is_kept() -> None:
    shop = manual()
    shop.run_jobs("2026-11-08 00:00")  # it would freeze the line on 6 December
    plan(shop, "2026-11-09 12:00", (("2026-11-30", "19.00"), ("2026-12-31", "20.00")))
    transfer(shop, "2026-11-30 12:00", "19.00")
    shop.run_jobs("2026-12-30 00:00")
    assert shop.frozen_by() == []
    assert_audited(shop, "2026-12-30 00:00")


def test_a_freeze_ends_as_it_begins_and_comes_back_the_day_after_a_part_was_not_paid() -> None:
    shop = manual()
    shop.run_jobs("2026-12-06 00:00")
    assert shop.frozen_by() == ["UNPAID_BILL"]
    plan(shop, "2026-12-07 12:00", (("2026-12-20", "19.00"), ("2026-12-31", "20.00")))
    assert shop.frozen_by() == []
    assert_audited(shop, "2026-12-07 12:00")
    shop.run_jobs("2026-12-20 23:00")
    assert standing() == "IN_FORCE 2026-12-20"
    shop.run_jobs("2026-12-21 23:00")
    assert (standing(), shop.frozen_by()) == ("BROKEN 2026-12-20", [])
    assert_audited(shop, "2026-12-21 23:00")
    shop.run_jobs("2026-12-22 00:00")
    assert shop.frozen_by() == ["UNPAID_BILL"]
    assert_audited(shop, "2026-12-22 00:00")


def test_a_freeze_for_another_bill_stays() -> None:
    shop = manual(billing_threshold="20.00")
    shop.charge("2026-11-02 10:00", "pick-pack", "25.00")
    shop.run_jobs("2026-12-10 00:00")
    plan(shop, "2026-12-10 12:00", (("2026-12-20", "19.00"), ("2026-12-31", "20.00")))
    assert shop.frozen_by() == ["UNPAID_BILL"]
    transfer(shop, "2026-12-11 12:00", "25.00", "BANK-2", "2026-000002")
    assert shop.frozen_by() == []
    assert_audited(shop, "2026-12-11 12:00")


# --- told of before and after ---------------------------------------------------------------------


def test_of_each_part_the_merchant_is_reminded_once_three_days_before() -> None:
    shop = manual()
    plan(shop)
    shop.run_jobs("2026-11-06 23:59")
    assert notices(shop, "PLAN_PART_DUE") == []
    assert not waiting.PARTS_DUE.rows(shop.at("2026-11-06 23:59")).exists()
    shop.run_hourly("2026-11-07 00:00", "2026-11-09 12:00")
    first = {"number": FIRST, "amount": "13.00", "currency": "USD", "day": "2026-11-10"}
    assert notices(shop, "PLAN_PART_DUE") == [first]
    (due,) = waiting.PARTS_DUE.rows(shop.at("2026-11-09 12:00"))
    assert due.reminded_at == shop.at("2026-11-07 00:00")
    transfer(shop, "2026-11-09 13:00", "13.00")
    assert not waiting.PARTS_DUE.rows(shop.at("2026-11-09 13:00")).exists()
    # The job was down: the reminder is of its own day, and there is none where the day has come.
    shop.run_jobs("2026-11-19 12:00")
    second = Notice.objects.get(kind="PLAN_PART_DUE", details__day="2026-11-20")
    assert (second.at, second.details["amount"]) == (shop.at("2026-11-17 00:00"), "13.00")
    assert_audited(shop, "2026-11-19 12:00")


def test_a_first_part_of_tomorrow_needs_no_reminder_and_one_of_the_day_after_gets_it() -> None:
    shop = manual()
    plan(shop, parts=(("2026-11-02", "13.00"), ("2026-11-04", "26.00")))
    transfer(shop, "2026-11-02 12:00", "13.00")
    shop.run_jobs("2026-11-03 00:00")
    assert [one["day"] for one in notices(shop, "PLAN_PART_DUE")] == ["2026-11-04"]


def test_a_broken_plan_waits_for_an_operator_until_something_is_decided_or_paid() -> None:
    shop = manual()
    plan(shop)
    shop.run_jobs("2026-11-11 00:00")
    (broken,) = waiting.PLANS_BROKEN.rows(shop.at("2026-11-11 00:00"))
    assert broken.ended_at == shop.at("2026-11-11 00:00")
    home = text_of(browser_of(operator("Billing officer")).get("/admin/"))
    assert "Payment plans that were broken 1" in home
    assert "39.00 USD" in home[home.index("Payment plans that were broken") :][:80]
    again = plan(shop, "2026-11-11 12:00", (("2026-11-20", "19.00"), ("2026-11-30", "20.00")))
    assert not waiting.PLANS_BROKEN.rows(shop.at("2026-11-11 12:00")).exists()
    shop.run_jobs("2026-11-21 00:00")
    assert [one.pk for one in waiting.PLANS_BROKEN.rows(shop.at("2026-11-21 00:00"))] == [again.pk]
    give_up(shop, "2026-11-21 12:00")
    assert not waiting.PLANS_BROKEN.rows(shop.at("2026-11-21 12:00")).exists()


def test_webhooks_tell_of_a_plan_as_it_is_made_and_as_it_ends() -> None:
    shop = manual()
    kept = {"number": FIRST, "currency": "USD"}
    left = kept | {"left_to_pay": "39.00"}
    plan(shop)
    cancel(shop, "2026-11-02 12:00")
    plan(shop, "2026-11-02 13:00")
    shop.run_jobs("2026-11-11 00:00")
    plan(shop, "2026-11-11 12:00", (("2026-11-20", "19.00"), ("2026-11-30", "20.00")))
    transfer(shop, "2026-11-12 12:00", "39.00")
    told = [
        (kind.removeprefix("payment_plan."), at, data)
        for _, kind, at, data in outbox(*(f"payment_plan.{one}" for one in ENDS))
    ]
    assert told == [
        ("made", "2026-11-01 12:00", left | {"due_on": "2026-11-10"}),
        ("cancelled", "2026-11-02 12:00", left),
        ("made", "2026-11-02 13:00", left | {"due_on": "2026-11-10"}),
        ("broken", "2026-11-11 00:00", left | {"due_on": "2026-11-10"}),
        ("made", "2026-11-11 12:00", left | {"due_on": "2026-11-20"}),
        ("kept", "2026-11-12 12:00", kept),
    ]
    assert_audited(shop, "2026-11-12 12:00")


# --- broken ---------------------------------------------------------------------------------------


def test_a_card_that_fails_on_a_parts_day_ends_it_and_retries_follow_from_there() -> None:
    shop = billed(card=SHORT)
    plan(shop)
    shop.run_jobs("2026-11-10 00:00")
    assert (taken(shop), standing(), first_failure(shop)) == (
        ["2026-11-10 00:00 13.00 FAILED"],
        "BROKEN 2026-11-10",
        "2026-11-10 00:00",
    )
    shop.run_hourly("2026-11-10 01:00", "2026-11-13 00:00")
    assert taken(shop)[1:] == ["2026-11-11 00:00 39.00 FAILED", "2026-11-13 00:00 39.00 FAILED"]
    assert_audited(shop, "2026-11-13 00:00")
    shop.run_jobs("2026-12-08 00:00")
    assert shop.frozen_by() == ["UNPAID_BILL"]
    assert_audited(shop, "2026-12-08 00:00")
    assert [one["status"] for one in notices(shop, "PAYMENT_PLAN")] == ["IN_FORCE", "BROKEN"]


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


def test_a_card_that_is_refused_for_good_ends_it_and_waits_for_another() -> None:
    shop = billed(card=REFUSED)
    plan(shop)
    shop.run_jobs("2026-11-10 00:00")
    assert (standing(), next_attempt(shop)) == ("BROKEN 2026-11-10", None)
    add_card(shop, "2026-11-11 12:00", GOOD)
    shop.run_jobs("2026-11-11 13:00")
    assert state() == "PAID 39.00/39.00"
    assert_audited(shop, "2026-11-11 13:00")


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


# --- other methods, and cancelled -----------------------------------------------------------------


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


def test_a_pause_ends_with_a_plan() -> None:
    shop = billed(card=GOOD)
    pause(shop, AT, "2026-11-25")
    plan(shop, "2026-11-02 12:00")
    assert next_attempt(shop) == "2026-11-10 00:00"
    assert invoice().pauses.get().ended_by == OPERATOR
    assert_audited(shop, "2026-11-02 12:00")


# --- refused --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("parts", "why"),
    [
        ((("2026-11-10", "39.00"),), "from 2 to 12"),
        ([(f"2026-11-{day}", "3.00") for day in range(10, 23)], "from 2 to 12"),
        ((("2026-11-10", "19.00"), ("2026-11-10", "20.00")), "later day"),
        ((("2026-11-20", "19.00"), ("2026-11-10", "20.00")), "later day"),
        ((("2026-11-01", "19.00"), ("2026-11-10", "20.00")), "from tomorrow"),
        ((("2026-11-10", "19.00"), ("2027-11-02", "20.00")), "to 2027-11-01"),
        ((("2026-11-10", "19.00"), ("2026-11-20", "19.99")), r"come to 38\.99, and 39\.00"),
        ((("2026-11-10", "19.00"), ("2026-11-20", "20.01")), r"come to 39\.01, and 39\.00"),
        ((("2026-11-10", "39.00"), ("2026-11-20", "0.00")), r"0\.01 at least"),
        ((("2026-11-10", "38.999"), ("2026-11-20", "0.001")), "amount"),
    ],
)
def test_what_no_plan_can_be_is_refused(parts: Any, why: str) -> None:
    shop = manual()
    with nothing_changes(), pytest.raises(Invalid, match=why):
        plan(shop, AT, parts)


def test_a_part_below_the_providers_minimum_is_refused(provider: Told) -> None:
    shop = told_shop()
    with nothing_changes(), pytest.raises(Invalid, match=r"0\.50 at least; 2026-11-20 is 0\.49"):
        plan(shop, AT, (("2026-11-10", "38.51"), ("2026-11-20", "0.49")))
    plan(shop, AT, (("2026-11-10", "38.50"), ("2026-11-20", "0.50")))


def test_it_may_last_twelve_months() -> None:
    shop = manual()
    plan(shop, AT, (("2026-11-10", "19.00"), ("2027-11-01", "20.00")))
    assert_audited(shop, AT)


def test_one_plan_of_a_bill_at_a_time_and_only_while_it_is_unpaid() -> None:
    shop = manual()
    for name in ("reason", "told"):
        with nothing_changes(), pytest.raises(Invalid):
            plan(shop, **{name: " "})
    with nothing_changes(), pytest.raises(CurrencyMismatch):
        payment_plans.make(
            invoice_id=invoice().pk,
            parts=[(date(2026, 11, 10), Money("39.00", "THB"))] * 2,
            now=shop.at(AT),
            **TEXTS,
        )
    plan(shop)
    with nothing_changes():
        with pytest.raises(UnderAPlan):
            plan(shop)
        with pytest.raises(UnderAPlan):
            pause(shop, AT, "2026-11-10")
        with pytest.raises(UnderAPlan):
            move(shop, AT, "2026-11-20")
        assert void(shop, AT) == give_up(shop, AT) == "under_a_plan"
    cancel(shop, AT)
    plan(shop)
    transfer(shop, "2026-11-02 12:00", "39.00")
    with nothing_changes(), pytest.raises(InvoiceNotOpen):
        plan(shop, "2026-11-02 12:00")
    assert_audited(shop, "2026-11-02 12:00")


def test_a_bill_with_an_undecided_payment_waits(provider: Told) -> None:
    shop = told_shop()
    provider.answers = [Answer.undecided("pi-1")]
    shop.run_jobs("2026-11-01 11:00")
    with nothing_changes(), pytest.raises(PaymentUnderWay):
        plan(shop)


# --- told -----------------------------------------------------------------------------------------


def test_it_is_on_the_trail_and_the_merchant_reads_its_parts() -> None:
    shop = manual()
    plan(shop)
    (entry,) = TrailEntry.objects.filter(action="PAYMENT_PLAN_MADE")
    assert (entry.subject, entry.actor, entry.reason) == (FIRST, OPERATOR, WHY)
    assert entry.after == {
        "left_to_pay": "39.00 USD",
        "parts": "2026-11-10 13.00, 2026-11-20 13.00, 2026-11-30 13.00",
    }
    assert notices(shop, "PAYMENT_PLAN") == [
        {
            "status": "IN_FORCE",
            "number": FIRST,
            "parts": "3",
            "amount": "39.00",
            "currency": "USD",
            "day": "2026-11-10",
            "reason": TOLD,
        }
    ]
    transfer(shop, "2026-11-05 12:00", "15.00")
    said = read(shop, f"invoices/{FIRST}/")
    for text in ("Payment plan", "10 Nov 2026", "20 Nov 2026", "30 Nov 2026", TOLD):
        assert text in said
    assert WHY not in said
    cancel(shop, "2026-11-06 12:00")
    (entry,) = TrailEntry.objects.filter(action="PAYMENT_PLAN_CANCELLED")
    assert (entry.before["plan"], entry.after["plan"]) == ("in force", "cancelled")
    assert [one["status"] for one in notices(shop, "PAYMENT_PLAN")] == ["IN_FORCE", "CANCELLED"]
