"""A card is handed to Stripe on a page of its own, and kept. localstripe plays Stripe."""

from collections.abc import Iterator
from typing import Any

import pytest
import stripe

from billing.operations import cards
from billing.providers import stripe as stripe_provider
from tests import shops, stripe_server
from tests.billing.pages import address_of, answers, everybody, read, send
from tests.factories import member, proved
from tests.shops import Shop
from tests.text import text_of
from tests.unchanged import nothing_changes

pytestmark = pytest.mark.django_db

ADD, FINISH = "settings/cards/stripe/", "settings/cards/stripe/finish/"


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """The address of a server that stands for Stripe."""
    with stripe_server.localstripe() as url:
        yield url


@pytest.fixture
def at_stripe(address: str, settings: Any) -> stripe.StripeClient:
    """A client of Stripe's, which asks that server."""
    stripe_server.be_asked(settings, address)
    return stripe_provider.client()


@pytest.fixture
def shop() -> Shop:
    """A shop that has just joined."""
    return shops.join("2026-11-01 09:00")


def type_in(client: stripe.StripeClient, begun: cards.Begun) -> None:
    """What the browser does with the secret: it hands the card to Stripe."""
    number = {"number": "4242424242424242", "exp_month": 2, "exp_year": 2028, "cvc": "123"}
    client.raw_request(
        "post",
        f"/v1/setup_intents/{begun.setup_intent_id}/confirm",
        client_secret=begun.client_secret,
        payment_method_data={"type": "card", "card": number},
    )


def test_a_card_is_handed_to_stripe_and_bills_are_collected_from_it(
    shop: Shop, at_stripe: stripe.StripeClient
) -> None:
    client = proved(member(shop, "FINANCE"))
    assert ADD in client.get(address_of(shop, "settings/")).content.decode()
    page = client.get(address_of(shop, ADD))
    begun = page.context["begun"]
    assert f'data-secret="{begun.client_secret}"' in page.content.decode()
    assert page["Cache-Control"] == "no-store"
    type_in(at_stripe, begun)
    for _ in range(2):
        content = {"setup_intent": begun.setup_intent_id}
        said = text_of(client.post(address_of(shop, FINISH), content, follow=True))
        assert "Visa ···· 4242 was added." in said
    assert shop.account.cards.count() == 1
    assert shop.account.payment_method == "stripe"


def test_only_this_page_may_load_what_stripe_serves(
    shop: Shop, at_stripe: stripe.StripeClient
) -> None:
    client = proved(member(shop))
    assert "https://js.stripe.com" in client.get(address_of(shop, ADD))["Content-Security-Policy"]
    policy = client.get(address_of(shop, "settings/"))["Content-Security-Policy"]
    assert "stripe" not in policy


@pytest.mark.full  # operations in test_stripe_cards.py
def test_a_card_that_was_not_handed_over_is_not_added(
    shop: Shop, at_stripe: stripe.StripeClient
) -> None:
    client = proved(member(shop))
    begun = client.get(address_of(shop, ADD)).context["begun"]
    with nothing_changes():
        said = send(shop, FINISH, client=client, setup_intent=begun.setup_intent_id)
        assert "The card's bank has not agreed." in said
        for strange in ({"setup_intent": "x"}, {}):
            said = send(shop, FINISH, client=client, **strange)
            assert "This card was not added. Start again." in said


def test_nobody_keeps_the_card_of_another_merchant(
    shop: Shop, at_stripe: stripe.StripeClient
) -> None:
    begun = proved(member(shop)).get(address_of(shop, ADD)).context["begun"]
    type_in(at_stripe, begun)
    other = shops.join("2026-11-01 09:00", "other-shop")
    client = proved(member(other))
    with nothing_changes():
        said = send(other, FINISH, client=client, setup_intent=begun.setup_intent_id)
    assert "This card was not added. Start again." in said


@pytest.mark.full  # test cards in test_billing_settings_page.py
def test_without_stripe_no_card_is_asked_for(shop: Shop, settings: Any) -> None:
    settings.STRIPE_API_KEY = settings.STRIPE_PUBLISHABLE_KEY = ""
    assert "Add a card" not in read(shop, "settings/")
    response = proved(member(shop)).get(address_of(shop, ADD), follow=True)
    assert "We can't collect from this method at the moment." in text_of(response)


@pytest.mark.full  # each form is sent in test_authorisation.py
def test_owners_and_finance_add_cards(shop: Shop, at_stripe: stripe.StripeClient) -> None:
    nobody_else = {"VIEWER": 403, "stranger": 404, "operator": 404, "nobody": 302}
    assert answers(shop, ADD) == {"OWNER": 200, "FINANCE": 200, **nobody_else}


@pytest.mark.full  # each form is sent in test_authorisation.py
def test_owners_and_finance_finish_them(shop: Shop, at_stripe: stripe.StripeClient) -> None:
    nobody_else = {"VIEWER": 403, "stranger": 404, "operator": 404, "nobody": 302}
    clients = everybody(shop)
    with nothing_changes():
        found = answers(shop, FINISH, clients, method="post")
    assert found == {"OWNER": 302, "FINANCE": 302, **nobody_else}
