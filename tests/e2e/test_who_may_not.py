"""In a browser: a viewer finds no button, and a stranger nothing at all."""

import re
from html import unescape

import pytest
from django.conf import LazySettings
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from tests import routes, shops
from tests.e2e.signing_in import SHOP, by_form, by_session
from tests.e2e.week import UNPAID, go_to, open_shop
from tests.factories import browser_of, member
from tests.shops import Shop
from tests.unchanged import nothing_changes

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

# What only owners and finance may do, or only owners; by the page on which they find it.
BUTTONS = {
    "credit/raise/": "Ask for it",
    "credit/withdrawals/": "Withdraw",
    "credit/destinations/": "Add a destination",
    "billing/statements/2026-10/": "Export as CSV",
    f"billing/invoices/{UNPAID}/": "Pay 210.00 USD now",
    "billing/credits/": "Ask for a credit",
    "billing/settings/": "Add and use it",
    "settings/team/": "Invite somebody",
}
CLOSED_TO_VIEWERS = [
    "credit/orders.csv",
    "credit/withdrawals/new/",
    "credit/destinations/new/",
    "billing/statements/2026-10.csv",
    f"billing/invoices/{UNPAID}/pay/",
    "billing/credits/new/",
    "settings/team/invite/",
]


@pytest.fixture
def shop(settings: LazySettings) -> Shop:
    """A new shop, with the sandbox on."""
    settings.TAEL_SANDBOX = True
    return open_shop()


def button(page: Page, name: str) -> int:
    """How many buttons and links of this name the page has."""
    named = re.compile(rf"^\s*{re.escape(name)}\s*$")
    return sum(page.get_by_role(role, name=named).count() for role in ("button", "link"))


@pytest.mark.full  # a viewer is refused in test_authorisation, and pages/test_desk has buttons
@pytest.mark.parametrize(("role", "found"), [("VIEWER", 0), ("OWNER", 1)])
def test_a_viewer_has_no_button_that_does_something(
    shop: Shop, page: Page, live_server: LiveServer, role: str, found: int
) -> None:
    by_session(page, live_server, member(shop, role), SHOP)
    expect(page.get_by_role("heading", level=1)).to_have_text("Overview")
    buttons = {}
    for path, name in BUTTONS.items():
        page.goto(f"{live_server.url}/m/rosewood/{path}")
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        buttons[name] = button(page, name)
    assert buttons == dict.fromkeys(BUTTONS.values(), found)


@pytest.mark.full  # each page in test_authorisation, and what it says in pages/test_error_pages
def test_a_viewer_is_told_so_where_he_goes_all_the_same(
    shop: Shop, page: Page, live_server: LiveServer
) -> None:
    by_session(page, live_server, member(shop, "VIEWER"))
    with nothing_changes():
        for path in CLOSED_TO_VIEWERS:
            response = page.goto(f"{live_server.url}/m/rosewood/{path}")
            assert response is not None
            assert (path, response.status) == (path, 403)
            expect(page.get_by_role("heading", level=1)).to_have_text("Not allowed")
            expect(page.get_by_text("An owner can change it.")).to_be_visible()


@pytest.mark.full  # by the table of routes, in test_authorisation, he does not either
def test_a_stranger_finds_nothing_behind_any_link_of_the_owners(
    page: Page, browser: Browser, live_server: LiveServer, settings: LazySettings
) -> None:
    settings.TAEL_SANDBOX = True
    shop = routes.full_shop()
    other = shops.join("2026-10-01 09:00", "other-shop", name="Other Shop")
    by_session(page, live_server, member(shop))
    links = links_of(page, live_server, routes.pages(shop, browser_of(member(shop))))
    assert len(links) > 70
    stranger = browser.new_page()
    by_form(stranger, live_server, member(other).email)
    expect(stranger.get_by_role("heading", level=1)).to_have_text("Not found")
    answers = {link: stranger.request.get(live_server.url + link).status for link in links}
    assert {link: status for link, status in answers.items() if status != 404} == {}
    stranger.goto(f"{live_server.url}/m/rosewood/credit/orders/A-1/")
    expect(stranger.get_by_role("heading", level=1)).to_have_text("Not found")
    expect(stranger.locator("body")).not_to_contain_text("Rosewood")
    stranger.goto(f"{live_server.url}/m/other-shop/")
    go_to(stranger, "Orders")
    expect(stranger.get_by_role("heading", level=1)).to_have_text("Orders")
    stranger.close()


def links_of(page: Page, server: LiveServer, addresses: list[str]) -> set[str]:
    """Where these pages lead to within the shop, and the pages themselves."""
    found = {address for address in addresses if address.startswith("/m/rosewood/")}
    for address in sorted(found):
        text = page.request.get(server.url + address).text()
        found |= {
            unescape(link) for link in re.findall(r'(?:href|src)="(/m/rosewood/[^"#]*)', text)
        }
    return found
