"""A merchant's owners can ask everybody on the team for a second factor."""

import pytest
from django.test import Client
from pytest_django import Settings

from merchants.models import Merchant, SecurityMail, User
from merchants.operations import team
from tests import shops, trailed
from tests.factories import browser_of, member, proved
from tests.shops import Shop
from tests.text import text_of

pytestmark = pytest.mark.django_db

SECURITY = "/m/rosewood/settings/security/"
ASKED = "This shop asks for a second factor"


@pytest.fixture
def shop() -> Shop:
    """A shop that has just joined."""
    return shops.join("2026-10-01 09:00")


@pytest.fixture
def owner(shop: Shop) -> User:
    """An owner of the shop."""
    return member(shop, email="olga@shop.example")


def require(shop: Shop, owner: User, wanted: bool = True) -> None:
    """Have the team need a second factor, or no longer."""
    team.require_second_factor(
        merchant_id=shop.merchant.pk,
        actor=owner,
        wanted=wanted,
        now=shop.at("2026-11-03 10:00"),
    )


def test_an_owner_sees_who_has_none_and_asks_for_it(shop: Shop, owner: User) -> None:
    member(shop, "VIEWER", email="vera@shop.example")
    client = proved(owner)
    page = text_of(client.get(SECURITY))
    assert "Members see your pages with their password alone." in page
    assert "vera@shop.example · Viewer" in page
    assert "olga@shop.example · Owner" not in page
    since = trailed.newest()
    client.post(SECURITY, {"required": "yes"})
    assert Merchant.objects.get().requires_second_factor
    (row,) = trailed.told(since)
    assert (row.action, row.before, row.after) == (
        "FACTOR_REQUIRED",
        {"second_factor_required": False},
        {"second_factor_required": True},
    )
    assert "only with a second factor" in text_of(client.get(SECURITY))
    (told,) = SecurityMail.objects.all()
    assert (told.kind, told.address, told.details["is_on"]) == (
        "FACTOR_REQUIRED",
        "olga@shop.example",
        "yes",
    )


def test_who_has_none_sees_nothing_until_they_have_one(shop: Shop, owner: User) -> None:
    require(shop, owner)
    vera = member(shop, "VIEWER")
    client = browser_of(vera)
    for path in ("/m/rosewood/", "/m/rosewood/billing/invoices/", SECURITY):
        answer = client.get(path)
        assert answer.status_code == 403
        assert ASKED in text_of(answer)
    assert client.post("/m/rosewood/settings/profile/").status_code == 403
    again = proved(vera)
    assert again.get("/m/rosewood/").status_code == 200
    # A session from before the factor confirms it.
    sent = client.get("/m/rosewood/billing/invoices/")
    expected = "/accounts/2fa/reauthenticate/?next=%2Fm%2Frosewood%2Fbilling%2Finvoices%2F"
    assert sent["Location"] == expected


def test_strangers_learn_nothing_of_it(shop: Shop, owner: User) -> None:
    require(shop, owner)
    stranger = member(shops.join("2026-10-01 09:00", "other-shop"))
    assert browser_of(stranger).get("/m/rosewood/").status_code == 404
    assert browser_of(stranger).get("/m/other-shop/").status_code == 200
    assert "/login/" in Client().get("/m/rosewood/")["Location"]


def test_a_demonstration_asks_for_none(shop: Shop, owner: User, settings: Settings) -> None:
    require(shop, owner)
    settings.TAEL_SANDBOX = True
    assert browser_of(member(shop, "VIEWER")).get("/m/rosewood/").status_code == 200


def test_it_is_taken_back_and_once_only(shop: Shop, owner: User) -> None:
    require(shop, owner)
    since = trailed.newest()
    require(shop, owner, wanted=False)
    require(shop, owner, wanted=False)
    assert not Merchant.objects.get().requires_second_factor
    assert len(trailed.told(since)) == 1
    with pytest.raises(team.NotAnOwner):
        require(shop, member(shop, "FINANCE"))
    assert not Merchant.objects.get().requires_second_factor
