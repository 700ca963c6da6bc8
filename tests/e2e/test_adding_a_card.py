"""In a browser: an owner hands a card to Stripe, whose script a few lines of ours stand in for."""

from collections.abc import Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from billing.operations import cards
from billing.providers import stripe
from tests import shops, stripe_server
from tests.billing.test_stripe_card_page import type_in
from tests.e2e.signing_in import by_session
from tests.factories import member

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

# The first card is declined; of the second one, Stripe has heard from somewhere else.
STRIPE_JS = """
let tries = 0;
window.Stripe = (key) => ({
  elements: () => ({
    create: () => ({ mount: (where) => { document.querySelector(where).textContent = key; } }),
  }),
  confirmCardSetup: async (secret) =>
    tries++ ? { setupIntent: { id: secret.split("_secret_")[0] } }
            : { error: { message: "Your card was declined." } },
});
"""


@pytest.fixture
def at_stripe(settings: Any) -> Iterator[None]:
    """A server that stands for Stripe is asked, and no second factor."""
    settings.TAEL_SANDBOX = True  # a demonstration asks for no second factor
    with stripe_server.localstripe() as url:
        stripe_server.be_asked(settings, url)
        yield


@pytest.mark.full  # billing/test_stripe_card_page adds one without a browser
@pytest.mark.usefixtures("at_stripe")
def test_an_owner_adds_a_card(page: Page, live_server: LiveServer) -> None:
    shop = shops.join("2026-10-01 09:00")
    script = {"content_type": "text/javascript", "body": STRIPE_JS}
    page.route("https://js.stripe.com/v3/", lambda route: route.fulfill(**script))
    by_session(page, live_server, member(shop), "/m/rosewood/billing/settings/")
    page.get_by_role("link", name="Add a card").click()
    expect(page.get_by_role("group", name="Card")).to_have_text("pk_test_tael")
    assert Axe().run(page).response["violations"] == []
    page.get_by_role("button", name="Add and use it").click()
    expect(page.get_by_role("alert")).to_have_text("Your card was declined.")
    secret = page.locator("#card-form").get_attribute("data-secret")
    setup = page.locator("[name=setup_intent]").get_attribute("value")
    assert secret
    assert setup
    type_in(stripe.client(), cards.Begun(setup, secret))
    page.get_by_role("button", name="Add and use it").click()
    expect(page.get_by_role("status")).to_have_text("Visa ···· 4242 was added.")


def test_without_stripes_script_the_page_says_so(
    page: Page, live_server: LiveServer, settings: Any
) -> None:
    settings.TAEL_SANDBOX = True  # as above
    shop = shops.join("2026-10-01 09:00")
    page.route("https://js.stripe.com/v3/", lambda route: route.abort())
    with stripe_server.odd_stripe() as server:
        stripe_server.be_asked(settings, server.url)
        by_session(page, live_server, member(shop), "/m/rosewood/billing/settings/cards/stripe/")
        expect(page.get_by_role("alert")).to_contain_text("Stripe can't be reached")
