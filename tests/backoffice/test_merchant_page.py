"""The page that tells all about a merchant."""

import pytest
from django.conf import LazySettings
from django.contrib.auth.models import Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext

from credit.trail import Action
from tests import shops
from tests.backoffice.shops_with_work import NOW, in_trouble, operator
from tests.credit.pages import set_clock
from tests.factories import UserFactory, browser_of, member
from tests.kept import kept
from tests.shops import Shop
from tests.text import text_of
from trail import operations as trail

pytestmark = pytest.mark.django_db
PAGE = "/admin/merchant/rosewood/"


@kept()
def written() -> Shop:
    """The rows that these tests start from: a shop in trouble, with an owner."""
    shop = in_trouble()
    member(shop, email="rose@rosewood.example")
    return shop


@pytest.fixture
def shop(written: Shop, settings: LazySettings, monkeypatch: pytest.MonkeyPatch) -> Shop:
    """That shop, at NOW, with withdrawals sent by hand."""
    settings.TAEL_SANDBOX, settings.TAEL_PAYOUT_PROVIDER = True, "manual"
    set_clock(monkeypatch)(NOW)
    return written


def test_it_tells_what_the_merchant_has_and_owes(shop: Shop) -> None:
    said = text_of(browser_of(operator()).get(PAGE))
    told = (
        "rosewood · joined 1 Nov 2026 · reads English · times in UTC, where it is 1 Dec 2026 12:00",
        "Available 14,880.00 USD Limit 15,000.00 USD Used 120.00 USD Overdue 0.00 USD",
        "Outstanding 0.00 USD",
        "Threshold 200.00 USD",
        "basic, 0.00 USD every 30 days",
        "May be withdrawn 37,850.01 USD",
        "On its way 12,150.00 USD",
        "A-1 2 Nov 2026 11:00 Somchai Open 120.00 USD 120.00 USD",
        "A-2 2 Nov 2026 14:00 Somchai The limit was not enough 90,000.00 USD",
        "15,000.00 USD → 30,000.00 USD Waits for a decision",
        "Bank card ···· 0003 of Mei Lin",
        "rose@rosewood.example Owner",
        "November 2026: 225.50 USD 2 charges, closed",
        "Contact Mei",
        "Profile to be confirmed",
        "Asked: A higher limit mei@rosewood.example Winter.",
        "Asked: a higher threshold rose@rosewood.example We sell more before the holidays.",
    )
    assert [words for words in told if words not in said] == []


@pytest.mark.full  # what it has and owes is its own, too
def test_it_shows_what_waits_of_this_merchant_alone(shop: Shop) -> None:
    other = shops.join("2026-11-01 10:00", "other", name="Other Shop")
    said = text_of(browser_of(operator()).get(PAGE))
    assert "Withdrawals to approve 1 3 hours 12,000.00 USD" in said
    nothing = text_of(browser_of(operator()).get(f"/admin/merchant/{other.reference}/"))
    assert "Waits for a decision" not in nothing
    assert "No orders yet." in nothing


def test_the_decisions_are_at_hand_for_who_may_take_them(shop: Shop) -> None:
    page = browser_of(operator()).get(PAGE).content.decode()
    line, account = shop.line.pk, shop.account.pk
    for address in (
        f"/admin/credit/creditline/{line}/decide/limit/",
        f"/admin/credit/creditline/{line}/decide/freeze/",
        f"/admin/billing/billingaccount/{account}/decide/plan/",
        f"/admin/billing/billingaccount/{account}/decide/credit/",
    ):
        assert f'href="{address}"' in page
    looker = UserFactory.create(is_staff=True)
    seen = ("view_merchant", "view_creditline")
    looker.user_permissions.set(Permission.objects.filter(codename__in=seen))
    page = browser_of(looker).get(PAGE).content.decode()
    assert "14,880.00" in page
    assert "/decide/" not in page
    assert "Outstanding</dt>" not in page
    assert "rose@rosewood.example" not in page


def test_who_may_not_look_at_merchants_does_not_get_in(shop: Shop) -> None:
    assert browser_of(UserFactory.create(is_staff=True)).get(PAGE).status_code == 403


def test_a_merchant_that_does_not_exist_has_no_page() -> None:
    assert browser_of(operator()).get("/admin/merchant/nobody/").status_code == 404


@pytest.mark.full  # it tells what the merchant has, above
def test_it_shows_what_people_changed(shop: Shop) -> None:
    trail.write(
        Action.LIMIT_CHANGED, actor="olga@tael.example", subject="credit line of rosewood",
        now=shop.at("2026-12-01 11:59"), merchant_id=shop.merchant.pk,
        before={"limit": "5000.00 USD"}, after={"limit": "15000.00 USD"}, reason="a good year",
    )  # fmt: skip
    said = text_of(browser_of(operator()).get(PAGE))
    assert (
        "1 Dec 2026 11:59 Limit changed olga@tael.example credit line of rosewood ·"
        " limit: 5000.00 USD → 15000.00 USD · a good year"
    ) in said


def test_it_asks_few_questions(shop: Shop) -> None:
    client = browser_of(operator())
    with CaptureQueriesContext(connection) as queries:
        assert client.get(PAGE).status_code == 200
    assert len(queries) <= 31  # also those of a role's permissions, and of the numbers' prefix


@pytest.mark.full  # the decisions are at hand, above
def test_it_is_linked_from_lists_and_pages_of_what_the_merchant_has(shop: Shop) -> None:
    client = browser_of(operator())
    order = shop.line.orders.get(reference="A-1")
    for address in ("/admin/credit/order/", f"/admin/credit/order/{order.pk}/change/"):
        assert f'<a href="{PAGE}">Rosewood Dresses</a>' in client.get(address).content.decode()
