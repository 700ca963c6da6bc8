"""A threshold of 0 in a currency without decimals: whatever posts is billed, and nothing is not."""

import pytest

from tests import shops
from tests.unchanged import nothing_changes

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop() -> shops.Shop:
    """A shop with a threshold of 0 and a plan that costs nothing, which joined in Tokyo two days
    before October ended.
    """
    return shops.join(
        "2026-10-29 10:00", currency="JPY", timezone="Asia/Tokyo", billing_threshold="0"
    )


def test_every_posting_is_billed_at_once_and_zero_makes_no_bill(shop: shops.Shop) -> None:
    for second, fee, amount in (
        (0, "pick-pack", "1"),
        (1, "pick-pack", "0"),
        (2, "shipping-label", "5"),  # accrued: twice a threshold of 0 posts it at once
        (4, "pick-pack", "1.0"),
        (5, "storage", "7"),
    ):
        assert shop.charge(f"2026-10-30 09:00:{second:02}", fee, amount) == "applied"
    assert shop.invoices() == [
        "2026-10-30 THRESHOLD 1",
        "2026-10-30 THRESHOLD 5",
        "2026-10-30 THRESHOLD 1",
    ]
    assert shop.lines("2026-10-30", "THRESHOLD")[1:3] == [
        "pick-pack 2026-10-30 0",
        "shipping-label 2026-10-30 5",
    ]


def test_half_a_yen_and_another_currency_are_refused(shop: shops.Shop) -> None:
    shop.run_jobs("2026-10-30 08:00")
    with nothing_changes():
        assert shop.charge("2026-10-30 09:00", "pick-pack", "0.5") == "rejected invalid"
        said = shop.charge("2026-10-30 09:00", "pick-pack", "2", currency="USD")
        assert said == "rejected currency_mismatch"


def test_a_month_end_bills_what_waited_for_it_and_a_charge_at_midnight_comes_after_it(
    shop: shops.Shop,
) -> None:
    assert shop.charge("2026-10-30 09:00:05", "storage", "7") == "applied"
    assert shop.charge("2026-10-31 23:59:59", "shipping-label", "0") == "applied"
    assert shop.charge("2026-10-31 23:59:59", "transaction-fee", "3") == "applied"
    assert shop.charge("2026-11-01 00:00", "pick-pack", "2") == "applied"
    assert shop.charge("2026-11-28 00:00", "storage", "9") == "applied"
    shop.run_jobs("2026-12-01 00:00")
    assert shop.invoices() == [
        "2026-10-31 THRESHOLD 3",
        "2026-10-31 THRESHOLD 7",
        "2026-11-01 THRESHOLD 2",
        "2026-11-30 THRESHOLD 9",
    ]
    assert shop.figures() == ("0", "0")
    assert shop.statement("2026-10") == (
        True,
        {"FULFILMENT": (1, "7"), "SHIPPING": (1, "0")},
    )
    assert shop.statement("2026-11") == (True, {"FULFILMENT": (2, "11")})
