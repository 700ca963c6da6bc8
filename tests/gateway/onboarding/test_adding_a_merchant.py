"""A credit officer brings in a merchant with all its terms, and its first owner is invited."""

from collections.abc import Callable
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse
from moneyed import Money

from backoffice import decision_pages
from merchants.models import Invitation, Membership, Merchant
from merchants.operations import inviting
from tests import shops, trailed
from tests.factories import browser_of, member, operator
from tests.shops import Shop
from tests.trailed import Told
from tests.whole import some

pytestmark = pytest.mark.django_db

OFFICER = "olga@tael.example"
NOW = datetime(2026, 11, 3, 9, tzinfo=UTC)
ADD = reverse("admin:merchants_merchant_decide_list", args=["add"])
TERMS: dict[str, Any] = {
    "name": "Silk Road",
    "language": "th",
    "timezone": "Asia/Bangkok",
    "currency": "THB",
    "credit_limit": "25000.00",
    "payment_days": "14",
    "settlement_days": "7",
    "billing_currency": "",
    "billing_threshold": "5000.00",
    "plan": "basic",
    "plan_price": "390.00",
    "plan_interval_days": "30",
    "payment_method": "manual",
}
SAID = {
    "reference": "silk",
    "owner_email": "Noi@Silk.Example",
    **TERMS,
    "reason": "Signed on 1 November.",
}


@pytest.fixture(autouse=True)
def today(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock of the decisions' pages stands at NOW."""
    monkeypatch.setattr(decision_pages, "clock", SimpleNamespace(now=lambda: NOW))


@pytest.fixture
def officer() -> Client:
    """The browser of a credit officer."""
    return browser_of(operator("Credit officer", email=OFFICER))


def test_a_merchant_joins_with_its_terms_and_its_owner_is_invited(officer: Client) -> None:
    since = trailed.newest()
    answer = officer.post(ADD, SAID, follow=True)
    assert "Silk Road has joined, and its first owner is invited." in answer.text
    shop = Shop("silk", currency="THB", timezone="Asia/Bangkok")
    line, account = shop.line, shop.account
    assert (shop.merchant.name, shop.merchant.language, shop.merchant.joined_at) == (
        "Silk Road",
        "th",
        NOW,
    )
    assert shop.limit() == ("25000.00", "0.00", "25000.00")
    assert (line.payment_days, line.settlement_days) == (14, 7)
    assert (account.threshold, account.payment_method) == (Money("5000", "THB"), "manual")
    assert shop.invoices() == ["2026-11-03 SUBSCRIPTION 390.00"]
    invitation = Invitation.objects.get()
    assert (invitation.email, invitation.role) == ("noi@silk.example", Membership.Role.OWNER)
    assert [letter.to for letter in mail.outbox] == [["noi@silk.example"]]
    added, invited = trailed.told(since)
    meant = {name: value for name, value in TERMS.items() if value}
    assert added == Told("MERCHANT_ADDED", "silk", {}, meant)
    assert invited == Told("MEMBER_INVITED", "noi@silk.example", {"role": ""}, {"role": "OWNER"})
    entry, _ = trailed.entries(since)
    assert (entry.actor, entry.reason, entry.merchant) == (OFFICER, SAID["reason"], shop.merchant)


@pytest.mark.parametrize(
    ("said", "why"),
    some(
        [
            ({"reference": ""}, "This field is required"),
            ({"credit_limit": "-1.00"}, "credit_limit"),
            ({"credit_limit": "1.005"}, "credit_limit"),
            ({"credit_limit": "much"}, "credit_limit"),
            ({"credit_limit": "500000.01"}, "is above 500000.00 THB, which is the most"),
            ({"currency": "KWD", "credit_limit": "0.001"}, "is above 0.000 KWD, which is the most"),
            ({"currency": "XXQ"}, "currency"),
            ({"timezone": "Bangkok"}, "timezone"),
            ({"language": "fr"}, "Select a valid choice"),
            ({"settlement_days": "8"}, "Select a valid choice"),
            ({"payment_days": "400"}, "less than or equal to 366"),
            ({"plan_interval_days": "29"}, "greater than or equal to 30"),
            ({"billing_threshold": "-1"}, "threshold"),
            ({"payment_method": "sandbox"}, "Select a valid choice"),
            ({"owner_email": "noi"}, "Enter a valid e-mail address"),
            ({"reason": ""}, "This field is required"),
        ],
        5,
    ),
)
def test_terms_that_cannot_be_are_said_and_nothing_is_kept(
    officer: Client, said: dict[str, str], why: str
) -> None:
    since = trailed.newest()
    answer = officer.post(ADD, SAID | said)
    assert (answer.status_code, why in answer.text) == (200, True)
    assert not Merchant.objects.exists()
    assert not Invitation.objects.exists()
    assert (trailed.told(since), mail.outbox) == ([], [])


def test_one_that_has_joined_is_not_added_again(officer: Client) -> None:
    assert officer.post(ADD, SAID).status_code == 302
    since = trailed.newest()
    assert "silk has joined, with these terms." in officer.post(ADD, SAID).text
    other = officer.post(ADD, SAID | {"credit_limit": "90000.00"})
    assert "silk joined before with other terms" in other.text
    assert Shop("silk", currency="THB").limit()[0] == "25000.00"
    assert (trailed.told(since), Invitation.objects.count()) == ([], 1)


def test_a_mail_that_is_not_taken_leaves_the_merchant_and_says_so(
    officer: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any) -> None:
        raise inviting.InvitationNotSent("the mail server is away")

    monkeypatch.setattr(inviting, "_send", refuse)
    answer = officer.post(ADD, SAID, follow=True)
    assert "The mail to its first owner could not be sent" in answer.text
    assert Merchant.objects.get().reference == "silk"


Somebody = Callable[[], Client]


@pytest.mark.parametrize(
    ("who", "refused"),
    [
        (lambda: browser_of(operator("Billing officer")), 403),
        (lambda: browser_of(operator("Auditor")), 403),
        (lambda: browser_of(operator("Administrator")), 403),
        (lambda: browser_of(member(shops.join("2026-11-01 10:00"))), 302),
        (Client, 302),
    ],
    ids=["billing officer", "auditor", "administrator", "owner", "anonymous"],
)
def test_nobody_else_adds_one(who: Somebody, refused: int) -> None:
    browser = who()
    assert browser.get(ADD).status_code == refused
    assert browser.post(ADD, SAID).status_code == refused
    assert not Merchant.objects.filter(reference="silk").exists()
