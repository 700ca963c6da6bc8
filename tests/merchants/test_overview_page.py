from collections.abc import Callable

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from tests import shops
from tests.factories import MembershipFactory, browser_of, member
from tests.shops import Shop
from tests.text import text_of

pytestmark = pytest.mark.django_db

Clock = Callable[[str], None]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Sets the time that pages read, in UTC."""
    return lambda at: monkeypatch.setattr(timezone, "now", lambda: shops.instant(at))


def overview(shop: Shop) -> str:
    return text_of(browser_of(member(shop)).get(f"/m/{shop.reference}/"))


def test_it_shows_what_of_the_limit_is_used_and_available(clock: Clock) -> None:
    shop = shops.join("2026-10-01 09:00", currency="CNY", credit_limit="5000.00")
    shop.place("2026-10-02 10:00", "A-1", "3200.00")
    clock("2026-10-02 12:00")
    page = overview(shop)
    assert "1,800.00 CNY available" in page
    assert "Used by open orders 3,200.00 CNY Limit 5,000.00 CNY" in page
    assert "frozen" not in page


def test_it_shows_what_is_outstanding_against_the_threshold(clock: Clock) -> None:
    shop = shops.join("2026-10-01 09:00", plan_price="39.00")
    shop.charge("2026-10-02 10:00", "pick-pack", "20.50")
    shop.charge("2026-10-02 11:00", "shipping-label", "7.00")
    clock("2026-10-02 12:00")
    page = overview(shop)
    assert "20.50 USD outstanding Accruing today 7.00 USD Billing threshold 200.00 USD" in page
    assert "Next bill date 31 Oct 2026, with your plan 39.00 USD" in page


def test_it_shows_this_month_by_category(clock: Clock) -> None:
    shop = shops.join("2026-10-01 09:00")
    shop.charge("2026-10-02 10:00", "pick-pack", "20.50")
    shop.charge("2026-10-02 10:30", "packaging", "0.50")
    shop.charge("2026-10-02 11:00", "shipping-label", "7.00")
    shop.charge("2026-10-02 11:00", "app-usage", "3.00")
    clock("2026-10-02 12:00")
    page = overview(shop)
    assert "October 2026, so far" in page
    assert "Fulfilment 2 21.00 USD Shipping 1 7.00 USD Total 3 28.00 USD" in page
    assert "Closes at the end of 31 Oct 2026" in page


def test_the_month_is_the_merchants_own(clock: Clock) -> None:
    shop = shops.join("2026-10-01 09:00", timezone="America/Sao_Paulo")
    clock("2026-11-01 02:30")  # still 31 October in São Paulo
    assert "October 2026, so far" in overview(shop)
    clock("2026-11-01 03:00")
    assert "November 2026, so far" in overview(shop)


def test_a_frozen_line_says_so_and_why(clock: Clock) -> None:
    shop = shops.join("2026-10-01 09:00")
    shop.place("2026-10-01 10:00", "A-1", "1000.00")
    shop.deliver("2026-10-01 12:00", "A-1")
    shop.run_jobs("2026-10-12 00:00")
    clock("2026-10-12 09:00")
    page = overview(shop)
    assert "Your credit line is frozen: new orders are declined" in page
    assert "Overdue payments, since 12 Oct 2026 00:00" in page
    assert "1 order is overdue" in page


def test_a_new_merchant_reads_what_will_appear_here(clock: Clock) -> None:
    shop = shops.join("2026-10-01 09:00")
    clock("2026-10-01 10:00")
    page = overview(shop)
    assert "No orders yet." in page
    assert "No bills yet." in page
    assert "No fulfilment or shipping charges yet this month." in page


def test_it_takes_few_queries_however_much_there_is(
    clock: Clock, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    shop = shops.join("2026-10-01 09:00")
    for day in range(2, 12):
        shop.place(f"2026-10-{day:02} 10:00", f"A-{day}", "30.00")
        shop.charge(f"2026-10-{day:02} 11:00", "pick-pack", "150.00")
    owner = member(shop)
    for number in range(12):
        other = shops.join("2026-10-01 09:00", f"other-{number}")
        MembershipFactory.create(user=owner, merchant=other.merchant)
    client = browser_of(owner)
    clock("2026-10-12 09:00")
    with django_assert_max_num_queries(12):
        assert client.get("/m/rosewood/").status_code == 200
