"""Orders the line did not let through: why, and what they would have been worth."""

from collections.abc import Callable

import pytest
from pytest_django import DjangoAssertNumQueries

from credit.operations import own_rules
from tests import shops
from tests.credit.pages import read, set_clock
from tests.factories import browser_of, member
from tests.kept import kept
from tests.shops import Shop

pytestmark = pytest.mark.django_db

clock = pytest.fixture(set_clock)


@kept()
def written() -> Shop:
    """A shop on 31 October with two orders declined over the limit, the first one 9 days ago, and
    one of a risky buyer.
    """
    shop = shops.join("2026-09-01 09:00", credit_limit="1000.00")
    shop.place("2026-09-20 10:00", "OLD", "9000.00")
    shop.place("2026-10-22 10:00", "BIG-1", "2000.00")
    shop.place("2026-10-25 00:00", "BIG-2", "1500.50")
    shop.place("2026-10-30 10:00", "RISK", "80.00", buyer="Nobody", buyer_risk=3)
    shop.place("2026-10-30 11:00", "FINE", "90.00")
    return shop


@pytest.fixture
def shop(written: Shop, clock: Callable[[str], None]) -> Shop:
    """The shop of these tests, on 31 Oct 2026, 12:00 UTC."""
    clock("2026-10-31 12:00")
    return written


def listed(shop: Shop, code: str = "") -> list[str]:
    """The references of the declined orders that the list shows."""
    response = browser_of(member(shop)).get("/m/rosewood/credit/declined/", {"code": code})
    return [order.reference for order in response.context["page"].rows]


def test_they_are_listed_newest_first_with_reason_and_lost_value(shop: Shop) -> None:
    assert listed(shop) == ["RISK", "BIG-2", "BIG-1", "OLD"]
    assert "RISK 30 Oct 2026 10:00 Nobody The buyer's risk was too high 80.00 USD" in read(
        shop, "declined/"
    )


def test_they_are_filtered_by_reason(shop: Shop) -> None:
    assert listed(shop, "buyer_risk") == ["RISK"]
    assert listed(shop, "line_frozen") == []
    assert listed(shop, "nonsense") == []
    assert "Nothing matches. Ask for something else" in read(shop, "declined/?code=line_frozen")


def test_the_lost_value_of_7_and_30_days_is_told_by_reason(shop: Shop) -> None:
    said = read(shop, "declined/")
    assert "remind who is overdue, or ask for a higher limit. 1 1,500.50 USD 2 3,500.50 USD" in said
    assert "Offer another way to pay. 1 80.00 USD 1 80.00 USD" in said
    assert "Total 2 1,580.50 USD 3 3,580.50 USD" in said


def test_what_the_merchant_wanted_declined_is_not_in_the_list_that_lost_value_opens(
    shop: Shop, clock: Callable[[str], None]
) -> None:
    own_rules.pause(
        merchant_id=shop.line.pk, actor="mei@x.example", now=shop.at("2026-10-31 09:00")
    )
    assert shop.place("2026-10-31 10:00", "OWN", "70.00") == "declined paused_by_merchant"
    assert listed(shop) == ["OWN", "RISK", "BIG-2", "BIG-1", "OLD"]
    assert listed(shop, "lost") == ["RISK", "BIG-2", "BIG-1", "OLD"]
    assert "70.00" not in read(shop, "declined/")
    page = browser_of(member(shop)).get("/m/rosewood/credit/declined/").content.decode()
    assert '<a href="?code=lost&amp;days=7#orders">2</a>' in page
    overview = browser_of(member(shop)).get("/m/rosewood/").content.decode()
    assert "/credit/declined/?code=lost&amp;days=7#orders" in overview


def test_a_shop_without_any_is_told_where_to_look_before_the_next_order(shop: Shop) -> None:
    shops.join("2026-10-01 09:00", "lucky")
    said = read(Shop("lucky"), "declined/")
    assert "No order was declined." in said
    assert "What it cost you" not in said


def test_it_takes_few_queries(
    shop: Shop, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    client = browser_of(member(shop))
    with django_assert_max_num_queries(12):
        client.get("/m/rosewood/credit/declined/")
