"""Bills that nothing collects by itself: due after seven days, and then failed."""

import pytest

from billing.providers.registry import Answer
from tests.billing.paying import (
    FIRST,
    SHORT,
    Told,
    add_card,
    attempts,
    choose,
    first_failure,
    give_up,
    invoice,
    manual,
    next_attempt,
    told,
    told_shop,
    transfer,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("sandbox")]

SOFT = "FAILED insufficient_funds"


def test_a_manual_bill_is_due_seven_days_after_its_issue_and_then_has_failed() -> None:
    shop = manual()
    assert str(invoice().due_on) == "2026-11-08"
    shop.run_jobs("2026-11-07 23:59:59")
    assert (first_failure(shop), told(shop)) == (None, [])
    shop.run_jobs("2026-11-08 00:00")
    assert first_failure(shop) == "2026-11-08 00:00"
    assert told(shop) == [f"2026-11-08 00:00 {FIRST} 39.00 USD not_paid_when_due"]
    shop.run_jobs("2026-11-09 00:00")
    assert len(told(shop)) == 1
    assert (attempts(shop), next_attempt(shop)) == ([], None)


def test_a_manual_bill_fails_at_the_start_of_its_day_however_late_the_job_runs() -> None:
    shop = manual(timezone="Asia/Kathmandu")
    shop.run_jobs("2026-11-19 13:00")
    assert first_failure(shop) == "2026-11-08 00:00"
    assert str(invoice().first_failed_on) == "2026-11-08"


def test_a_manual_bill_paid_before_its_due_day_never_fails() -> None:
    shop = manual()
    assert transfer(shop, "2026-11-07 23:59", "39.00") == "new"
    shop.run_jobs("2026-11-20 00:00")
    assert (first_failure(shop), told(shop)) == (None, [])


def test_the_notice_of_a_manual_bill_names_what_is_left() -> None:
    shop = manual(currency="KWD", plan_price="39.000")
    assert transfer(shop, "2026-11-03 12:00", "38.995") == "new"
    shop.run_jobs("2026-11-08 00:00")
    assert told(shop) == [f"2026-11-08 00:00 {FIRST} 0.005 KWD not_paid_when_due"]


def test_a_manual_bill_that_was_given_up_before_it_was_due_fails_all_the_same() -> None:
    shop = manual()
    assert give_up(shop, "2026-11-03 12:00") == "UNCOLLECTIBLE"
    shop.run_jobs("2026-11-08 00:00")
    assert first_failure(shop) == "2026-11-08 00:00"


def test_from_a_failed_manual_bill_on_a_card_is_tried_at_once_and_then_by_its_days() -> None:
    shop = manual()
    shop.run_jobs("2026-11-08 00:00")
    add_card(shop, "2026-11-08 10:30", SHORT)
    shop.run_jobs("2026-11-08 11:00")
    shop.run_hourly("2026-11-08 22:00", "2026-11-09 01:00")
    shop.run_hourly("2026-11-10 22:00", "2026-11-11 01:00")
    assert attempts(shop) == [
        f"2026-11-08 11:00 {SOFT}",
        f"2026-11-09 00:00 {SOFT}",
        f"2026-11-11 00:00 {SOFT}",
    ]
    assert len(told(shop)) == 1


@pytest.mark.full  # undecided ones in test_unknown_payments.py
def test_a_bill_whose_attempt_may_have_paid_it_does_not_fail_for_want_of_a_transfer(
    provider: Told,
) -> None:
    shop = told_shop()
    provider.answers = [Answer.undecided("pi-1")]
    shop.run_jobs("2026-11-01 11:00")
    assert choose(shop, "2026-11-01 12:00", "manual") == "manual"
    shop.run_jobs("2026-11-02 00:00")
    assert (first_failure(shop), told(shop)) == (None, [])
    provider.known[f"T-{FIRST}-1"] = Answer.failed("insufficient_funds")
    shop.run_jobs("2026-11-02 13:00")
    assert attempts(shop) == [f"2026-11-01 11:00 {SOFT}"]
    shop.run_jobs("2026-11-03 00:00")
    assert first_failure(shop) == "2026-11-03 00:00"
