"""In a browser: an owner signs in, reads orders, statements and bills, and takes a CSV home."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from tests import shops
from tests.e2e.signing_in import SHOP, by_form, by_session, sends
from tests.factories import member
from tests.shops import Shop

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
]


@pytest.fixture
def shop() -> Shop:
    """A shop with an order in three parts, a charge, and its first bills."""
    shop = shops.join("2026-10-01 09:00", plan_price="39.00")
    shop.place("2026-10-02 10:00", "A-1", "120.00", instalments=3)
    shop.charge("2026-10-03 10:00", "pick-pack", "15.50", description="Two dresses")
    shop.run_jobs("2026-11-01 00:00")
    return shop


@pytest.mark.full  # test_owners_week does so on Tuesday
def test_an_owner_reads_a_month_and_takes_its_csv_home(
    shop: Shop, page: Page, live_server: LiveServer, tmp_path: Path
) -> None:
    by_form(page, live_server, member(shop).email)
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()
    navigation = page.get_by_role("navigation", name="Main")
    navigation.get_by_role("link", name="Orders", exact=True).click()
    page.get_by_role("link", name="A-1").click()
    expect(page.get_by_role("cell", name="after delivery")).to_have_count(3)
    navigation.get_by_role("link", name="Charges").click()
    page.get_by_role("link", name="October 2026", exact=True).click()
    with page.expect_download() as download:
        page.get_by_role("link", name="Export as CSV").click()
    assert download.value.suggested_filename == "statement-rosewood-2026-10.csv"
    download.value.save_as(tmp_path / "october.csv")
    (_, row) = (tmp_path / "october.csv").read_text().splitlines()
    assert ",Two dresses,1,15.50,USD,2026-10-03," in row
    page.get_by_role("link", name="T-2026-000002").click()
    expect(page.get_by_role("heading", name="Bill T-2026-000002")).to_be_visible()
    sends(page, "Sign out")
    page.goto(f"{live_server.url}/m/rosewood/")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_the_menu_opens_on_a_telephone(shop: Shop, page: Page, live_server: LiveServer) -> None:
    page.set_viewport_size({"width": 360, "height": 740})
    by_session(page, live_server, member(shop, "VIEWER"), SHOP)
    orders = page.get_by_role("link", name="Orders", exact=True)
    expect(orders).to_have_count(0)
    page.get_by_text("Menu").click()
    orders.click()
    expect(page).to_have_url(f"{live_server.url}/m/rosewood/credit/orders/")
