"""In a browser that runs no script: what only a script could do is not offered."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page
from pytest_django.live_server_helper import LiveServer

from tests import shops
from tests.credit.pages import set_clock
from tests.e2e.signing_in import go_on
from tests.factories import browser_of, member

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

clock = pytest.fixture(set_clock)


@pytest.fixture(autouse=True)
def sandbox(settings: Any) -> None:
    """The sandbox is switched on."""
    settings.TAEL_SANDBOX = True


def test_no_button_shows_that_needs_a_script(
    page: Page, live_server: LiveServer, clock: Callable[[str], None]
) -> None:
    """An order's number is copied and all charges of a request are chosen by scripts alone."""
    shop = shops.join("2026-11-01 09:00")
    shop.place("2026-11-02 10:00", "A-1", "25.00")
    shop.charge("2026-11-03 10:00", "pick-pack", "5.00", "c-1", request="FR-7")
    clock("2026-11-10 10:00")
    browser = page.context.browser
    assert browser
    with browser.new_context(java_script_enabled=False) as context:
        go_on(context, browser_of(member(shop)), live_server)
        plain = context.new_page()
        for path, words in {"credit/orders/A-1": "Copy", "billing/requests/FR-7": "Choose"}.items():
            plain.goto(f"{live_server.url}/m/rosewood/{path}/")
            scripted = plain.locator("button[hidden]").filter(has_text=words)
            assert scripted.count() >= 1, path
            assert [one.is_visible() for one in scripted.all()] == [False] * scripted.count()
