"""Who may open a merchant's pages: its own people, whatever their role, and nobody else."""

import pytest
from django.test import Client

from tests import shops
from tests.factories import UserFactory, browser_of, member
from tests.kept import kept
from tests.shops import Shop
from tests.whole import full, some

pytestmark = pytest.mark.django_db

PAGES = [
    "",
    "credit/orders/",
    "credit/orders/A-1/",
    "billing/statements/",
    "billing/statements/2026-10/",
    "billing/invoices/",
    "billing/invoices/2026-000001/",
]
CSV = "billing/statements/2026-10.csv"


@kept()
def shop() -> Shop:
    """A shop that has an order, a closed October, and a bill of 15.50."""
    shop = shops.join("2026-10-01 09:00")
    shop.place("2026-10-02 10:00", "A-1", "120.00")
    shop.charge("2026-10-03 10:00", "pick-pack", "15.50")
    shop.run_jobs("2026-11-01 00:00")
    return shop


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("role", ["VIEWER", *full("OWNER", "FINANCE")])
def test_everybody_of_the_merchant_sees_its_pages(shop: Shop, role: str, path: str) -> None:
    response = browser_of(member(shop, role)).get(f"/m/rosewood/{path}")
    assert response.status_code == 200
    assert "Rosewood Dresses" in response.content.decode()


@pytest.mark.parametrize("path", some([*PAGES, CSV], 4))
def test_a_stranger_finds_nothing(shop: Shop, path: str) -> None:
    other = shops.join("2026-10-01 09:00", "other-shop", name="Other Shop")
    response = browser_of(member(other)).get(f"/m/rosewood/{path}")
    assert response.status_code == 404
    assert "Rosewood" not in response.content.decode()


@pytest.mark.parametrize("path", some([*PAGES, CSV], 4))
def test_operators_without_a_role_at_the_merchant_use_the_admin(shop: Shop, path: str) -> None:
    operator = UserFactory.create(is_staff=True, is_superuser=True)
    assert browser_of(operator).get(f"/m/rosewood/{path}").status_code == 404


@pytest.mark.parametrize("path", some([*PAGES, CSV], 4))
def test_who_is_not_signed_in_is_sent_to_do_so(shop: Shop, path: str) -> None:
    response = Client().get(f"/m/rosewood/{path}")
    assert response.status_code == 302
    assert response["Location"] == f"/accounts/login/?next=/m/rosewood/{path}"


@pytest.mark.parametrize("path", ["", "credit/orders/", "billing/invoices/"])
def test_an_unknown_merchant_is_not_found(shop: Shop, path: str) -> None:
    assert browser_of(member(shop)).get(f"/m/nobody/{path}").status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        "credit/orders/B-1/",
        "credit/orders/a%00b/",
        "billing/statements/2026-09/",
        "billing/statements/2026-13/",
        "billing/statements/0000-01/",
        "billing/invoices/2026-000002/",
    ],
)
def test_what_the_merchant_does_not_have_is_not_found(shop: Shop, path: str) -> None:
    assert browser_of(member(shop)).get(f"/m/rosewood/{path}").status_code == 404


def test_another_merchants_rows_are_not_found_under_ones_own(shop: Shop) -> None:
    other = shops.join("2026-10-01 09:00", "other-shop")
    client = browser_of(member(other))
    assert client.get("/m/other-shop/").status_code == 200
    for path in (
        "credit/orders/A-1/",
        "billing/statements/2026-10/",
        "billing/invoices/2026-000001/",
    ):
        assert client.get(f"/m/other-shop/{path}").status_code == 404


def test_a_person_whose_role_was_taken_away_is_a_stranger(shop: Shop) -> None:
    owner = member(shop)
    client = browser_of(owner)
    assert client.get("/m/rosewood/").status_code == 200
    owner.memberships.all().delete()
    assert client.get("/m/rosewood/").status_code == 404


def test_pages_may_load_only_what_we_serve(shop: Shop) -> None:
    response = browser_of(member(shop)).get("/m/rosewood/")
    assert "default-src 'self'" in response["Content-Security-Policy"]
    assert "unsafe" not in response["Content-Security-Policy"]
    page = response.content.decode()
    assert " style=" not in page
    # Only files of ours: the policy lets nothing else run.
    assert page.count("<script") == page.count('<script src="/static/')
