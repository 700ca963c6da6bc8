"""The open month so far, the months before it, and their statements."""

from collections.abc import Callable

import pytest
from pytest_django import DjangoAssertNumQueries

from tests import shops
from tests.billing.pages import address_of, read
from tests.credit.pages import set_clock
from tests.factories import browser_of, member
from tests.kept import kept
from tests.shops import Shop

pytestmark = pytest.mark.django_db

clock = pytest.fixture(set_clock)


@kept()
def written() -> Shop:
    """A shop with charges of 3.50 and 12.00 in September, none in October, and 2.00 in November so
    far.
    """
    shop = shops.join("2026-09-01 09:00")
    shop.charge("2026-09-03 10:00", "pick-pack", "3.50")
    shop.charge("2026-09-05 15:00", "shipping-label", "12.00")
    shop.charge("2026-11-02 10:00", "pick-pack", "2.00")
    shop.run_jobs("2026-11-03 00:00")
    return shop


@pytest.fixture
def shop(written: Shop, clock: Callable[[str], None]) -> Shop:
    """The shop of these tests, on 10 Nov 2026, 10:00 UTC."""
    clock("2026-11-10 10:00")
    return written


def test_the_open_month_comes_first_and_says_when_it_closes(shop: Shop) -> None:
    said = read(shop, "charges/")
    assert "November 2026, so far Statement" in said
    assert "Fulfilment 1 2.00 USD Total 1 2.00 USD Closes at the end of 30 Nov 2026." in said


def test_months_stand_side_by_side_with_their_categories(shop: Shop) -> None:
    said = read(shop, "charges/")
    assert (
        "Month Fulfilment Shipping Total Change of the total from the month before "
        "November 2026 2.00 USD 0.00 USD 2.00 USD +2.00 USD "
        "October 2026 0.00 USD 0.00 USD 0.00 USD −15.50 USD "
        "September 2026 3.50 USD 12.00 USD 15.50 USD –" in said
    )
    assert "November 2026 came to 2.00 USD so far; October 2026 came to 0.00 USD in all." in said
    assert "Nov · Fulfilment: 2.00" in said  # under the pointer


def test_the_chart_has_a_bar_for_each_month(shop: Shop) -> None:
    response = browser_of(member(shop)).get(address_of(shop, "charges/chart.svg"))
    drawn = response.content.decode()
    assert response["Content-Type"] == "image/svg+xml"
    for word in ("Sept", "Oct", "Nov", "Fulfilment", "Shipping"):
        assert f">{word}<" in drawn


def test_statements_are_offered_as_files_the_open_one_without_its_pdf(shop: Shop) -> None:
    said = read(shop, "charges/")
    assert "November 2026 Open closes at the end of 30 Nov 2026 1 2.00 USD when closed" in said
    assert "September 2026 Closed at the end of 30 Sept 2026 2 15.50 USD CSV PDF" in said


def test_the_statement_of_a_month_belongs_to_charges_in_the_navigation(shop: Shop) -> None:
    page = browser_of(member(shop)).get(address_of(shop, "statements/2026-09/")).content.decode()
    assert '<a href="/m/rosewood/billing/charges/" aria-current="true">Charges</a>' in page


@pytest.mark.usefixtures("nothing_kept")
def test_a_newcomer_reads_what_will_be_here(clock: Callable[[str], None]) -> None:
    shop = shops.join("2026-11-01 09:00")
    clock("2026-11-10 10:00")
    said = read(shop, "charges/")
    assert "No fulfilment or shipping charges yet this month." in said
    assert "No statements yet. The first fulfilment or shipping charge opens one." in said
    assert "Month by month" not in said


def test_it_takes_few_queries(
    shop: Shop, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    client = browser_of(member(shop))
    for path in ("charges/", "charges/chart.svg", "charges/chart.svg?narrow"):
        with django_assert_max_num_queries(12):
            client.get(address_of(shop, path))
