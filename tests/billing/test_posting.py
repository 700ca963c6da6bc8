"""Charges post at once, when the day ends, or when the month ends, as their fee says."""

import pytest

from billing.models import InvoiceItem
from tests import shops

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop() -> shops.Shop:
    """A shop of which nothing is billed in November or on 1 December, as its threshold is high."""
    return shops.join("2026-11-03 10:00", billing_threshold="100000.00")


def items() -> list[tuple[str, str, str, int, bool]]:
    """fee, posting day, amount, charges, whether posted."""
    return [
        (
            item.fee_id,
            str(item.posting_on),
            f"{item.amount.amount:.2f}",
            item.charge_count,
            item.posted_at is not None,
        )
        for item in InvoiceItem.objects.exclude(fee="plan").order_by("posting_on", "fee", "pk")
    ]


@pytest.mark.parametrize(
    "fee", ["pick-pack", "receiving", "packaging", "non-compliance", "app-usage"]
)
def test_immediate_fees_post_as_they_arrive(shop: shops.Shop, fee: str) -> None:
    shop.charge("2026-11-10 12:00", fee, "10.00")
    assert shop.figures() == ("10.00", "0.00")
    assert items() == [(fee, "2026-11-10", "10.00", 1, True)]


@pytest.mark.parametrize("fee", ["shipping-label", "transaction-fee"])
def test_daily_fees_accrue_until_the_local_day_ends(shop: shops.Shop, fee: str) -> None:
    shop.charge("2026-11-10 12:00", fee, "10.00")
    shop.charge("2026-11-10 23:59:59", fee, "5.00")
    shop.run_jobs("2026-11-10 23:59:59")
    assert shop.figures() == ("0.00", "15.00")
    assert items() == [(fee, "2026-11-10", "15.00", 2, False)]
    shop.run_jobs("2026-11-11 00:00")
    assert shop.figures() == ("15.00", "0.00")
    assert items() == [(fee, "2026-11-10", "15.00", 2, True)]
    assert InvoiceItem.objects.get(fee=fee).posted_at == shops.instant("2026-11-11 00:00")


@pytest.mark.parametrize("fee", ["storage", "special-project"])
def test_monthly_fees_wait_for_the_months_end(shop: shops.Shop, fee: str) -> None:
    shop.charge("2026-11-04 12:00", fee, "10.00")
    shop.charge("2026-11-30 12:00", fee, "5.00")
    shop.run_jobs("2026-11-30 23:00")
    assert shop.figures() == ("0.00", "0.00")  # neither outstanding nor accruing
    shop.run_jobs("2026-12-01 00:00")
    assert shop.figures() == ("15.00", "0.00")
    assert items() == [(fee, "2026-11-30", "15.00", 2, True)]


def test_at_equal_instants_the_day_end_goes_first(shop: shops.Shop) -> None:
    shop.charge("2026-11-10 12:00", "shipping-label", "10.00")
    shop.charge("2026-11-11 00:00", "shipping-label", "5.00")
    assert shop.figures() == ("10.00", "5.00")
    assert items() == [
        ("shipping-label", "2026-11-10", "10.00", 1, True),
        ("shipping-label", "2026-11-11", "5.00", 1, False),
    ]


def test_charges_of_one_fee_and_day_share_an_item_and_others_do_not(shop: shops.Shop) -> None:
    shop.charge("2026-11-10 10:00", "pick-pack", "1.00")
    shop.charge("2026-11-10 11:00", "pick-pack", "2.00")
    shop.charge("2026-11-10 11:00", "packaging", "4.00")
    shop.charge("2026-11-11 10:00", "pick-pack", "8.00")
    assert items() == [
        ("packaging", "2026-11-10", "4.00", 1, True),
        ("pick-pack", "2026-11-10", "3.00", 2, True),
        ("pick-pack", "2026-11-11", "8.00", 1, True),
    ]


def test_a_billed_item_takes_no_further_charge() -> None:
    shop = shops.join("2026-11-01 10:00", billing_threshold="100.00")
    shop.charge("2026-11-10 10:00", "pick-pack", "100.00")
    shop.charge("2026-11-10 11:00", "pick-pack", "7.00")
    assert shop.invoices() == ["2026-11-10 THRESHOLD 100.00"]
    assert shop.figures() == ("7.00", "0.00")
    assert items() == [
        ("pick-pack", "2026-11-10", "100.00", 1, True),
        ("pick-pack", "2026-11-10", "7.00", 1, True),
    ]


def test_a_day_and_the_month_that_end_together_post_together(shop: shops.Shop) -> None:
    shop.charge("2026-11-05 12:00", "storage", "40.00")
    shop.charge("2026-11-30 12:00", "shipping-label", "2.00")
    shop.run_jobs("2026-12-01 00:00")
    assert shop.figures() == ("42.00", "0.00")
    assert [item[1] for item in items()] == ["2026-11-30", "2026-11-30"]


def test_months_missed_altogether_are_made_up_for(shop: shops.Shop) -> None:
    shop.charge("2026-11-05 12:00", "storage", "40.00")
    assert shop.charge("2027-03-05 12:00", "storage", "2.00") == "applied"
    assert shop.statement("2026-11") == (True, {"FULFILMENT": (1, "40.00")})
    assert shop.statement("2027-03") == (False, {"FULFILMENT": (1, "2.00")})
    assert items() == [
        ("storage", "2026-11-30", "40.00", 1, True),
        ("storage", "2027-03-31", "2.00", 1, False),
    ]
