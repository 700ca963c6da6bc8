"""In a browser: a page that is open while a payment settles shows it, and disturbs nobody."""

from collections.abc import Callable
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from tests.billing import paying
from tests.credit.pages import set_clock
from tests.e2e.signing_in import go_on
from tests.factories import browser_of, member

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

clock = pytest.fixture(set_clock)
NOW = "htmx.trigger('#live-state', 'look')"  # not only every five seconds
HIDE = "Object.defineProperty(document, 'hidden', {configurable: true, get: () => %s})"


@pytest.fixture(autouse=True)
def sandbox(settings: Any) -> None:
    """The sandbox is switched on."""
    settings.TAEL_SANDBOX = True


@pytest.mark.full  # pages/test_live follows it without a browser
def test_a_payment_that_settles_shows_without_a_reload(
    page: Page, live_server: LiveServer, clock: Callable[[str], None]
) -> None:
    shop = paying.billed(card=paying.SILENT)
    assert paying.pay_now(shop, "2026-11-01 11:00") == "UNKNOWN"
    clock("2026-11-01 11:05")
    go_on(page.context, browser_of(member(shop)), live_server)
    asked: list[str] = []
    errors: list[str] = []
    page.on("request", lambda one: asked.append(one.url) if "x-live" in one.headers else None)
    page.on("console", lambda one: errors.append(one.text) if one.type == "error" else None)
    page.clock.install()  # nobody waits for the seconds between two looks
    page.goto(f"{live_server.url}/m/rosewood/billing/invoices/{paying.FIRST}/")
    state, line = page.locator("#live-state"), page.locator("[data-live-told]")
    expect(state).to_contain_text("Being checked")
    page.evaluate("window.isTheSamePage = true")
    with page.expect_response(lambda one: "live_seen" in one.url) as first:
        state.get_by_role("link", name="Refresh").focus()
        page.clock.run_for(5000)  # by itself
    assert first.value.status == 204
    expect(line).to_be_empty()  # nothing is read out while nothing changes
    page.evaluate(HIDE % "true")
    so_far = len(asked)
    page.evaluate(NOW)
    assert len(asked) == so_far  # nobody looks
    paying.hear(shop, "2026-11-01 11:06", paying.paid())
    page.evaluate(HIDE % "false")
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")  # somebody does again
    expect(state).to_contain_text("Collected")
    expect(line).to_have_text(f"Bill T-{paying.FIRST}: Collected")
    expect(state).to_be_focused()  # what had the focus is gone, its place is not
    expect(state.get_by_role("link", name="Refresh")).to_have_count(0)
    assert page.evaluate("window.isTheSamePage")
    so_far = len(asked)
    page.clock.run_for(60_000)
    assert len(asked) == so_far  # it is done
    assert errors == []
    assert Axe().run(page).response["violations"] == []
