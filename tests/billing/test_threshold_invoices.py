"""When what is outstanding reaches the threshold, it is billed the same local day."""

from typing import Any

import pytest

from tests import shops
from tests.billing import deciding

pytestmark = pytest.mark.django_db

NOW = "2026-11-10 12:00"


def shop(threshold: str = "200.00", **terms: Any) -> shops.Shop:
    """A shop that has just joined, on these terms."""
    return shops.join("2026-11-01 10:00", billing_threshold=threshold, **terms)


def test_the_bill_comes_with_the_charge_that_reaches_the_threshold() -> None:
    dresses = shop("200.00")
    dresses.charge(NOW, "pick-pack", "199.99")
    assert dresses.invoices() == []
    dresses.charge("2026-11-11 12:00", "app-usage", "0.01")
    assert dresses.invoices() == ["2026-11-11 THRESHOLD 200.00"]
    assert dresses.lines("2026-11-11", "THRESHOLD") == [
        "app-usage 2026-11-11 0.01",
        "pick-pack 2026-11-10 199.99",
    ]
    assert dresses.figures() == ("0.00", "0.00")


def test_one_bill_for_each_time_it_is_reached() -> None:
    dresses = shop("200.00")
    for amount in ("200.00", "150.00", "60.00", "500.00"):
        dresses.charge(NOW, "pick-pack", amount)
    assert dresses.invoices() == [
        "2026-11-10 THRESHOLD 200.00",
        "2026-11-10 THRESHOLD 210.00",
        "2026-11-10 THRESHOLD 500.00",
    ]


def test_a_charge_that_accrues_does_not_trigger_before_it_posts() -> None:
    dresses = shop("200.00")
    dresses.charge(NOW, "shipping-label", "399.99")
    assert (dresses.invoices(), dresses.figures()) == ([], ("0.00", "399.99"))
    dresses.run_jobs("2026-11-11 00:00")
    assert dresses.invoices() == ["2026-11-10 THRESHOLD 399.99"]


def test_a_threshold_reached_in_a_local_day_is_dated_that_day() -> None:
    dresses = shops.join("2026-11-01 10:00", timezone="Asia/Bangkok", billing_threshold="200.00")
    dresses.charge("2026-11-10T17:00:00Z", "pick-pack", "200.00")  # midnight in Bangkok
    assert dresses.invoices() == ["2026-11-11 THRESHOLD 200.00"]


def test_the_months_end_makes_one_check_after_all_its_postings() -> None:
    dresses = shop("200.00")
    dresses.charge("2026-11-30 12:00", "shipping-label", "250.00")
    dresses.charge("2026-11-30 12:00", "storage", "300.00")
    dresses.run_jobs("2026-12-01 00:00")
    assert dresses.invoices() == ["2026-11-30 THRESHOLD 550.00"]


def test_the_guard_posts_what_has_accrued_at_twice_the_threshold() -> None:
    dresses = shop("200.00")
    dresses.charge(NOW, "shipping-label", "399.99")
    dresses.charge("2026-11-10 13:00", "transaction-fee", "0.01")
    assert dresses.invoices() == ["2026-11-10 THRESHOLD 400.00"]
    assert dresses.lines("2026-11-10", "THRESHOLD") == [
        "shipping-label 2026-11-10 399.99",
        "transaction-fee 2026-11-10 0.01",
    ]
    dresses.charge("2026-11-10 14:00", "shipping-label", "5.00")  # accrues anew
    assert dresses.figures() == ("0.00", "5.00")
    dresses.run_jobs("2026-11-11 00:00")
    assert dresses.figures() == ("5.00", "0.00")
    assert len(dresses.invoices()) == 1


def test_the_guard_counts_outstanding_and_accruing_together() -> None:
    dresses = shop("200.00")
    dresses.charge(NOW, "shipping-label", "250.00")
    dresses.charge(NOW, "pick-pack", "149.99")
    assert dresses.figures() == ("149.99", "250.00")
    dresses.charge(NOW, "packaging", "0.01")
    assert dresses.invoices() == ["2026-11-10 THRESHOLD 400.00"]
    assert dresses.figures() == ("0.00", "0.00")


def test_the_check_of_a_posting_comes_before_the_guard() -> None:
    dresses = shop("200.00")
    dresses.charge(NOW, "shipping-label", "250.00")
    dresses.charge(NOW, "pick-pack", "200.00")
    assert dresses.invoices() == ["2026-11-10 THRESHOLD 200.00"]  # the pick-pack alone
    assert dresses.figures() == ("0.00", "250.00")


def test_charges_of_the_open_month_that_wait_for_its_end_move_no_guard() -> None:
    dresses = shop("200.00")
    dresses.charge(NOW, "storage", "10000.00")
    assert (dresses.invoices(), dresses.figures()) == ([], ("0.00", "0.00"))


def test_a_plan_fee_never_triggers() -> None:
    dresses = shop("20.00", plan_price="39.00")
    dresses.run_jobs("2026-12-01 00:00")
    assert dresses.invoices() == ["2026-11-01 SUBSCRIPTION 39.00", "2026-12-01 SUBSCRIPTION 39.00"]


def test_carried_subscription_items_count_but_are_not_taken() -> None:
    dresses = shop("200.00", plan_price="39.00")
    deciding.grant(dresses, "2026-11-20 12:00", "60.00", "credit-label")
    dresses.run_jobs("2026-12-01 00:00")
    assert len(dresses.invoices()) == 1  # 39.00 - 60.00 makes none
    assert dresses.figures() == ("-21.00", "0.00")
    dresses.charge("2026-12-05 12:00", "pick-pack", "220.99")
    assert len(dresses.invoices()) == 1
    dresses.charge("2026-12-05 13:00", "pick-pack", "0.01")
    assert dresses.invoices()[1:] == ["2026-12-05 THRESHOLD 161.00"]
    assert dresses.lines("2026-12-05", "THRESHOLD") == [
        "credit-label 2026-11-20 -60.00",
        "pick-pack 2026-12-05 221.00",
    ]
    assert dresses.figures() == ("39.00", "0.00")
    dresses.run_jobs("2026-12-31 00:00")
    assert dresses.invoices()[2:] == ["2026-12-31 SUBSCRIPTION 78.00"]


def test_with_a_threshold_of_nothing_every_charge_is_billed_at_once() -> None:
    dresses = shop("0")
    dresses.charge(NOW, "pick-pack", "1.00")
    dresses.charge(NOW, "shipping-label", "2.00")
    dresses.charge(NOW, "pick-pack", "0.00")  # no bill over nothing
    dresses.charge(NOW, "pick-pack", "3.00")
    assert dresses.invoices() == [
        "2026-11-10 THRESHOLD 1.00",
        "2026-11-10 THRESHOLD 2.00",
        "2026-11-10 THRESHOLD 3.00",
    ]


def test_a_threshold_bill_does_not_move_the_cycle() -> None:
    dresses = shop("200.00", plan_price="39.00")
    dresses.charge("2026-11-29 12:00", "pick-pack", "200.00")
    dresses.run_jobs("2026-12-31 00:00")
    assert dresses.invoices()[1:] == [
        "2026-11-29 THRESHOLD 200.00",
        "2026-12-01 SUBSCRIPTION 39.00",
        "2026-12-31 SUBSCRIPTION 39.00",
    ]
