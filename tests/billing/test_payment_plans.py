"""What is left of a bill is paid in dated parts."""

import pytest

from billing.queries.effects import last_decided
from tests.billing.by_hand import (
    OPERATOR,
    THREE,
    assert_audited,
    plan,
    waive,
)
from tests.billing.paying import (
    FIRST,
    GOOD,
    REFUSED,
    SHORT,
    add_card,
    billed,
    first_failure,
    give_up,
    invoice,
    manual,
    means,
    next_attempt,
    pay_now,
    receive,
    state,
    transfer,
)
from tests.billing.plans import AT, standing, taken
from tests.whole import some

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("sandbox")]


def test_each_part_is_collected_as_its_day_starts_and_then_the_bill_is_paid() -> None:
    shop = billed(card=GOOD, timezone="Asia/Bangkok")
    plan(shop)
    assert next_attempt(shop) == "2026-11-10 00:00"
    shop.run_jobs("2026-11-01 13:00")
    shop.run_hourly("2026-11-09 22:00", "2026-11-10 01:00")
    assert (taken(shop), state(), standing()) == (
        ["2026-11-10 00:00 13.00 SUCCEEDED"],
        "OPEN 13.00/39.00",
        "IN_FORCE 2026-11-20",
    )
    assert_audited(shop, "2026-11-10 01:00")
    shop.run_jobs("2026-11-20 00:00")
    shop.run_jobs("2026-11-30 00:00")
    assert (state(), standing()) == ("PAID 39.00/39.00", "KEPT None")
    assert last_decided(invoice()) == (OPERATOR, shop.at(AT))  # and no job, which ended it
    assert [payment.idempotency_key for payment in invoice().payments.order_by("pk")] == [
        f"T-{FIRST}-1",
        f"T-{FIRST}-2",
        f"T-{FIRST}-3",
    ]
    assert first_failure(shop) is None
    assert_audited(shop, "2026-11-30 00:00")


@pytest.mark.full  # runs in time, above
def test_a_run_that_comes_days_later_collects_what_is_due_by_then_at_once() -> None:
    shop = billed(card=GOOD)
    plan(shop)
    shop.run_jobs("2026-11-23 12:00")
    assert (taken(shop), standing()) == (
        ["2026-11-23 12:00 26.00 SUCCEEDED"],
        "IN_FORCE 2026-11-30",
    )
    assert_audited(shop, "2026-11-23 12:00")


@pytest.mark.full  # by card, above
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


@pytest.mark.full  # money without a bill does, above
def test_pay_now_pays_all_that_is_left_and_the_plan_is_kept() -> None:
    shop = billed(card=GOOD)
    plan(shop)
    assert pay_now(shop, "2026-11-05 12:00") == "SUCCEEDED"
    assert (state(), standing(), next_attempt(shop)) == ("PAID 39.00/39.00", "KEPT None", None)
    assert_audited(shop, "2026-11-05 12:00")


@pytest.mark.full  # it uses up nothing in test_pay_now.py
@pytest.mark.parametrize("last_four", some([SHORT, REFUSED], 2))
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


@pytest.mark.full  # one that failed is, above
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


@pytest.mark.full  # jobs as each part's day starts are above
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


def test_nothing_is_frozen_while_it_is_kept() -> None:
    shop = manual()
    shop.run_jobs("2026-11-08 00:00")  # it would freeze the line on 6 December
    plan(shop, "2026-11-09 12:00", (("2026-11-30", "19.00"), ("2026-12-31", "20.00")))
    transfer(shop, "2026-11-30 12:00", "19.00")
    shop.run_jobs("2026-12-30 00:00")
    assert shop.frozen_by() == []
    assert_audited(shop, "2026-12-30 00:00")


@pytest.mark.full  # nothing is frozen, above
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


@pytest.mark.full  # none for this one, above
def test_a_freeze_for_another_bill_stays() -> None:
    shop = manual(billing_threshold="20.00")
    shop.charge("2026-11-02 10:00", "pick-pack", "25.00")
    shop.run_jobs("2026-12-10 00:00")
    plan(shop, "2026-12-10 12:00", (("2026-12-20", "19.00"), ("2026-12-31", "20.00")))
    assert shop.frozen_by() == ["UNPAID_BILL"]
    transfer(shop, "2026-12-11 12:00", "25.00", "BANK-2", "2026-000002")
    assert shop.frozen_by() == []
    assert_audited(shop, "2026-12-11 12:00")
