"""In a browser: a list is asked by its bar, on a desk and on a telephone, and what was asked is
kept (rules of lists: rule 23.17, rule 23.19, rule 23.20).
"""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from lib import figures
from tests import shops
from tests.e2e.signing_in import go_on
from tests.e2e.test_every_page import violations
from tests.factories import browser_of, member
from tests.shops import Shop

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

ORDERS = "/m/rosewood/credit/orders/"
WIDTHS = (320, 375, 768, 1280, 1920)


@pytest.fixture
def shop(monkeypatch: pytest.MonkeyPatch) -> Shop:
    """A shop with seven orders, one of which is paid."""
    shop = shops.join("2026-10-01 09:00", credit_limit="10000.00")
    for number in range(1, 8):
        shop.place(f"2026-10-{number:02} 10:00", f"A-{number}", f"{number}0.00")
    shop.pay("2026-10-08 10:00", "A-7", "70.00")
    return shop


@pytest.fixture
def opened(browser: Browser, live_server: LiveServer, shop: Shop) -> Callable[..., Page]:
    """Opens a page as the shop's owner, in a browser that looks as it is told."""
    client = browser_of(member(shop))

    def open_at(path: str, **looks: object) -> Page:
        context = browser.new_context(base_url=live_server.url, **looks)  # type: ignore[arg-type]
        go_on(context, client, live_server)
        page = context.new_page()
        page.goto(path)
        return page

    return open_at


@pytest.mark.full  # merchants/test_saved_views saves one
def test_keys_lead_to_the_search_and_a_view_is_saved(opened: Callable[..., Page]) -> None:
    page = opened(ORDERS, viewport={"width": 1280, "height": 900})
    find = page.locator(".side .find input")
    page.keyboard.press("/")
    expect(find).to_be_focused()
    page.keyboard.type("a/7")  # what is typed there is not taken
    expect(find).to_have_value("a/7")
    field = page.get_by_placeholder("Order contains")
    field.click()
    page.keyboard.type("A-/")
    page.keyboard.press("Control+k")
    expect(field).to_have_value("A-/")
    expect(field).to_be_focused()
    page.locator("h1").click()
    page.keyboard.press("Control+k")
    expect(find).to_be_focused()
    field.fill("")
    page.get_by_text("Status", exact=True).first.click()
    page.get_by_role("link", name="Paid", exact=True).click()
    expect(page.locator("#found")).to_contain_text("1 result")
    page.locator("summary", has_text="Amount").click()
    page.get_by_label("At least").fill("70")
    page.get_by_label("At least").press("Enter")
    expect(page).to_have_url(re.compile(r"\?standing=PAID&least=70$"))
    page.locator("summary", has_text="Views").click()
    page.get_by_label("Save what is shown as").fill("Large and paid")
    page.get_by_role("button", name="Save view").click()
    view = page.get_by_role("navigation", name="Saved views").get_by_text("Large and paid")
    expect(view).to_have_attribute("aria-current", "true")
    page.get_by_role("link", name="Clear all").click()
    expect(page.locator("#found")).to_contain_text("7 results")
    view.click()
    expect(page.locator("#found")).to_contain_text("1 result")
    page.go_back()
    expect(page.locator("#found")).to_contain_text("7 results")
    page.locator("summary", has_text="Views").click()
    page.get_by_role("button", name="Delete the view “Large and paid”").click()
    expect(page.get_by_role("dialog", name="Delete")).to_contain_text("“Large and paid”?")
    page.get_by_role("button", name="Yes, delete it").click()
    expect(page.get_by_role("navigation", name="Saved views")).to_have_count(0)


@pytest.mark.full  # pages/test_list_bars asks for days, and test_reading_the_books has a telephone
def test_on_a_telephone_the_bar_is_one_button(opened: Callable[..., Page]) -> None:
    page = opened(ORDERS, viewport={"width": 375, "height": 800}, has_touch=True)
    expect(page.get_by_placeholder("Order contains")).not_to_be_visible()
    page.get_by_role("button", name="Filter").click()
    page.locator("#filters summary", has_text="Placed").click()
    page.get_by_label("From").fill("2026-10-02")
    page.get_by_label("Up to and including").fill("2026-10-04")
    page.locator("#filters details[open]").get_by_role("button", name="Apply").click()
    expect(page.locator("#found")).to_contain_text("3 results")
    expect(page.locator("#found")).to_contain_text("90.00 USD")
    expect(page).to_have_url(re.compile(r"\?since=2026-10-02&until=2026-10-04$"))
    page.get_by_role("link", name="Remove: Placed: 2 Oct 2026 – 4 Oct 2026").click()
    expect(page.locator("#found")).to_contain_text("7 results")


@pytest.mark.full  # few are counted in all others
def test_many_rows_are_counted_by_the_page_itself(
    opened: Callable[..., Page], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lib.paging.page.__kwdefaults__", {"size": 3})
    monkeypatch.setattr(figures, "MOST", 5)
    page = opened(ORDERS, viewport={"width": 1280, "height": 900})
    expect(page.locator("#found")).to_contain_text("7 results")
    assert "figures" not in page.url
    page.get_by_role("link", name="Next").click()
    expect(page.locator("#found")).to_contain_text("280.00 USD")


@pytest.mark.full  # lists are among the pages of test_every_page
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_list_with_its_bar_fits_every_screen_and_axe_finds_nothing(
    opened: Callable[..., Page], scheme: str
) -> None:
    page = opened(f"{ORDERS}?days=30&least=x&since=2026-10-01", color_scheme=scheme)
    found = []
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        for pill in range(page.locator("details.pill").count()):
            if width < 1000:
                page.evaluate("document.getElementById('filters').showPopover()")
            page.evaluate("(n) => document.querySelectorAll('details.pill')[n].open = true", pill)
            wide = page.evaluate("document.documentElement.scrollWidth > innerWidth")
            found += [f"pill {pill} is too wide at {width}"] if wide else []
            if (pill == 1 and width in (375, 768, 1280)) or (pill == 0 and width == 375):
                found += violations(page)
            page.evaluate("(n) => document.querySelectorAll('details.pill')[n].open = false", pill)
            if width < 1000:
                page.evaluate("document.getElementById('filters').hidePopover()")
    assert found == []
