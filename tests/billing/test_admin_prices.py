"""Operators introduce prices in the admin: for everybody, or for one merchant."""

from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from django.test import Client

from backoffice import decision_pages
from billing.models import FeePrice
from tests import shops
from tests.billing.operator_decisions import DECIDED_AT, DECIDER, operator
from tests.credit.deciding import address, text
from tests.factories import browser_of, member
from tests.shops import Shop
from tests.unchanged import nothing_changes
from tests.whole import some

pytestmark = pytest.mark.django_db

PAGE = "/admin/billing/feeprice/decide/introduce/"
LIST = "/admin/billing/feeprice/"
SAID = {
    "fee": "storage",
    "currency": "usd",
    "unit_price": "0.015",
    "from_on": "2026-11-04",
    "merchant": "",
    "reason": "The price list of 2027.",
}


@pytest.fixture(autouse=True)
def today(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock of the decisions' pages stands at DECIDED_AT."""
    monkeypatch.setattr(decision_pages, "clock", SimpleNamespace(now=lambda: DECIDED_AT))


@pytest.fixture
def shop() -> Shop:
    """A shop that has just joined."""
    return shops.join("2026-11-01 10:00", billing_threshold="200.00")


@pytest.fixture
def browser() -> Client:
    """The browser of an operator who may change prices."""
    return browser_of(operator("feeprice"))


def introduce(browser: Client, **other: str) -> Any:
    """Send the form that introduces a price, with other values in it."""
    return browser.post(PAGE, {**SAID, **other})


def prices() -> list[tuple[str, str, str | None, str]]:
    """fee, price, merchant, by whom."""
    rows = FeePrice.objects.order_by("pk").values_list(
        "fee", "unit_price", "merchant__reference", "introduced_by"
    )
    return [(fee, f"{price}", merchant, by) for fee, price, merchant, by in rows]


def stored(shop: Shop) -> str:
    """What 1000 units of storage on the next day come to; they post when the month ends."""
    shop.send("charge.recorded", "2026-11-05 10:00", charge="c-1", fee="storage", quantity="1000",
              currency="USD")  # fmt: skip
    return f"{shop.account.charges.get(reference='c-1').amount.amount:.2f}"


def test_a_price_for_everybody(shop: Shop, browser: Client) -> None:
    assert PAGE in text(browser.get(LIST))
    assert introduce(browser).headers["Location"] == LIST
    assert prices() == [("storage", "0.015000", None, DECIDER)]
    assert "0.015\N{NO-BREAK SPACE}USD" in text(browser.get(LIST))
    assert stored(shop) == "15.00"


@pytest.mark.full  # operations end one in test_prices.py
def test_a_price_for_one_merchant_which_ends_again(shop: Shop, browser: Client) -> None:
    introduce(browser)
    introduce(browser, merchant="rosewood", unit_price="0.0123456")  # too many decimals
    introduce(browser, merchant="rosewood", unit_price="0.012345")
    assert prices()[1:] == [("storage", "0.012345", "rosewood", DECIDER)]
    assert stored(shop) == "12.35"
    introduce(browser, merchant="rosewood", unit_price="")
    assert prices()[2:] == [("storage", "None", "rosewood", DECIDER)]
    assert "own price ends" in text(browser.get(LIST))


@pytest.mark.full  # each decision in test_trail_of_decisions.py
def test_a_price_sent_twice_is_one(shop: Shop, browser: Client) -> None:
    assert introduce(browser).status_code == 302
    with nothing_changes(but=["django_admin_log"]):  # the form was sent, though nothing came of it
        assert introduce(browser).status_code == 302
    introduce(browser, unit_price="0.02")
    introduce(browser)
    assert [price for _, price, _, _ in prices()] == ["0.015000", "0.020000", "0.015000"]


@pytest.mark.full  # one for everybody is introduced above
def test_the_next_price_starts_from_one_that_there_is(shop: Shop, browser: Client) -> None:
    introduce(browser, merchant="rosewood")
    page = browser.get(address(FeePrice.objects.get(), "decide", "introduce"))
    assert page.context["form"].initial == {
        "fee": "storage",
        "currency": "USD",
        "merchant": "rosewood",
        "present": {"unit_price": Decimal("0.015")},
    }


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    some(
        [
            ({"unit_price": ""}, "only a merchant&#x27;s own price can end"),
            ({"unit_price": "-1"}, "must be from 0"),
            ({"unit_price": "0.0000001"}, "no more than 6 decimal places"),
            ({"currency": "XQQ"}, "is not an ISO 4217 currency"),
            ({"fee": "credit-label"}, "Select a valid choice"),
            ({"merchant": "nobody"}, "no merchant with this reference"),
            ({"from_on": "2026-11-03", "unit_price": "0.02"}, "is over"),
            ({"reason": "  "}, "This field is required"),
        ],
        3,
    ),
)
def test_a_price_that_cannot_be_is_refused(
    shop: Shop, browser: Client, wrong: dict[str, str], sentence: str
) -> None:
    introduce(browser)
    with nothing_changes():
        response = introduce(browser, **wrong)
        assert response.status_code == 200
        assert sentence in text(response)


def test_who_may_not_change_prices_introduces_none(shop: Shop) -> None:
    looker, owner = browser_of(operator("fee")), browser_of(member(shop))
    with nothing_changes():
        assert PAGE not in text(looker.get(LIST))
        assert looker.get(PAGE).status_code == 403
        assert introduce(looker).status_code == 403
        for stranger in (owner, Client()):
            assert introduce(stranger).status_code in (302, 403)


@pytest.mark.full  # each list is searched in test_every_list.py
def test_prices_are_found_by_fee_or_merchant(shop: Shop, browser: Client) -> None:
    introduce(browser)
    introduce(browser, merchant="rosewood")
    introduce(browser, fee="receiving", merchant="rosewood")
    found = {
        asked: len(browser.get(LIST, {"q": asked}).context["cl"].result_list)
        for asked in ("storage", "rosewood", "stor", "")
    }
    assert found == {"storage": 2, "rosewood": 2, "stor": 2, "": 3}
