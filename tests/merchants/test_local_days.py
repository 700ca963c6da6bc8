"""Lists are asked for local days, whatever the merchant's clocks do meanwhile (rule 23.17)."""

from datetime import date, timedelta

import pytest

from lib import calendar
from merchants import queries
from merchants.queries import LocalDays
from tests import shops
from tests.billing.moving import moving
from tests.billing.test_time_zone_changes import CHANGES
from tests.factories import browser_of, member
from tests.whole import some

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)


@pytest.mark.parametrize(("old", "new"), some([(old, new) for old, new, *_instants in CHANGES], 5))
def test_each_instant_around_a_change_is_in_the_day_that_the_books_have_it_in(
    old: str, new: str
) -> None:
    shop = moving(old, new)
    shop.run_jobs("2026-12-05 12:00")
    account, seen = shop.account, set()
    local = LocalDays.of(account, date(2026, 12, 5))
    instant = shops.instant("2026-11-29 00:00")
    for _hour in range(24 * 6):
        day = queries.local_day(account, instant)
        assert local.start_of(day) <= instant < local.start_of(day + calendar.ONE_DAY), instant
        seen.add(day)
        instant += HOUR
    assert len(seen) >= 5


@pytest.mark.parametrize(("old", "new"), some([(old, new) for old, new, *_instants in CHANGES], 5))
def test_a_day_after_a_change_to_come_starts_by_the_zone_to_come(old: str, new: str) -> None:
    """Whether it is asked for alone, or together with days before the change."""
    shop = moving(old, new)
    shop.run_jobs("2026-11-28 12:00")
    days = [date(2026, 11, 25) + timedelta(number) for number in range(15)]
    local = LocalDays.of(shop.account, date(2026, 11, 28))
    starts = [local.start_of(day) for day in days]
    assert queries.starts_of(shop.account, days) == starts
    assert [queries.day_start(shop.account, day) for day in days] == starts


def test_an_order_of_the_last_instant_is_in_its_day_and_one_of_the_next_is_not() -> None:
    """In Santiago, where the clock goes forward over midnight: 6 September starts at 01:00."""
    shop = shops.join("2026-09-01 12:00", timezone="America/Santiago")
    for at, reference in (
        ("2026-09-04 23:59:59", "BEFORE"),  # of the 4th
        ("2026-09-05 00:00:00", "FIRST"),  # of the 5th
        ("2026-09-05 23:59:59", "LAST"),  # still of the 5th
        ("2026-09-06 01:00:00", "AFTER"),  # of the 6th
    ):
        shop.place(at, reference, "1.00")
    owner = browser_of(member(shop))
    address = f"/m/{shop.reference}/credit/orders/"
    page = owner.get(address, {"since": "2026-09-05", "until": "2026-09-05"})
    assert [order.reference for order in page.context["page"].rows] == ["LAST", "FIRST"]
    assert page.context["filter"].figures.count == 2
