"""What is still to be done for a new merchant is on its page until the first order came through."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from billing.operations import payment_methods
from gateway.models import ApiKey
from merchants.models import Profile
from merchants.operations import inviting
from tests import shops
from tests.credit import withdrawing
from tests.credit.pages import set_clock
from tests.factories import ApiKeyFactory, browser_of, member, operator
from tests.shops import Shop
from tests.text import text_of
from tests.unchanged import nothing_changes
from tests.whole import full, some

pytestmark = pytest.mark.django_db

NOW = "2026-11-05 10:00"
ROLES = ["Credit officer", "Billing officer", "Auditor", "Administrator"]


@pytest.fixture
def shop(monkeypatch: pytest.MonkeyPatch) -> Shop:
    """A new shop, at NOW."""
    set_clock(monkeypatch)(NOW)
    return shops.join("2026-11-01 10:00")


def page(browser: Client) -> str:
    """The HTML of the merchant's page in the admin."""
    content: str = browser.get(reverse("backoffice:merchant", args=["rosewood"])).content.decode()
    return content


def listed(browser: Client) -> list[str]:
    """The items of the list, done or not, with their notes."""
    found = re.search(r"Until the first order.*?</ul>", page(browser), re.DOTALL)
    return re.findall(r"[✓☐] [^✓☐]+", text_of_part(found[0])) if found else []


def text_of_part(part: str) -> str:
    """The text of a piece of HTML."""
    return " ".join(re.sub(r"<[^>]+>", " ", part).split())


@pytest.mark.parametrize("role", some(ROLES, 4))
def test_a_new_merchant_has_all_of_it_before_it(shop: Shop, role: str) -> None:
    assert [one.strip() for one in listed(browser_of(operator(role)))] == [
        "☐ An owner has accepted nobody is invited",
        "☐ The profile is confirmed it is empty",
        "☐ A payment method is chosen bills are paid by: bank transfer",
        "☐ It has a destination for withdrawals",
        "☐ A key of the API is made none reaches it",
        "☐ The first charge came through",
        "☐ The first order came through",
    ]


def test_each_step_is_ticked_and_with_the_first_order_the_list_is_gone(shop: Shop) -> None:
    browser = browser_of(operator("Administrator"))
    inviting.invite_first_owner(
        merchant_id=shop.merchant.pk, email="mei@x.example", actor="o@t.example", now=shop.at(NOW)
    )
    assert "☐ An owner has accepted mei@x.example is invited" in " ".join(listed(browser))
    member(shop)
    Profile.objects.create(
        merchant=shop.merchant, licence_standing="CONFIRMED", contacts_standing="CONFIRMED",
        changed_at=shop.at(NOW),
    )  # fmt: skip
    payment_methods.choose(
        merchant_id=shop.merchant.pk, method="proceeds", reason="asked for", actor="o@t.example",
        now=shop.at(NOW),
    )  # fmt: skip
    withdrawing.add(shop, NOW)
    ApiKeyFactory.create(merchant=shop.merchant)
    shop.charge(NOW, "pick-pack", "1.00")
    # What was declined has not come through.
    assert shop.place(NOW, "A", "999999.00").startswith("declined")
    assert [one.strip() for one in listed(browser)] == [
        "✓ An owner has accepted",
        "✓ The profile is confirmed",
        "✓ A payment method is chosen bills are paid by: proceeds",
        "✓ It has a destination for withdrawals",
        "✓ A key of the API is made",
        "✓ The first charge came through",
        "☐ The first order came through",
    ]
    shop.place(NOW, "B", "10.00")
    assert listed(browser) == []


@pytest.mark.full  # gateway/test_api_keys makes one, and shows it once
def test_its_first_key_is_made_from_there_and_shown_once(shop: Shop) -> None:
    browser = browser_of(operator("Administrator"))
    make = reverse("admin:merchants_merchant_decide", args=[shop.merchant.pk, "key"])
    assert f'href="{make}"' in page(browser)
    assert 'name="merchant"' not in browser.get(make).content.decode()
    said = {"name": "Checkout", "scopes": ["read"], "requests_per_minute": "60",
            "reason": "Its first.", "request_key": "form-1"}  # fmt: skip
    shown = text_of(browser.post(make, said))
    key = ApiKey.objects.get()
    assert (key.merchant, key.name) == (shop.merchant, "Checkout")
    assert f"tael_{key.prefix}_" in shown
    with nothing_changes():
        assert "revoke it if nobody has copied it" in text_of(browser.post(make, said))
    assert "✓ A key of the API is made" in " ".join(listed(browser))


@pytest.mark.parametrize("role", ["Credit officer", *full("Billing officer", "Auditor")])
def test_who_makes_no_keys_sees_the_step_without_a_link(shop: Shop, role: str) -> None:
    browser = browser_of(operator(role))
    make = reverse("admin:merchants_merchant_decide", args=[shop.merchant.pk, "key"])
    assert make not in page(browser)
    with nothing_changes():
        assert browser.post(make, {"name": "x"}).status_code == 403


def test_a_key_for_all_merchants_does(shop: Shop) -> None:
    ApiKeyFactory.create()
    assert "✓ A key of the API is made one for all merchants" in " ".join(
        listed(browser_of(operator("Auditor")))
    )
