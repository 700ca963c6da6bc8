"""In a browser: what is read before anybody has signed in, and where something went wrong."""

from collections.abc import Iterator

import pytest
from django.template.loader import render_to_string
from django.utils.translation import override
from playwright.sync_api import Browser, Page
from pytest_django.live_server_helper import LiveServer

from tests.e2e.test_every_page import violations

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

TELEPHONE = 375
LOCALES = {"en": "en-GB", "zh-hans": "zh-CN", "th": "th-TH"}
BEFORE = (
    *("login", "password/reset", "password/reset/done", "password/reset/key/1-x"),
    *("signup", "inactive", "confirm-email/x"),
)
WRONG = (
    *("400", "403", "403_csrf", "404", "500", "503", "503_away", "503_clock", "503_full"),
    *("503_moves", "503_parked", "503_uncounted"),
)


def read(page: Page, server: LiveServer, language: str) -> Iterator[str]:
    """Opens each of the pages, and yields its name."""
    for path in BEFORE:
        page.goto(f"{server.url}/accounts/{path}/")
        yield path
    for name in WRONG:
        with override(language):
            page.set_content(render_to_string(f"{name}.html"))
        yield name


@pytest.mark.full  # test_every_page looks at these pages, too
@pytest.mark.parametrize("language", ["th", "en", "zh-hans"])
def test_it_is_one_card_that_fits_a_telephone_and_says_what_to_do(
    browser: Browser, live_server: LiveServer, language: str
) -> None:
    page = browser.new_page(locale=LOCALES[language], viewport={"width": TELEPHONE, "height": 800})
    for name in read(page, live_server, language):
        assert page.locator("html").get_attribute("lang") == language.replace("hans", "Hans"), name
        assert page.locator("h1").count() == 1, name
        assert page.evaluate("document.documentElement.scrollWidth") == TELEPHONE, name
        assert page.locator("[placeholder]").count() == 0, name
        # One thing to do is the next one; errors lead back.
        filled_in = page.locator(".card form:has(input:not([type=hidden]))").count()
        assert page.locator("button.prominent").count() == filled_in, name
        assert violations(page) == [], name
