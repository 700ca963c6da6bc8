"""An operator sees a new merchant's list of what is to be done, and its pages as it sees them."""

from collections.abc import Callable

import pytest
from django.conf import LazySettings
from playwright.sync_api import Page, expect

from merchants.models import Look
from tests import shops
from tests.backoffice.shops_with_work import NOW
from tests.billing import deciding
from tests.credit.pages import set_clock
from tests.e2e.test_every_page import violations
from tests.e2e.test_operators_morning import sign_in  # noqa: F401  a fixture
from tests.shops import Shop

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def shop(settings: LazySettings, monkeypatch: pytest.MonkeyPatch) -> Shop:
    """A shop, at NOW, with the sandbox on."""
    settings.TAEL_SANDBOX = True
    set_clock(monkeypatch)(NOW)
    return shops.join("2026-11-01 10:00", plan_price="39.00")


@pytest.mark.full  # merchants/test_looks looks at them
def test_what_is_to_be_done_and_the_merchants_own_pages(
    shop: Shop,
    sign_in: Callable[[str], Page],  # noqa: F811
) -> None:
    page = sign_in("olga@tael.example")
    page.goto(page.url + "merchant/rosewood/")
    expect(page.get_by_role("heading", name="Until the first order")).to_be_visible()
    page.get_by_role("link", name="See its pages").click()
    page.locator("[name=reason]").fill("They rang: the total of a bill.")
    page.get_by_role("button", name="See its pages").click()
    page.get_by_role("link", name="To Rosewood Dresses's pages").click()
    banner = page.get_by_text("nothing can be changed")
    expect(banner).to_contain_text("You look at Rosewood Dresses’s pages as operator olga@")
    assert violations(page) == []
    page.get_by_role("link", name="Bills", exact=True).first.click()
    expect(banner).to_be_visible()
    page.get_by_role("button", name="Back to the admin").click()
    expect(page.get_by_role("heading", name="Until the first order")).to_be_visible()
    assert Look.objects.get().ended_at is not None


@pytest.mark.full  # billing/test_reopening_pages does so
def test_a_closed_merchant_is_said_to_be_closed_and_can_be_opened(
    shop: Shop,
    sign_in: Callable[[str], Page],  # noqa: F811
) -> None:
    deciding.close(shop, "2026-12-01 11:00")
    page = sign_in("olga@tael.example")
    page.goto(page.url + "merchant/rosewood/")
    expect(page.get_by_text("The billing account is closed")).to_be_visible()
    expect(page.get_by_role("link", name="Change plan")).to_have_count(0)
    page.get_by_role("link", name="Open the account again").click()
    expect(page.get_by_text("nothing is charged now")).to_be_visible()
    page.locator("[name=reason]").fill("They are back.")
    page.get_by_role("button", name="Open the account again").click()
    expect(page.get_by_text("this takes a second person")).to_be_visible()
