"""For tests of pages: the time they read, and who may ask for them."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.utils import timezone

from tests import shops
from tests.factories import UserFactory, browser_of, member
from tests.shops import Shop
from tests.text import text_of


def set_clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Sets the time that pages read, in UTC."""
    return lambda at: monkeypatch.setattr(timezone, "now", lambda: shops.instant(at))


def read(shop: Shop, path: str, role: str = "OWNER") -> str:
    """What a page of the shop says to somebody of this role."""
    response = browser_of(member(shop, role)).get(f"/m/{shop.reference}/credit/{path}")
    assert response.status_code == 200
    return text_of(response)


def everybody(shop: Shop) -> dict[str, Client]:
    """A client of each kind of person, signed in."""
    other = shops.join("2026-10-01 09:00", "other-shop", name="Other Shop")
    people = {role: member(shop, role) for role in ("OWNER", "FINANCE", "VIEWER")}
    people["stranger"] = member(other)
    people["operator"] = UserFactory.create(is_staff=True, is_superuser=True)
    return {who: browser_of(person) for who, person in people.items()} | {"nobody": Client()}


def answers(
    shop: Shop, path: str, clients: dict[str, Client] | None = None, *, method: str = "get"
) -> dict[str, int]:
    """The status that each kind of person gets from an address of the shop."""
    address = f"/m/{shop.reference}/credit/{path}"
    return {
        who: getattr(client, method)(address).status_code
        for who, client in (clients or everybody(shop)).items()
    }
