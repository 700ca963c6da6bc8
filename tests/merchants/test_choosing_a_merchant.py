"""Where a person of one, several or no merchants is led."""

import pytest
from django.test import Client

from merchants.models import User
from tests import shops
from tests.factories import MembershipFactory, UserFactory, browser_of, member, operator

pytestmark = pytest.mark.django_db


def person_of(*references: str) -> User:
    """A member of these merchants."""
    user = UserFactory.create()
    for reference in references:
        shop = shops.join("2026-10-01 09:00", reference, name=f"Shop {reference}")
        MembershipFactory.create(user=user, merchant=shop.merchant)
    return user


def test_somebody_of_one_merchant_is_taken_to_its_overview() -> None:
    shop = shops.join("2026-10-01 09:00")
    response = browser_of(member(shop)).get("/")
    assert (response.status_code, response["Location"]) == (302, "/m/rosewood/")


def test_somebody_of_several_chooses_among_them() -> None:
    shops.join("2026-10-01 09:00", "not-ours", name="Not ours")
    page = browser_of(person_of("b", "a")).get("/").content.decode()
    assert page.index('href="/m/a/"') < page.index('href="/m/b/"')
    assert "Not ours" not in page


def test_somebody_of_none_is_told_so() -> None:
    page = browser_of(UserFactory.create()).get("/").content.decode()
    assert "You do not belong to a merchant yet" in page


def test_who_is_not_signed_in_is_sent_to_do_so() -> None:
    assert Client().get("/")["Location"] == "/accounts/login/?next=/"


def test_every_page_leads_to_ones_other_merchants() -> None:
    page = browser_of(person_of("a", "b")).get("/m/a/credit/orders/").content.decode()
    assert 'href="/m/b/"' in page
    assert 'href="/m/a/"' in page  # its own overview


@pytest.mark.parametrize(
    ("reference", "address"),
    [
        ("shop/1", "/m/shop~2F1/"),
        ("..", "/m/~2E~2E/"),
        ("a~2Fb", "/m/a~7E2Fb/"),
        ("ร้าน 1?#", "/m/%E0%B8%A3%E0%B9%89%E0%B8%B2%E0%B8%99%201%3F%23/"),
    ],
)
def test_any_reference_the_platform_gave_has_an_address(reference: str, address: str) -> None:
    client = browser_of(person_of(reference))
    assert client.get("/")["Location"] == address
    response = client.get(address)
    assert response.status_code == 200
    assert response.context["line"].merchant.reference == reference


def test_an_operator_is_led_to_the_admin() -> None:
    for person in (operator("Auditor"), operator()):
        response = browser_of(person).get("/")
        assert (response.status_code, response["Location"]) == (302, "/admin/")
