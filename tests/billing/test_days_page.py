"""Fees by day: what every figure of charges and of the forecast is made of."""

from collections.abc import Callable
from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries

from lib import money
from tests import shops
from tests.amounts import usd
from tests.billing.pages import answers, read
from tests.credit.pages import set_clock
from tests.factories import browser_of, member
from tests.kept import kept
from tests.shops import Shop
from tests.text import text_of
from tests.whole import some

pytestmark = pytest.mark.django_db

clock = pytest.fixture(set_clock)
SHOWN = {"OWNER": 200, "FINANCE": 200, "VIEWER": 200}
NOBODY_ELSE = {"stranger": 404, "operator": 404, "nobody": 302}


@kept()
def written() -> Shop:
    """A shop on 15 November, without a plan, with 14 days of 7.00 outstanding and 9.00 accruing."""
    shop = shops.join("2026-11-01 00:00", billing_threshold="200.00")
    for day in range(1, 15):
        shop.charge(f"2026-11-{day:02} 12:00", "shipping-label", "7.00", f"L-{day}")
    shop.run_jobs("2026-11-15 00:00")
    shop.charge("2026-11-15 09:00", "shipping-label", "9.00", "L-15")
    return shop


@pytest.fixture
def shop(written: Shop, clock: Callable[[str], None]) -> Shop:
    """The shop of these tests, on 15 Nov 2026, 12:00 UTC."""
    clock("2026-11-15 12:00")
    return written


def rows(shop: Shop, **params: str) -> list[Any]:
    """The rows of the page of days, asked so."""
    response = browser_of(member(shop)).get("/m/rosewood/billing/days/", params)
    return list(response.context["page"].rows)


def total(shop: Shop, **params: str) -> str:
    """The sum of the amounts in those rows."""
    return money.text(sum((found.amount for found in rows(shop, **params)), usd(0)))


def test_what_is_outstanding_and_what_accrues_is_the_sum_of_its_days(shop: Shop) -> None:
    assert shop.figures() == ("98.00", "9.00")
    assert total(shop, billed="OUTSTANDING") == "98.00"
    assert total(shop, billed="ACCRUING") == "9.00"
    assert total(shop) == "107.00"


@pytest.mark.full  # the whole is, above
def test_a_months_category_and_fee_are_the_sum_of_their_days(shop: Shop) -> None:
    shop.charge("2026-11-15 10:00", "pick-pack", "3.00", "P-1")
    shop.run_jobs("2026-12-01 00:00")
    shop.charge("2026-12-01 10:00", "shipping-label", "1.00", "L-16")
    assert shop.statement("2026-11") == (
        True,
        {"FULFILMENT": (1, "3.00"), "SHIPPING": (15, "107.00")},
    )
    assert total(shop, month="2026-11", category="SHIPPING") == "107.00"
    assert total(shop, month="2026-11", fee="pick-pack") == "3.00"
    assert rows(shop, month="2026-13") == []
    said = read(shop, "days/?month=2026-11&fee=pick-pack")
    assert "Remove: November 2026" in said
    assert "Remove: Pick and pack" in said


@pytest.mark.full  # a day opens below
def test_a_statement_and_the_overview_lead_there(shop: Shop) -> None:
    client = browser_of(member(shop))
    statement = client.get("/m/rosewood/billing/statements/2026-11/").content.decode()
    assert 'billing/days/?category=SHIPPING&amp;month=2026-11"' in statement
    assert '<a href="?fee=shipping-label#charges">' in statement
    overview = client.get("/m/rosewood/").content.decode()
    assert "billing/days/?category=SHIPPING" in overview
    assert 'billing/days/?billed=OUTSTANDING">' in overview
    assert 'billing/days/?billed=ACCRUING">' in overview


def test_a_day_opens_to_its_charges(shop: Shop) -> None:
    latest = rows(shop)[0]
    client = browser_of(member(shop, "VIEWER"))
    page = client.get("/m/rosewood/billing/days/").content.decode()
    assert f'<a href="/m/rosewood/billing/days/{latest.pk}/">Shipping label</a>' in page
    said = text_of(client.get(f"/m/rosewood/billing/days/{latest.pk}/"))
    assert "Shipping label 15 Nov 2026 9.00 USD Charges 1 Bill not billed yet" in said
    assert "Shipping label 15 Nov 2026 09:00 FR-1 1 9.00 USD" in said


@pytest.mark.full  # each filter in test_every_filter.py
@pytest.mark.usefixtures("nothing_kept")
def test_the_charges_of_a_day_are_asked_by_reference_and_amount(
    clock: Callable[[str], None],
) -> None:
    shop = shops.join("2026-11-01 09:00")
    for number, amount in enumerate(("1.00", "2.00", "3.50")):
        at, request = f"2026-11-02 1{number}:00", f"FR-{number % 2}"
        shop.charge(at, "pick-pack", amount, f"C-{number}", request=request)
    clock("2026-11-03 10:00")
    client = browser_of(member(shop, "VIEWER"))
    page = f"/m/rosewood/billing/days/{shop.account.items.get(fee='pick-pack').pk}/"
    for asked, found in {
        "": ["C-0", "C-1", "C-2"],
        "by=-at": ["C-2", "C-1", "C-0"],
        "reference=FR-0": ["C-0", "C-2"],
        "reference=C-1": ["C-1"],
        "least=2": ["C-1", "C-2"],
        "least=x": [],
        "reference=c": [],
    }.items():
        response = client.get(f"{page}?{asked}")
        assert [one.reference for one in response.context["page"].rows] == found, asked
    assert "2 results Total 4.50 USD" in text_of(client.get(f"{page}?reference=FR-0"))
    assert "Nothing matches. Enter the whole reference" in text_of(
        client.get(f"{page}?reference=c")
    )


def test_a_list_without_rows_says_what_to_try(shop: Shop) -> None:
    assert "Nothing matches. Ask for something else" in read(shop, "days/?category=APP")
    for month in ("9999-12", "3000-01", "1969-12"):  # around which no days are counted
        assert "Nothing is shown while something above makes no sense." in read(
            shop, f"days/?month={month}"
        )


def test_the_forecast_shows_how_it_comes_about(shop: Shop) -> None:
    said = read(shop, "outlook/")
    assert (
        "Billing threshold 200.00 USD Less what is outstanding 98.00 USD "
        "Less what accrues today 9.00 USD Left to the threshold 93.00 USD "
        "Charged in the last 14 days 98.00 USD A day, on average 7.00 USD "
        "Likely reached on 29 Nov 2026" in said
    )
    assert (
        "Coming bills Date Kind About 29 Nov 2026 Threshold 205.00 USD "
        "1 Dec 2026 Subscription 7.00 USD" in said
    )


def test_the_page_of_another_shops_day_is_not_there(shop: Shop) -> None:
    other = shops.join("2026-11-01 09:00", "other")
    other.charge("2026-11-02 10:00", "pick-pack", "1.00")
    theirs = other.account.items.get(fee="pick-pack")
    client = browser_of(member(shop))
    assert client.get(f"/m/rosewood/billing/days/{theirs.pk}/").status_code == 404
    assert client.get("/m/rosewood/billing/days/99999999999999999999/").status_code == 404


@pytest.mark.full  # each page is asked in test_authorisation.py
@pytest.mark.parametrize("path", some(["days/", "outlook/"], 2))
def test_only_the_merchants_people_see_it(shop: Shop, path: str) -> None:
    assert answers(shop, path) == SHOWN | NOBODY_ELSE


@pytest.mark.parametrize("path", ["days/?billed=OUTSTANDING&fee=shipping-label", "outlook/"])
def test_it_takes_few_queries(
    shop: Shop, path: str, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    client = browser_of(member(shop))
    with django_assert_max_num_queries(12):
        assert client.get(f"/m/rosewood/billing/{path}").status_code == 200
