"""Who may see the pages about limit and orders, who may export and ask, and who finds nothing."""

import pytest
from django.test import Client

from tests.credit.pages import answers, everybody, read
from tests.credit.reviewing import DECEMBER, shop_with
from tests.factories import browser_of, member
from tests.kept import kept
from tests.shops import Shop
from tests.unchanged import nothing_changes
from tests.whole import some

pytestmark = pytest.mark.django_db

NOBODY_ELSE = {"stranger": 404, "operator": 404, "nobody": 302}


@kept()
def shop() -> Shop:
    """A shop that has orders, and was reviewed in December 2026."""
    shop = shop_with("1000.00")
    shop.run_jobs(DECEMBER)
    return shop


@kept()
def clients() -> dict[str, Client]:
    """A client of each kind of person; made after the shop."""
    return everybody(Shop("rosewood"))


@pytest.mark.full  # each page is asked in test_authorisation.py
@pytest.mark.parametrize(
    "path",
    some(
        [
            "limit/",
            "limit/chart.svg",
            "raise/",
            "raise/requests/",
            "raise/reviews/",
            "raise/reviews/2026-12/",
            "check/",
            "check/?amount=10",
            "orders/",
            "declined/",
            "freezes/",
        ],
        4,
    ),
)
def test_everybody_of_the_merchant_sees_them_and_nobody_else(
    shop: Shop, clients: dict[str, Client], path: str
) -> None:
    assert answers(shop, path, clients) == {
        "OWNER": 200,
        "FINANCE": 200,
        "VIEWER": 200,
        **NOBODY_ELSE,
    }


@pytest.mark.full  # each file is asked for there, too
@pytest.mark.parametrize("path", ["orders.csv", "limit/entries.csv"])
def test_owners_and_finance_export(shop: Shop, clients: dict[str, Client], path: str) -> None:
    assert answers(shop, path, clients) == {
        "OWNER": 200,
        "FINANCE": 200,
        "VIEWER": 403,
        **NOBODY_ELSE,
    }


@pytest.mark.full  # each form is sent there, too
@pytest.mark.parametrize("path", ["raise/ask/", "raise/question/"])
def test_owners_and_finance_ask(shop: Shop, clients: dict[str, Client], path: str) -> None:
    with nothing_changes():
        # Nothing was filled in, so the form comes back.
        assert answers(shop, path, clients, method="post") == {
            **{"OWNER": 422, "FINANCE": 422, "VIEWER": 403},
            **NOBODY_ELSE,
        }


@pytest.mark.parametrize("path", ["raise/ask/", "raise/question/"])
def test_asking_is_not_done_by_reading(shop: Shop, path: str) -> None:
    client = browser_of(member(shop))
    with nothing_changes():
        response = client.get(f"/m/rosewood/credit/{path}")
    assert (response.status_code, response["Location"]) == (302, "/m/rosewood/credit/raise/")


@pytest.mark.parametrize("path", ["raise/reviews/2026-11/", "raise/reviews/2026-13/", "orders/no/"])
def test_what_is_not_there_is_not_found(shop: Shop, clients: dict[str, Client], path: str) -> None:
    assert answers(shop, path, clients)["OWNER"] == 404


def test_every_page_is_in_the_navigation(shop: Shop) -> None:
    names = (
        "Limit How to raise it Can I take this order? Orders Buyers Sales by month After-sales"
        " Declined orders Freezes"
    )
    assert names in read(shop, "limit/")
