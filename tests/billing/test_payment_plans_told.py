"""Who is told of a payment plan: its merchant, operators as it breaks, and webhooks."""

import pytest

from billing.queries import waiting
from notices.models import Notice
from tests.billing.by_hand import (
    OPERATOR,
    TOLD,
    WHY,
    assert_audited,
    cancel,
    notices,
    plan,
)
from tests.billing.pages import read
from tests.billing.paying import (
    FIRST,
    give_up,
    manual,
    transfer,
)
from tests.billing.plans import ENDS
from tests.factories import browser_of, operator
from tests.gateway.webhooks.hooks import outbox
from tests.text import text_of
from trail.models import TrailEntry

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("sandbox")]


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


@pytest.mark.full  # a plan ends in test_payment_plans_ended.py
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


@pytest.mark.full  # reminders tell of one, above
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
