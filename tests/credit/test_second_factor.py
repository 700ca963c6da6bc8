"""Withdrawing takes a second factor that was confirmed minutes ago, but in a demonstration."""

import time
from collections.abc import Callable
from urllib.parse import urlencode

import pytest
from allauth.mfa.totp.internal import auth
from django.conf import LazySettings
from django.test import Client
from django.utils.html import escape

from merchants.models import User
from tests import shops
from tests.codes import code_of
from tests.credit.pages import set_clock
from tests.credit.withdrawing import NOW, shop_with
from tests.factories import PASSWORD, EnrolledFactorFactory, browser_of, member
from tests.shops import Shop
from tests.text import text_of
from tests.unchanged import nothing_changes
from tests.whole import full

pytestmark = pytest.mark.django_db

NEW = "/m/rosewood/credit/withdrawals/new/"
SECRET = "JBSWY3DPEHPK3PXP"


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Sets the time that pages read, and allauth."""
    pages = set_clock(monkeypatch)

    def set_to(at: str) -> None:
        """Set the clocks of pages and of allauth to this instant, in UTC."""
        pages(at)
        monkeypatch.setattr(time, "time", lambda: shops.instant(at).timestamp())

    return set_to


@pytest.fixture
def shop(clock: Callable[[str], None], settings: LazySettings) -> Shop:
    """A shop with 300.00 of proceeds, at NOW, where second factors are asked for."""
    settings.TAEL_SANDBOX = False
    shop = shop_with("300.00")
    clock(NOW)
    return shop


def with_authenticator(person: User) -> User:
    """The person, who has set up an authenticator."""
    EnrolledFactorFactory.create(factor=auth.TOTP.activate(person, SECRET).instance)
    return person


def asked(shop: Shop) -> dict[str, str]:
    """What the form of a withdrawal sends."""
    destination = shop.destination.pk
    return {"amount": "100.00", "destination": str(destination), "request_key": "form-1"}


@pytest.mark.parametrize("role", ["OWNER", *full("FINANCE")])
@pytest.mark.parametrize("method", ["get", "post"])
def test_who_has_none_is_sent_to_set_one_up(shop: Shop, role: str, method: str) -> None:
    client = browser_of(member(shop, role))
    with nothing_changes():
        response = getattr(client, method)(NEW, asked(shop) | {"fee": "0"})
    assert (response.status_code, response["Location"]) == (302, "/accounts/2fa/")
    page = text_of(client.get("/accounts/2fa/"))
    assert "What leads to money takes a second factor. Set one up; then you can go on." in page
    assert "go on where you were" not in page


def test_once_it_is_set_up_one_can_go_on(shop: Shop) -> None:
    person = member(shop)
    client = browser_of(person)
    address = f"{NEW}?{urlencode(asked(shop))}"
    client.get(address)
    with_authenticator(person)
    page = client.get("/accounts/2fa/")
    assert "Your second factor is set up: go on where you were" in text_of(page)
    assert f'href="{escape(address)}"' in page.content.decode()
    confirmation = client.get(address)["Location"]
    client.post(confirmation, {"code": code_of(SECRET)})
    assert client.get(address).status_code == 200
    assert "go on where you were" not in text_of(client.get("/accounts/2fa/"))


# Where proceeds may go is asked for in the same way.

DESTINATION = "/m/rosewood/credit/destinations/new/"
FILLED_IN = {
    "kind": "BANK_CARD",
    "holder": "Mei Lin",
    "bank": "ICBC",
    "number": "4000 0000 0000 0119",
}


@pytest.mark.parametrize("method", ["get", "post"])
def test_a_destination_is_not_added_without_one(shop: Shop, method: str) -> None:
    client = browser_of(member(shop))
    with nothing_changes():
        response = getattr(client, method)(DESTINATION, FILLED_IN)
    assert (response.status_code, response["Location"]) == (302, "/accounts/2fa/")


@pytest.mark.full  # none is added without, above
def test_a_destination_waits_for_it_and_its_number_is_in_no_address(shop: Shop) -> None:
    client = browser_of(with_authenticator(member(shop)))
    with nothing_changes():
        response = client.post(DESTINATION, FILLED_IN)
    assert "0119" not in response["Location"]
    back = client.post(response["Location"], {"code": code_of(SECRET)})
    page = client.get(back["Location"]).content.decode()
    assert 'value="Mei Lin"' in page
    assert 'value="ICBC"' in page
    assert "0119" not in page
    added = client.post(DESTINATION, FILLED_IN)
    assert added["Location"] == "/m/rosewood/credit/destinations/"
    assert "Bank card ···· 0119" in text_of(client.get(added["Location"]))


def test_who_has_one_confirms_it_and_comes_back(shop: Shop) -> None:
    client = browser_of(with_authenticator(member(shop)))
    address = f"{NEW}?{urlencode(asked(shop))}"
    response = client.get(address)
    assert response["Location"] == (f"/accounts/2fa/reauthenticate/?{urlencode({'next': address})}")
    back = client.post(response["Location"], {"code": code_of(SECRET)})
    assert back["Location"] == address
    assert "100.00 USD arrives" in text_of(client.get(address))
    assert client.post(NEW, asked(shop) | {"fee": "0"}).status_code == 302
    assert shop.proceeds() == "200.00"


def test_after_five_minutes_it_is_asked_for_again_and_nothing_typed_is_lost(
    shop: Shop, clock: Callable[[str], None]
) -> None:
    client = browser_of(with_authenticator(member(shop)))
    client.post("/accounts/2fa/reauthenticate/", {"code": code_of(SECRET)})
    clock("2026-11-03 10:04")
    assert client.get(NEW).status_code == 200
    clock("2026-11-03 10:05")
    with nothing_changes():
        response = client.post(NEW, asked(shop) | {"fee": "0"})
    back = client.post(response["Location"], {"code": code_of(SECRET)})
    page = client.get(back["Location"])
    assert "100.00 USD arrives" in text_of(page)
    assert 'value="form-1"' in page.content.decode()


def test_a_password_is_no_second_factor(shop: Shop) -> None:
    client = browser_of(with_authenticator(member(shop)))
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    with nothing_changes():
        response = client.post(NEW, asked(shop) | {"fee": "0"})
    assert response["Location"].startswith("/accounts/2fa/reauthenticate/")


@pytest.mark.full  # one that is confirmed, above
def test_the_one_of_the_sign_in_counts(shop: Shop) -> None:
    person = with_authenticator(member(shop))
    client = Client()
    client.post("/accounts/login/", {"login": person.email, "password": PASSWORD})
    client.post("/accounts/2fa/authenticate/", {"code": code_of(SECRET)})
    assert client.get(NEW).status_code == 200


def test_a_viewer_may_not_however_many_factors_he_has(shop: Shop) -> None:
    client = browser_of(with_authenticator(member(shop, "VIEWER")))
    assert client.get(NEW).status_code == 403
    with nothing_changes():
        assert client.post(NEW, asked(shop) | {"fee": "0"}).status_code == 403


@pytest.mark.full  # nor in test_doors_to_money.py
def test_a_demonstration_asks_for_none(shop: Shop, settings: LazySettings) -> None:
    settings.TAEL_SANDBOX = True
    client = browser_of(member(shop))
    assert client.get(NEW).status_code == 200
    assert client.post(NEW, asked(shop) | {"fee": "0"}).status_code == 302
    assert shop.proceeds() == "200.00"
