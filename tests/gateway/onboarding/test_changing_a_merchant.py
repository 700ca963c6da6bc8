"""Administrators change what a merchant is called, its language and whom it is reached by."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from billing.models import Invoice
from merchants.models import Merchant, Profile, ProfilePart
from merchants.operations import merchants, profiles
from merchants.operations.merchants import UnknownMerchant
from tests import shops, trailed
from tests.factories import browser_of, member, operator

pytestmark = pytest.mark.django_db

ADMINISTRATOR = "ada@tael.example"
NAMED = {"name": "Rose & Wood", "language": "th", "reason": "It was sold."}
CONTACTS = {
    "contact_name": "Mei",
    "contact_email": "mei@rosewood.example",
    "contact_phone": "+66 2 123 4567",
    "reason": "By telephone.",
}


def page(merchant: Merchant, decision: str) -> str:
    """The address of this decision about the merchant."""
    return reverse("admin:merchants_merchant_decide", args=[merchant.pk, decision])


def test_documents_from_now_on_have_the_new_name_and_language() -> None:
    shop = shops.join("2026-11-01 10:00", plan_price="39.00")
    administrator = browser_of(operator("Administrator", email=ADMINISTRATOR))
    assert administrator.post(page(shop.merchant, "details"), NAMED).status_code == 302
    shop.run_jobs("2026-12-01 00:00")
    first, second = Invoice.objects.order_by("pk")
    assert (first.merchant_name, first.language) == ("Rosewood Dresses", "en")
    assert (second.merchant_name, second.language) == ("Rose & Wood", "th")


def test_the_same_again_is_refused() -> None:
    merchant = shops.join("2026-11-01 10:00").merchant
    administrator = browser_of(operator("Administrator", email=ADMINISTRATOR))
    administrator.post(page(merchant, "details"), NAMED)
    since = trailed.newest()
    answer = administrator.post(page(merchant, "details"), NAMED)
    assert "are these already" in answer.text
    assert trailed.told(since) == []


def test_a_merchant_that_is_not_there() -> None:
    with pytest.raises(UnknownMerchant):
        merchants.change(
            merchant_id=0,
            name="Nobody",
            language="en",
            reason="Ok.",
            actor=ADMINISTRATOR,
            now=shops.instant("2026-11-02 10:00"),
        )


def test_contacts_that_change_have_to_be_confirmed_anew() -> None:
    shop = shops.join("2026-11-01 10:00")
    administrator = browser_of(operator("Administrator", email=ADMINISTRATOR))
    assert administrator.post(page(shop.merchant, "contacts"), CONTACTS).status_code == 302
    now = shop.at("2026-11-05 10:00")
    part = ProfilePart.CONTACTS
    profiles.confirm(merchant_id=shop.merchant.pk, part=part, actor="olga@tael.example", now=now)
    assert Profile.objects.get().contacts_standing == "CONFIRMED"
    since = trailed.newest()
    again = administrator.post(page(shop.merchant, "contacts"), CONTACTS)
    assert (again.status_code, trailed.told(since)) == (302, [])
    other = CONTACTS | {"contact_name": "Somchai"}
    assert administrator.post(page(shop.merchant, "contacts"), other).status_code == 302
    profile = Profile.objects.get()
    assert (profile.contact_name, profile.contacts_standing) == ("Somchai", "WAITING")
    (entry,) = trailed.entries(since)
    assert (entry.actor, entry.reason) == (ADMINISTRATOR, "By telephone.")


Somebody = Callable[[], Client]


@pytest.mark.parametrize(
    ("who", "refused"),
    [
        (lambda: browser_of(operator("Credit officer")), 403),
        (lambda: browser_of(operator("Billing officer")), 403),
        (lambda: browser_of(operator("Auditor")), 403),
        (lambda: browser_of(member(shops.join("2026-11-01 10:00", "silk"))), 302),
        (Client, 302),
    ],
    ids=["credit officer", "billing officer", "auditor", "owner", "anonymous"],
)
def test_nobody_else_changes_it(who: Somebody, refused: int) -> None:
    merchant = shops.join("2026-11-01 10:00").merchant
    browser = who()
    assert browser.post(page(merchant, "details"), NAMED).status_code == refused
    assert browser.post(page(merchant, "contacts"), CONTACTS).status_code == refused
    merchant.refresh_from_db()
    assert (merchant.name, merchant.language) == ("Rosewood Dresses", "en")
    assert not Profile.objects.exists()
