"""The period of a bill: the days on which its lines posted; of plan fees alone, the plan's days."""

from typing import Any

import pytest

from billing.documents import exports
from billing.models import Invoice
from billing.queries import standings
from tests import shops
from tests.billing import deciding, paying
from tests.shops import Shop

pytestmark = pytest.mark.django_db

PLAN: dict[str, Any] = {"plan_price": "39.00", "billing_threshold": "200.00"}


def periods(shop: Shop) -> list[str]:
    """`KIND total period [plan's days]` of each bill, in the order in which they were drawn up."""
    invoices = Invoice.objects.filter(account=shop.account).order_by("pk")
    return [
        f"{invoice.kind} {invoice.total.amount:.2f} {invoice.period_start} {invoice.period_end}"
        + (f" plan {invoice.plan_start} {invoice.plan_end}" if invoice.plan_start else "")
        for invoice in invoices
    ]


def example() -> Shop:
    """The shop of the example of rule 26.1, until 13 November."""
    shop = shops.join("2026-11-01 10:00", **PLAN)
    shop.charge("2026-11-10 12:00", "app-usage", "15.00")
    shop.charge("2026-11-12 15:00", "shipping-label", "210.00")
    shop.run_jobs("2026-11-13 00:00")
    return shop


FIRST_INVOICES = [
    "SUBSCRIPTION 39.00 2026-11-01 2026-11-30 plan 2026-11-01 2026-11-30",
    "THRESHOLD 225.00 2026-11-01 2026-11-12",
]


def test_a_plan_fee_alone_has_the_plans_days() -> None:
    shop = example()
    shop.run_jobs("2026-12-01 00:00")
    assert periods(shop) == [
        *FIRST_INVOICES,
        "SUBSCRIPTION 39.00 2026-12-01 2026-12-30 plan 2026-12-01 2026-12-30",
    ]


@pytest.mark.full  # a plan fee alone, above
def test_with_another_line_the_plans_days_stand_beside() -> None:
    shop = example()
    shop.charge("2026-11-20 12:00", "shipping-label", "20.00")
    shop.run_jobs("2026-12-01 00:00")
    assert periods(shop) == [
        *FIRST_INVOICES,
        "SUBSCRIPTION 59.00 2026-11-13 2026-11-30 plan 2026-12-01 2026-12-30",
    ]
    rows = b"".join(exports.invoices(shop.account, standings.invoices(shop.account))).decode()
    assert "2026-11-13,2026-11-30," in rows
    assert rows.splitlines()[0].endswith(
        "Start of plan,End of plan,Last try,Last try (UTC),Next try,Next try (UTC),"
        "Freezes your credit line on,Kind (code),Status (code)"
    )
    assert any("2026-12-01,2026-12-30," in row for row in rows.splitlines())


def test_a_void_bill_does_not_count() -> None:
    shop = example()
    number = str(Invoice.objects.get(kind="THRESHOLD"))
    assert paying.void(shop, "2026-11-14 12:00", number) == "VOID"
    assert str(shop.account.billed_through) == "2026-10-31"
    shop.charge("2026-11-15 12:00", "pick-pack", "1.00")
    assert periods(shop)[2:] == ["THRESHOLD 226.00 2026-11-01 2026-11-15"]
    assert str(shop.account.billed_through) == "2026-11-15"


def test_a_draft_that_is_sent_back_does_not_shift_the_next_period() -> None:
    shop = shops.join("2026-11-01 10:00", **PLAN)
    deciding.review_invoices(shop, "2026-11-01 11:00")
    shop.charge("2026-11-10 12:00", "pick-pack", "200.00")
    assert periods(shop)[1:] == ["THRESHOLD 200.00 2026-11-01 2026-11-10"]
    paying.send_back(shop, "2026-11-11 12:00", paying.draft())
    shop.charge("2026-11-20 12:00", "pick-pack", "50.00")
    assert periods(shop)[2:] == ["THRESHOLD 250.00 2026-11-01 2026-11-20"]


def test_a_draft_that_waits_counts() -> None:
    shop = shops.join("2026-11-01 10:00", **PLAN)
    deciding.review_invoices(shop, "2026-11-01 11:00")
    shop.charge("2026-11-10 12:00", "pick-pack", "200.00")
    shop.charge("2026-11-20 12:00", "pick-pack", "250.00")
    assert periods(shop)[1:] == [
        "THRESHOLD 200.00 2026-11-01 2026-11-10",
        "THRESHOLD 250.00 2026-11-11 2026-11-20",
    ]


def test_two_plan_fees_on_one_bill_span_both_their_days() -> None:
    shop = shops.join("2026-11-01 10:00", **PLAN)
    number = str(Invoice.objects.get())
    paying.void(shop, "2026-11-02 12:00", number)
    shop.run_jobs("2026-12-01 00:00")
    both = "2026-11-01 2026-12-30"
    assert periods(shop)[1:] == [f"SUBSCRIPTION 78.00 {both} plan {both}"]


def test_a_threshold_bill_on_the_eve_of_the_plan_date_takes_nothing_of_the_renewal() -> None:
    """Three threshold bills on one day, and what is left of it goes with the next plan fee."""
    shop = shops.join("2026-11-01 10:00", **PLAN)
    eve = "2026-11-30"
    assert shop.charge(f"{eve} 10:00", "pick-pack", "200.00", "a") == "applied"
    assert shop.charge(f"{eve} 11:00", "pick-pack", "250.00", "b") == "applied"
    assert shop.charge(f"{eve} 12:00", "shipping-label", "399.99", "c") == "applied"
    assert shop.charge(f"{eve} 23:59:59.999999", "shipping-label", "0.01", "d") == "applied"
    assert shop.charge(f"{eve} 23:59:59.999999", "shipping-label", "199.99", "d2") == "applied"
    assert shop.charge("2026-12-01 00:00", "pick-pack", "200.00", "e") == "applied"
    assert shop.charge("2026-12-01 00:00", "pick-pack", "200.00", "e") == "duplicate"
    assert shop.invoices() == [
        "2026-11-01 SUBSCRIPTION 39.00",
        "2026-11-30 THRESHOLD 200.00",
        "2026-11-30 THRESHOLD 250.00",
        "2026-11-30 THRESHOLD 400.00",
        "2026-12-01 SUBSCRIPTION 238.99",
        "2026-12-01 THRESHOLD 200.00",
    ]
    assert periods(shop)[1:] == [
        "THRESHOLD 200.00 2026-11-01 2026-11-30",
        "THRESHOLD 250.00 2026-11-30 2026-11-30",
        "THRESHOLD 400.00 2026-11-30 2026-11-30",
        "SUBSCRIPTION 238.99 2026-11-30 2026-11-30 plan 2026-12-01 2026-12-30",
        "THRESHOLD 200.00 2026-12-01 2026-12-01",
    ]
    assert shop.statement("2026-11") == (
        True,
        {"FULFILMENT": (2, "450.00"), "SHIPPING": (3, "599.99")},
    )
    assert shop.statement("2026-12") == (False, {"FULFILMENT": (1, "200.00")})
    assert str(shop.account.next_plan_on) == "2026-12-31"


@pytest.mark.full  # it still counts, below
def test_small_charges_are_not_billed_one_by_one_when_a_void_plan_fee_reaches_the_threshold() -> (
    None
):
    shop = shops.join("2026-11-01 10:00", plan_price="39.00", billing_threshold="20.00")
    paying.void(shop, "2026-11-02 12:00", str(Invoice.objects.get()))
    for hour in (13, 14, 15):
        shop.charge(f"2026-11-02 {hour}:00", "pick-pack", "0.10")
    assert (shop.invoices(), shop.figures()) == (
        ["2026-11-01 SUBSCRIPTION 39.00"],
        ("39.30", "0.00"),
    )
    shop.charge("2026-11-03 12:00", "pick-pack", "19.70")
    assert shop.invoices()[1:] == ["2026-11-03 THRESHOLD 20.00"]
    assert shop.figures() == ("39.00", "0.00")
    shop.run_jobs("2026-12-01 00:00")
    assert shop.invoices()[2:] == ["2026-12-01 SUBSCRIPTION 78.00"]


def test_a_void_plan_fee_below_the_threshold_still_counts_towards_it() -> None:
    shop = shops.join("2026-11-01 10:00", **PLAN)
    paying.void(shop, "2026-11-02 12:00", str(Invoice.objects.get()))
    shop.charge("2026-11-02 13:00", "pick-pack", "160.99")
    assert shop.invoices() == ["2026-11-01 SUBSCRIPTION 39.00"]
    shop.charge("2026-11-02 14:00", "pick-pack", "0.01")
    assert shop.invoices()[1:] == ["2026-11-02 THRESHOLD 161.00"]
