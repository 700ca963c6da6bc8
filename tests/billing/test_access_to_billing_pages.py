"""Who may see the pages about charges, bills and settings, and who may export, pay and ask."""

import pytest
from django.test import Client
from pytest_django import Settings

from tests import shops
from tests.billing.pages import address_of, answers, everybody, read
from tests.billing.paying import GOOD, add_card
from tests.factories import CreditRequestFactory, browser_of, member
from tests.kept import kept
from tests.shops import Shop
from tests.unchanged import nothing_changes
from tests.whole import some

pytestmark = pytest.mark.django_db

NOBODY_ELSE = {"stranger": 404, "operator": 404, "nobody": 302}


@pytest.fixture(autouse=True)
def demonstration(settings: Settings) -> None:
    """The sandbox is switched on."""
    settings.TAEL_SANDBOX = True


@kept(TAEL_SANDBOX=True)
def shop() -> Shop:
    """A shop with a closed October, a bill, a card, and a credit that it asked for."""
    shop = shops.join("2026-10-01 09:00", plan_price="39.00")
    shop.charge("2026-10-03 10:00", "pick-pack", "15.50", "c-1")
    shop.run_jobs("2026-11-01 00:00")
    add_card(shop, "2026-11-01 10:00", GOOD)
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
            "charges/",
            "charges/chart.svg",
            "statements/",
            "requests/",
            "pricing/",
            "invoices/",
            "credits/",
            "settings/",
            "settings/threshold/requests/",
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
@pytest.mark.parametrize(
    "path",
    some(
        [
            "invoices.csv",
            "invoices/2026-000001.csv",
            "invoices/2026-000001.pdf",
            "statements/2026-10.csv",
            "statements/2026-10.pdf",
            "credits/new/",
            "credits/new/?charge=c-1",
        ],
        3,
    ),
)
def test_owners_and_finance_export_and_ask(
    shop: Shop, clients: dict[str, Client], path: str
) -> None:
    assert answers(shop, path, clients) == {
        "OWNER": 200,
        "FINANCE": 200,
        "VIEWER": 403,
        **NOBODY_ELSE,
    }


@pytest.mark.full  # each form is sent there, too
@pytest.mark.parametrize(
    ("path", "answer"),
    some(
        [  # nothing was filled in, so a form comes back; or a page that says why nothing was done
            ("credits/new/", 422),
            ("settings/threshold/", 422),
            ("settings/cards/", 422),
            ("settings/method/", 302),
            ("settings/cards/{card}/remove/", 302),
            ("invoices/2026-000001/pay/", 302),
        ],
        3,
    ),
)
def test_owners_and_finance_act(
    shop: Shop, clients: dict[str, Client], path: str, answer: int
) -> None:
    path = path.format(card=shop.account.card_id)
    with nothing_changes():
        assert answers(shop, path, clients, method="post") == {
            **{"OWNER": answer, "FINANCE": answer, "VIEWER": 403},
            **NOBODY_ELSE,
        }
    assert shop.account.cards.get().removed_at is None


@pytest.mark.parametrize(
    "path",
    [
        "settings/threshold/",
        "settings/cards/",
        "settings/method/",
        "settings/cards/{card}/remove/",
        "invoices/2026-000001/pay/",
    ],
)
def test_nothing_is_done_by_reading(shop: Shop, path: str) -> None:
    client = browser_of(member(shop))
    with nothing_changes():
        response = client.get(address_of(shop, path.format(card=shop.account.card_id)))
    assert response.status_code == 302
    assert response["Location"] in {
        "/m/rosewood/billing/settings/",
        "/m/rosewood/billing/invoices/2026-000001/",
    }


def test_a_credit_is_found_at_its_own_merchant_only(shop: Shop, clients: dict[str, Client]) -> None:
    credit = CreditRequestFactory.create(
        shop=shop,
        at="2026-11-02 10:00",
        amount=shop.account.charges.get(reference="c-1").amount,
    )
    found = answers(shop, f"credits/{credit.pk}/", clients)
    assert found == {"OWNER": 200, "FINANCE": 200, "VIEWER": 200, **NOBODY_ELSE}
    other = Shop("other-shop")
    under_theirs = browser_of(member(other)).get(address_of(other, f"credits/{credit.pk}/"))
    assert under_theirs.status_code == 404
    asking = browser_of(member(other)).get(address_of(other, "credits/new/?charge=c-1"))
    assert "You have no charge with this reference." in asking.content.decode()


def test_a_viewer_is_offered_nothing_to_do(shop: Shop) -> None:
    client = browser_of(member(shop, "VIEWER"))
    for path in ("credits/", "settings/", "invoices/2026-000001/", "requests/FR-1/", "invoices/"):
        page = client.get(address_of(shop, path)).content.decode()
        # To sign out and to choose a language, in both menus.
        assert page.count('method="post"') == 4
        assert "credits/new" not in page
        assert ".csv" not in page


def test_every_page_is_in_the_navigation(shop: Shop) -> None:
    names = "Charges Fulfilment costs Pricing Bills Credits For the accountant Billing settings"
    assert names in read(shop, "charges/")
