import pytest
from pytest_django import DjangoAssertNumQueries, Settings

from tests import shops
from tests.factories import browser_of, member
from tests.shops import Shop
from tests.text import text_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop() -> Shop:
    """A plan of 39.00 billed on joining, and a threshold bill of 225.00 on 12 November."""
    shop = shops.join("2026-11-01 09:00", plan_price="39.00")
    shop.charge("2026-11-10 10:00", "app-usage", "15.00")
    shop.charge("2026-11-12 15:00", "shipping-label", "210.00")
    shop.run_jobs("2026-11-13 00:00")
    assert shop.bills() == ["2026-11-01 SUBSCRIPTION 39.00", "2026-11-12 THRESHOLD 225.00"]
    return shop


def read(shop: Shop, page: str) -> str:
    return text_of(browser_of(member(shop, "VIEWER")).get(f"/m/rosewood/billing/bills/{page}"))


def test_bills_are_listed_latest_first(shop: Shop) -> None:
    page = read(shop, "")
    assert (
        "2026-000002 12 Nov 2026 Threshold 2 Nov 2026 – 12 Nov 2026 Open 19 Nov 2026 225.00 USD "
        "2026-000001 1 Nov 2026 Subscription 1 Nov 2026 – 1 Nov 2026 Open 8 Nov 2026 39.00 USD"
        in page
    )


def test_a_merchant_without_bills_reads_when_they_are_made() -> None:
    shop = shops.join("2026-11-01 09:00")
    assert "No bills yet. They are made on your bill dates" in read(shop, "")


def test_a_bill_shows_its_lines_by_category(shop: Shop) -> None:
    page = read(shop, "2026-000002/")
    assert "225.00 USD For Rosewood Dresses Kind Threshold Issued 12 Nov 2026" in page
    assert (
        "Shipping 1 210.00 USD Shipping label 12 Nov 2026 1 210.00 USD "
        "Apps 1 15.00 USD App usage 10 Nov 2026 1 15.00 USD Total 2 225.00 USD" in page
    )
    assert "No payment was attempted yet." in page


def test_a_collected_bill_shows_the_payment(settings: Settings) -> None:
    settings.TAEL_SANDBOX = True
    shop = shops.join("2026-11-01 09:00", plan_price="39.00", payment_method="sandbox")
    shop.run_jobs("2026-11-01 10:00")
    page = read(shop, "2026-000001/")
    assert "Bill 2026-000001 Paid" in page
    assert "1 1 Nov 2026 10:00 Succeeded 39.00 USD" in page


def test_pages_take_few_queries_however_many_lines_there_are(
    shop: Shop, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for day in range(13, 30):
        shop.charge(f"2026-11-{day} 10:00", "pick-pack", "11.00")
    shop.run_jobs("2026-12-02 00:00")
    client = browser_of(member(shop))
    with django_assert_max_num_queries(12):
        client.get("/m/rosewood/billing/bills/")
    with django_assert_max_num_queries(12):
        page = client.get("/m/rosewood/billing/bills/2026-000003/")
    assert page.context["lines"].charge_count == 18
