"""For tests of billing's pages: what they say, and who may ask for them."""

from typing import Any

from django.test import Client

from tests import shops
from tests.factories import UserFactory, browser_of, member, proved
from tests.shops import Shop
from tests.text import text_of


def address_of(shop: Shop, path: str) -> str:
    return f"/m/{shop.reference}/billing/{path}"


def read(shop: Shop, path: str, role: str = "OWNER") -> str:
    """What a page of the shop says to somebody of this role."""
    response = browser_of(member(shop, role)).get(address_of(shop, path))
    assert response.status_code == 200
    return text_of(response)


def send(
    shop: Shop, path: str, role: str = "OWNER", *, client: Client | None = None, **content: Any
) -> str:
    """What somebody of this role, or whose client is given, reads after sending a form."""
    client = client or proved(member(shop, role))
    response = client.post(address_of(shop, path), content, follow=True)
    assert response.status_code in (200, 422)
    return text_of(response)


def everybody(shop: Shop) -> dict[str, Client]:
    """A client of each kind of person, signed in."""
    other = shops.join("2026-10-01 09:00", "other-shop", name="Other Shop")
    people = {role: member(shop, role) for role in ("OWNER", "FINANCE", "VIEWER")}
    people["stranger"] = member(other)
    people["operator"] = UserFactory.create(is_staff=True, is_superuser=True)
    return {who: proved(person) for who, person in people.items()} | {"nobody": Client()}


def answers(
    shop: Shop, path: str, clients: dict[str, Client] | None = None, *, method: str = "get"
) -> dict[str, int]:
    """The status that each kind of person gets from an address of the shop."""
    return {
        who: getattr(client, method)(address_of(shop, path)).status_code
        for who, client in (clients or everybody(shop)).items()
    }
