"""Which day something was is told by the time zone that the merchant had then (rule 2.16)."""

from datetime import date

import pytest

from credit.models import OrderFlag
from credit.queries import paid_out
from merchants.queries import local_day
from pages import home_charts
from tests import shops
from tests.billing import by_hand, deciding
from tests.billing.moving import moving
from tests.credit import withdrawing
from tests.credit.test_flags import look, place
from tests.shops import Shop

pytestmark = pytest.mark.django_db
HONOLULU, TOKYO = "Pacific/Honolulu", "Asia/Tokyo"


@pytest.fixture
def moved_west() -> Shop:
    """A shop of Tokyo until 1 December 2026, and of Honolulu from then on."""
    return moving(TOKYO, HONOLULU, settlement_days=0)


@pytest.fixture
def moved_east() -> Shop:
    """A shop of Honolulu until 1 December 2026, and of Tokyo from then on."""
    return moving(HONOLULU, TOKYO)


def test_a_run_of_orders_is_flagged_once_by_the_day_that_it_began_on(moved_east: Shop) -> None:
    place(moved_east, *(f"2026-12-01T06:0{minute}Z" for minute in range(5)))
    look("2026-12-01T07:00Z")  # the evening of 30 November in Honolulu
    place(moved_east, "2026-12-01T11:00Z", buyer="Nok")
    look("2026-12-01T12:00Z")  # the evening of 1 December in Tokyo, which counts by now
    assert moved_east.line.timezone == TOKYO
    assert [flag.cause for flag in OrderFlag.objects.all()] == ["2026-11-30 Somchai"]


def test_a_charge_by_hand_is_of_the_day_that_was_the_merchants_then(moved_east: Shop) -> None:
    charge = by_hand.charge(moved_east, "2026-12-02 03:00", service_on=date(2026, 11, 20))
    assert charge.service_on == date(2026, 11, 20)
    assert charge.at == shops.instant("2026-11-20T22:00Z")  # noon in Honolulu


def test_the_use_of_the_limit_begins_on_the_day_that_the_merchant_joined() -> None:
    shop = shops.join("2026-11-20T20:00Z", timezone=HONOLULU)  # 21 November in Tokyo
    shop.place("2026-11-22T20:00Z", "A", "100.00")
    deciding.change_time_zone(shop, "2026-11-23T20:00Z", TOKYO)
    shop.place("2026-12-02T20:00Z", "B", "100.00")
    line = shop.line
    assert line.timezone == TOKYO
    use = home_charts.use_of(line, shop.merchant, today=line.open_on)
    assert use is not None
    assert use.balances[0].on == date(2026, 11, 20) == local_day(line, shop.merchant.joined_at)


def test_an_order_names_the_withdrawal_of_the_day_on_which_it_matured(moved_west: Shop) -> None:
    withdrawing.add(moved_west, "2026-11-10T13:00Z")
    order = withdrawing.sell(moved_west, "2026-11-19T16:00Z", "100.00")  # 20 November in Tokyo
    withdrawal = withdrawing.withdraw(moved_west, "60.00", "2026-11-19T23:00Z")
    moved_west.place("2026-12-02T12:00Z", "B", "1.00")
    assert moved_west.line.timezone == HONOLULU  # where 20 November began at 10:00 UTC
    sold = moved_west.line.orders.get(reference=order)
    (part,) = paid_out.of_order(sold, [date(2026, 11, 20)])
    assert (part.reference, str(part.part.amount)) == (withdrawal.reference, "60.00")
