"""A withdrawal is approved when it brings what was asked for on its local day above the limit."""

import pytest

from credit.models import Withdrawal
from credit.operations import withdrawals
from tests import shops
from tests.amounts import usd
from tests.credit.withdrawing import (
    approve,
    cancel,
    fresh,
    pay_out,
    reject,
    send_all,
    shop_with,
    status,
    withdraw,
)

pytestmark = pytest.mark.django_db

DAY = "2026-11-03 "


@pytest.fixture
def shop() -> shops.Shop:
    """A shop with 50,000.00 USD to withdraw. On one day, withdrawals of 10,000.00 together need no
    approval.
    """
    return shop_with("50000.00")


def waits(withdrawal: Withdrawal) -> bool:
    """Whether the withdrawal waits to be approved."""
    return fresh(withdrawal).needs_approval


def test_four_times_5000_pass_no_limit_of_10000(shop: shops.Shop) -> None:
    made = [withdraw(shop, "5000.00", f"{DAY}{hour}:00") for hour in (10, 11, 12, 13)]
    assert [waits(one) for one in made] == [False, False, True, True]


def test_as_much_as_the_limit_goes_and_a_cent_more_waits(shop: shops.Shop) -> None:
    assert not waits(withdraw(shop, "9999.99"))
    assert not waits(withdraw(shop, "0.01"))
    assert waits(withdraw(shop, "0.01"))


def test_what_waits_counts_and_what_was_approved_or_paid_too(shop: shops.Shop) -> None:
    approve(withdraw(shop, "10000.01"))
    assert waits(withdraw(shop, "1.00"))


def test_what_came_back_does_not_count(shop: shops.Shop) -> None:
    cancel(withdraw(shop, "6000.00"))
    reject(withdraw(shop, "6000.00"))
    assert not waits(withdraw(shop, "6000.00"))


def test_what_was_paid_out_counts_for_that_day_alone(shop: shops.Shop) -> None:
    pay_out(withdraw(shop, "6000.00", f"{DAY}10:00"))
    assert waits(withdraw(shop, "6000.00", f"{DAY}11:00"))
    assert not waits(withdraw(shop, "6000.00", "2026-11-04 10:00"))


def test_the_day_is_the_merchants(shop: shops.Shop) -> None:
    east = shop_with("50000.00", "bangkok", timezone="Asia/Bangkok")
    assert not waits(withdraw(east, "6000.00", "2026-11-03 23:00"))
    # An hour later it is the next day in Bangkok.
    assert not waits(withdraw(east, "6000.00", "2026-11-04 00:00"))
    assert waits(withdraw(east, "6000.00", "2026-11-04 23:59"))


def test_the_page_that_asks_says_so_before(shop: shops.Shop) -> None:
    withdraw(shop, "9000.00")
    asked = withdrawals.quote(
        merchant_id=shop.line.pk, amount=usd("1000.01"), now=shop.at(f"{DAY}12:00")
    )
    assert asked.needs_approval


def test_what_waits_is_not_sent(shop: shops.Shop) -> None:
    withdraw(shop, "9000.00")
    second = withdraw(shop, "9000.00")
    send_all("2026-11-03 12:00")
    assert status(second) == "REQUESTED"
