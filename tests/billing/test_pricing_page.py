"""What each fee means and costs: today, and from later days on."""

from collections.abc import Callable

import pytest
from pytest_django import DjangoAssertNumQueries

from tests import shops
from tests.billing import deciding
from tests.billing.pages import address_of, read
from tests.credit.pages import set_clock
from tests.factories import browser_of, member
from tests.shops import Shop

pytestmark = pytest.mark.django_db

clock = pytest.fixture(set_clock)


@pytest.fixture
def shop(clock: Callable[[str], None]) -> Shop:
    """A shop that pays 2.10 for picking by its own price; packaging will cost 0.85 from December
    on.
    """
    shop = shops.join("2026-10-01 09:00", plan_price="39.00")
    deciding.price("pick-pack", "2.50", "2026-10-01")
    deciding.price("pick-pack", "2.10", "2026-10-05", own=shop)
    deciding.price("packaging", "0.75", "2026-10-01")
    deciding.price("packaging", "0.85", "2026-12-01")
    deciding.price("storage", "0.012345", "2026-10-01")
    clock("2026-11-10 10:00")
    return shop


def test_it_says_what_a_fee_means_when_it_counts_and_what_it_costs(shop: Shop) -> None:
    said = read(shop, "pricing/")
    assert (
        "Packaging Boxes, envelopes, tape and filling material used for an order. At once "
        "0.75 USD general price from 1 Dec 2026: 0.85" in said
    )
    assert "charged when it ends. When the month ends 0.012345 USD" in said


def test_a_price_of_ones_own_is_marked(shop: Shop) -> None:
    assert "At once 2.10 USD Your price" in read(shop, "pricing/")
    other = shops.join("2026-10-01 09:00", "other-shop")
    said = read(other, "pricing/")
    assert "At once 2.50 USD" in said
    assert "Your price" not in said


@pytest.mark.full  # one's own is marked above
def test_the_end_of_ones_own_price_is_told_before_it_comes(shop: Shop) -> None:
    deciding.price("pick-pack", None, "2026-12-15", own=shop)
    said = read(shop, "pricing/")
    assert "2.10 USD Your price general price from 15 Dec 2026: 2.50" in said


@pytest.mark.full  # one's own price to come is told, too
def test_a_general_price_to_come_concerns_who_has_none_of_their_own(shop: Shop) -> None:
    deciding.price("pick-pack", "2.80", "2026-12-01")
    assert "2.80" not in read(shop, "pricing/")
    deciding.price("pick-pack", None, "2026-12-15", own=shop)
    # The own price holds until then, and the general one is 2.80 since a fortnight.
    assert "2.10 USD Your price general price from 15 Dec 2026: 2.80" in read(shop, "pricing/")


def test_a_price_that_never_applies_to_a_merchant_is_not_told(shop: Shop) -> None:
    """From 1 February the general price is 3.00, from 1 March 3.50; the merchant's own of 2.10
    holds until 1 March. Of packaging the general price falls on 1 February, and the merchant gets
    one of its own on 15 January.
    """
    deciding.price("pick-pack", "3.00", "2027-02-01")
    deciding.price("pick-pack", "3.50", "2027-03-01")
    deciding.price("pick-pack", None, "2027-03-01", own=shop)
    deciding.price("packaging", "0.60", "2027-01-15", own=shop)
    deciding.price("packaging", "0.80", "2027-02-01")
    said = read(shop, "pricing/")
    assert "2.10 USD Your price general price from 1 Mar 2027: 3.50 " in said
    assert (
        "0.75 USD general price from 1 Dec 2026: 0.85 USD your price from 15 Jan 2027: 0.60 USD"
        " Pick and pack" in said
    )
    assert "3.00" not in said
    assert "0.80" not in said


def test_a_fee_without_a_price_comes_with_its_amounts(shop: Shop) -> None:
    said = read(shop, "pricing/")
    assert "When the day ends each charge comes with its amount" in said


@pytest.mark.full  # what a fee means, above
def test_categories_come_in_their_usual_order(shop: Shop) -> None:
    said = read(shop, "pricing/")
    heads = ["Non-compliance", "Shipping label", "App usage", "Transaction fee"]
    assert [said.index(head) for head in heads] == sorted(said.index(head) for head in heads)


@pytest.mark.full  # one's own price is, above
def test_the_plan_and_its_change_to_come_are_there(shop: Shop) -> None:
    assert "39.00 USD every 30 days Plan “basic”, charged in advance." in read(shop, "pricing/")
    deciding.change_plan(shop, "2026-11-05 10:00", "49.00", 60)
    assert "on: plan “grown”, 49.00 USD every 60 days." in read(shop, "pricing/")


@pytest.mark.full  # each page in test_page_queries.py
def test_it_takes_few_queries_whatever_prices_there_are(
    shop: Shop, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    client = browser_of(member(shop))
    with django_assert_max_num_queries(12):
        client.get(address_of(shop, "pricing/"))
