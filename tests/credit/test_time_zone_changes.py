"""Around a change of time zone, days that lie back are those of the zone that was in force then."""

from datetime import date, datetime

import pytest

from billing.operations import terms
from billing.operations.prices import PriceOfThePast
from credit.models import LimitReview
from tests import shops
from tests.billing import deciding
from tests.credit.withdrawing import fresh, shop_with, withdraw
from tests.two_people import FIRST, WHY
from tests.unchanged import nothing_changes

pytestmark = pytest.mark.django_db


def change_zone(shop: shops.Shop, timezone: str, at: str) -> None:
    """Have the merchant's days be those of another time zone from its next month on."""
    terms.change_time_zone(
        merchant_id=shop.merchant.pk, timezone=timezone, actor=FIRST,
        now=datetime.fromisoformat(at), **WHY,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("old", "new", "before", "first"),
    [
        ("Asia/Bangkok", "America/New_York", "2026-09-01T16:59:59Z", "2026-09-01T17:00:00Z"),
        ("America/New_York", "Asia/Bangkok", "2026-09-02T03:59:59Z", "2026-09-02T04:00:00Z"),
    ],
)
def test_the_90_days_of_paid_begin_by_the_zone_of_that_day(
    old: str, new: str, before: str, first: str
) -> None:
    """The review of 1 December counts from 2 September on; the zone changed on 1 November."""
    shop = shops.join("2026-08-01T10:00:00Z", timezone=old)
    for order, at, amount in (("A", before, "100.00"), ("B", first, "20.00")):
        shop.place("2026-08-01T11:00:00Z", order, amount)
        assert shop.pay(at, order, amount) == "applied"
    change_zone(shop, new, "2026-10-15T00:00:00+00:00")
    marks = {"listing_quality": 100, "profile_completeness": 100, "after_sales": 100}
    shop.send("shop.metrics", "2026-11-15T00:00:00Z", rating="4.8", **marks)
    shop.run_jobs("2026-12-02T12:00:00Z")
    review = LimitReview.objects.get()
    assert (review.on, f"{review.paid.amount:.2f}") == (date(2026, 12, 1), "20.00")


def test_the_day_of_a_change_is_one_day_for_what_takes_a_second_person() -> None:
    """1 December starts at 17:00 UTC, as November ends in Bangkok, and ends in New York. In USD
    10,000.00 a day take one person.
    """
    shop = shop_with("50000.00", timezone="Asia/Bangkok")
    change_zone(shop, "America/New_York", "2026-11-15T00:00:00+00:00")
    eve = withdraw(shop, "6000.00", "2026-11-30T16:59:59+00:00")
    early = withdraw(shop, "6000.00", "2026-11-30T17:00:00+00:00")
    late = withdraw(shop, "6000.00", "2026-12-02T04:59:59+00:00")
    after = withdraw(shop, "6000.00", "2026-12-02T05:00:00+00:00")
    waiting = [fresh(one).needs_approval for one in (eve, early, late, after)]
    assert waiting == [False, False, True, False]


def test_the_day_before_a_change_is_over_though_the_new_zones_clocks_still_show_it() -> None:
    shop = shops.join("2026-11-01 10:00", timezone="Asia/Bangkok")
    deciding.price("pick-pack", "1.00", "2026-11-10", at="2026-11-02 10:00")
    change_zone(shop, "America/New_York", "2026-11-15T00:00:00+00:00")
    shop.run_jobs("2026-11-30T18:00:00+00:00")
    with nothing_changes(), pytest.raises(PriceOfThePast):
        deciding.price("pick-pack", "1.50", "2026-11-30", at="2026-11-30T18:00:00Z", own=shop)
    deciding.price("pick-pack", "1.50", "2026-12-01", at="2026-11-30T18:00:00Z", own=shop)
    assert shop.charge("2026-11-30T18:00:01Z", "pick-pack", "1.50") == "applied"
