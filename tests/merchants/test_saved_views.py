"""What somebody asked a list for is kept under a name, for that person alone (rule 23.19)."""

from urllib.parse import urlencode

import pytest
from django.test import Client

from merchants.models import SavedView
from merchants.operations import saved_views
from tests import shops
from tests.factories import MembershipFactory, UserFactory, browser_of, member
from tests.kept import kept
from tests.shops import Shop
from tests.text import text_of
from tests.unchanged import nothing_changes

pytestmark = pytest.mark.django_db

ORDERS = "/m/rosewood/credit/orders/"
SAVE = "/m/rosewood/views/save/"


@kept()
def shop() -> Shop:
    """A shop with an order."""
    shop = shops.join("2026-10-01 09:00")
    shop.place("2026-10-02 10:00", "A-1", "120.00")
    return shop


def save(client: Client, name: str, query: str, page: str = "credit:orders") -> str:
    """Save a view of a list: where that leads, or the status of a refusal."""
    response = client.post(SAVE, {"name": name, "query": query, "page": page})
    return str(response.headers.get("Location", response.status_code))


def names(client: Client, address: str = ORDERS) -> list[str]:
    """Which of the views "Large" and "Other" the list offers."""
    page = client.get(address)
    assert page.status_code == 200
    saved = page.content.decode().split('aria-label="Saved views"')
    return [text for text in ("Large", "Other") if len(saved) > 1 and f">{text}</a>" in saved[1]]


def test_a_view_is_saved_shown_asked_replaced_and_deleted(shop: Shop) -> None:
    person = member(shop, "VIEWER")
    client = browser_of(person)
    asked = "days=7&least=100&standing=OPEN&by=due_on"
    assert save(client, "Large", f"{asked}&hue=1&most=x&after=1~2") == (
        f"{ORDERS}?{asked}&hue=1&most=x&after=1~2"
    )
    view = SavedView.objects.get()
    assert view.query == "standing=OPEN&days=7&least=100&by=due_on"  # only what the list knows
    assert names(client) == ["Large"]
    shown = client.get(f"{ORDERS}?{view.query}")
    assert "All Large Filter" in text_of(shown)
    assert 'aria-current="true">Large</a>' in shown.content.decode()
    save(client, "Large", "standing=PAID")
    assert SavedView.objects.get().query == "standing=PAID"
    assert names(client, "/m/rosewood/billing/invoices/") == []  # of another list
    assert client.post(f"/m/rosewood/views/{view.pk}/remove/")["Location"] == ORDERS
    assert "“Large” is deleted." in text_of(client.get(ORDERS))
    assert names(client) == []


def test_nobody_else_sees_or_deletes_it(shop: Shop) -> None:
    owner = member(shop)
    save(browser_of(owner), "Large", "standing=PAID")
    elsewhere = shops.join("2026-10-01 09:00", "other-shop", name="Other Shop")
    MembershipFactory.create(user=owner, merchant=elsewhere.merchant, role="OWNER")
    view = SavedView.objects.get()
    remove = f"/m/rosewood/views/{view.pk}/remove/"
    stranger = browser_of(member(elsewhere))
    operator = browser_of(UserFactory.create(is_staff=True, is_superuser=True))
    colleague = browser_of(member(shop))
    assert names(colleague) == []
    assert names(browser_of(owner), "/m/other-shop/credit/orders/") == []
    elsewhere_signed_in = browser_of(owner)
    with nothing_changes():
        assert colleague.post(remove).status_code == 404
        other_door = f"/m/other-shop/views/{view.pk}/remove/"
        assert elsewhere_signed_in.post(other_door).status_code == 404
        for client, answer in ((stranger, "404"), (operator, "404")):
            assert client.post(remove).status_code == 404
            assert save(client, "Other", "standing=PAID") == answer
        assert save(Client(), "Other", "").startswith("/accounts/login/")
        assert Client().post(remove)["Location"].startswith("/accounts/login/")
    assert names(browser_of(owner)) == ["Large"]


@pytest.mark.full  # what can be is saved
def test_what_cannot_be_saved_is_told_and_changes_nothing(shop: Shop) -> None:
    person = member(shop)
    client = browser_of(person)
    for number in range(saved_views.MOST):
        save(client, f"View {number}", "standing=PAID")
    with nothing_changes():
        assert save(client, "Other", "standing=PAID") == f"{ORDERS}?standing=PAID"
        assert "You have 12 views of this list." in text_of(client.get(ORDERS))
        save(client, "", "standing=PAID")
        assert "This field is required." in text_of(client.get(ORDERS))
        save(client, "x" * 41, "standing=PAID")
        assert save(client, "Other", "a=1", page="admin:index") == "404"
        assert save(client, "Other", "//evil.example\r\nX: 1").startswith(f"{ORDERS}?//evil")
    save(client, "View 3", "standing=OPEN")  # one that is there can still be saved anew
    assert SavedView.objects.get(name="View 3").query == "standing=OPEN"
    save(client, "Large", urlencode({"topic": "billing"}), page="merchant:notices")
    assert names(client, "/m/rosewood/notices/") == ["Large"]
