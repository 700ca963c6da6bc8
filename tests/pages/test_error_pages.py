"""Refusals and errors: in the frame of the other pages for who is signed in, in their language."""

import pytest
from django.test import Client
from django.test.utils import override_settings

from billing.queries import forecast
from merchants.models import User
from pages import errors
from tests import shops
from tests.factories import browser_of, member
from tests.shops import Shop
from tests.text import text_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop() -> Shop:
    """A shop that has just joined."""
    return shops.join("2026-10-01 09:00")


def has_frame(page: str) -> bool:
    """Whether the page is within the frame of the merchant's pages."""
    return 'role="search"' in page and 'class="languages"' in page and "Rosewood" in page


@pytest.mark.parametrize(
    ("role", "path", "status", "title"),
    [
        ("OWNER", "credit/nothing/", 404, "Not found"),
        ("OWNER", "billing/invoices/2026-999999/", 404, "Not found"),
        ("VIEWER", "credit/orders.csv", 403, "Not allowed"),
    ],
)
def test_a_refusal_stands_in_the_shops_frame(
    shop: Shop, role: str, path: str, status: int, title: str
) -> None:
    response = browser_of(member(shop, role)).get(f"/m/rosewood/{path}")
    page = response.content.decode()
    assert (response.status_code, has_frame(page), f"<h1>{title}</h1>" in page) == (
        status,
        True,
        True,
    )
    assert 'href="/m/rosewood/">Back to the start' in page


def test_a_stranger_reads_the_same_without_the_shop(shop: Shop) -> None:
    other = shops.join("2026-10-01 09:00", "second-shop")
    page = browser_of(member(other)).get("/m/rosewood/credit/nothing/").content.decode()
    assert "Rosewood" not in page
    assert ('href="/">Back to the start' in page, 'class="languages"' in page) == (True, True)


def test_who_is_not_signed_in_reads_it_without_a_frame(shop: Shop) -> None:
    page = Client().get("/nothing/").content.decode()
    assert ("Not found" in page, 'class="side"' in page, 'class="languages"' in page) == (
        True,
        False,
        True,
    )


def test_a_form_that_is_too_old_is_refused_in_the_frame(shop: Shop) -> None:
    owner = member(shop)
    client = Client(enforce_csrf_checks=True)
    client.force_login(owner)
    response = client.post("/m/rosewood/credit/raise/ask/", {"limit_wanted": "1"})
    assert (response.status_code, has_frame(response.content.decode())) == (403, True)
    assert "Please try again" in text_of(response)


def test_an_error_of_ours_stands_in_the_frame_and_without_it_if_that_fails_too(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = member(shop)
    User.objects.filter(pk=owner.pk).update(language="th")

    def fails(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(forecast, "forecast", fails)
    client = browser_of(owner)
    client.raise_request_exception = False
    with override_settings(DEBUG=False):
        response = client.get("/m/rosewood/")
        assert (response.status_code, has_frame(response.content.decode())) == (500, True)
        assert "ภาษา" in response.content.decode()
        monkeypatch.setattr(errors, "_page", fails)
        response = client.get("/m/rosewood/")
    assert (response.status_code, 'class="entrance"' in response.content.decode()) == (500, True)
