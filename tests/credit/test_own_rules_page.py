"""The merchant's own rules on the page of its limit, and what it reads of unmatched cash."""

from collections.abc import Callable

import pytest
from django.test import Client
from moneyed import Money

from credit.operations import own_rules
from tests import shops
from tests.amounts import usd
from tests.credit.pages import set_clock
from tests.credit.unmatching import settle, shop_with_unmatched_cash
from tests.factories import browser_of, member
from tests.shops import Shop
from tests.text import text_of
from tests.unchanged import nothing_changes
from tests.whole import full
from trail.models import TrailEntry

pytestmark = pytest.mark.django_db

clock = pytest.fixture(set_clock)
LIMIT = "/m/rosewood/credit/limit/"


@pytest.fixture
def shop(clock: Callable[[str], None]) -> Shop:
    """A shop with a limit of 5,000.00, on 2 Nov 2026."""
    joined = shops.join("2026-11-01 10:00", credit_limit="5000.00")
    clock("2026-11-02 10:00")
    return joined


def colleague(shop: Shop, role: str = "OWNER") -> Client:
    """The browser of somebody new in this role."""
    return browser_of(member(shop, role))


@pytest.mark.parametrize("role", ["OWNER", *full("FINANCE")])
def test_new_orders_are_paused_and_taken_again(shop: Shop, role: str) -> None:
    client = colleague(shop, role)
    assert "Pause new orders" in text_of(client.get(LIMIT))
    page = client.post(f"{LIMIT}pause/", follow=True)
    assert "New orders are paused." in text_of(page)
    assert "Take new orders again" in text_of(page)
    assert shop.place("2026-11-02 10:30", "A", "1.00") == "declined paused_by_merchant"
    page = client.post(f"{LIMIT}pause/", {"resume": "1"}, follow=True)
    assert "New orders are taken again." in text_of(page)
    assert not shop.line.is_paused
    assert TrailEntry.objects.count() == 2


@pytest.mark.parametrize("role", ["OWNER", "FINANCE"])
def test_caps_are_set_and_taken_away(shop: Shop, role: str) -> None:
    client = colleague(shop, role)
    page = client.post(f"{LIMIT}caps/", {"order_cap": "1,000.00", "buyer_cap": "1500"}, follow=True)
    assert "Your caps are changed." in text_of(page)
    assert (shop.line.order_cap, shop.line.buyer_cap) == (usd(1000), usd(1500))
    assert 'value="1000.00"' in page.content.decode()
    client.post(f"{LIMIT}caps/", {"order_cap": "", "buyer_cap": "1500"})
    assert (shop.line.order_cap, shop.line.buyer_cap) == (None, usd(1500))


@pytest.mark.parametrize("typed", ["0", *full("-5", "1.005", "much")])
def test_a_cap_that_is_none_comes_back_and_changes_nothing(shop: Shop, typed: str) -> None:
    page = colleague(shop).post(f"{LIMIT}caps/", {"order_cap": typed, "buyer_cap": ""})
    assert page.status_code == 422
    assert f'value="{typed}"' in page.content.decode()
    assert (shop.line.order_cap, TrailEntry.objects.count()) == (None, 0)


def test_an_old_page_does_not_overwrite_caps_that_a_colleague_has_set_meanwhile(shop: Shop) -> None:
    client = colleague(shop)
    assert 'name="version" value="none, none"' in client.get(LIMIT).content.decode()
    own_rules.set_caps(
        merchant_id=shop.line.pk,
        order=None,
        buyer=Money("500", "USD"),
        actor="olive@rosewood.example",
        now=shop.at("2026-11-02 09:00"),
    )
    typed = {"order_cap": "1000", "buyer_cap": "", "version": "none, none"}
    for page in ({}, {"buyers": "1"}):
        with nothing_changes():
            answer = client.post(f"{LIMIT}caps/", typed | page)
        assert answer.status_code == 422
        said = text_of(answer)
        assert "The caps were changed while you were typing." in said
        assert said.count("Saved now: ") == 2
        assert "Saved now: no cap" in said
        assert "Saved now: 500.00 USD" in said.replace("\N{NO-BREAK SPACE}", " ")
        assert 'value="1000"' in answer.content.decode()
    # Saved again, they take their place.
    assert 'name="version" value="none, 500.00 USD"' in answer.content.decode()
    assert client.post(f"{LIMIT}caps/", typed | {"version": "none, 500.00 USD"}).status_code == 302
    assert (shop.line.order_cap, shop.line.buyer_cap) == (usd(1000), None)
    # What is so already is saved however old the page, as by a second press of the button.
    with nothing_changes():
        assert client.post(f"{LIMIT}caps/", typed).status_code == 302


def test_a_viewer_sees_the_rules_and_changes_none(shop: Shop) -> None:
    own_rules.set_caps(
        merchant_id=shop.line.pk,
        order=Money("1000", "USD"),
        buyer=None,
        actor="olive@rosewood.example",
        now=shop.at("2026-11-02 09:00"),
    )
    client = colleague(shop, "VIEWER")
    page = text_of(client.get(LIMIT))
    assert "Most that one order may be 1,000.00 USD" in page
    assert "Most that one buyer may owe no cap" in page
    assert "Pause new orders" not in page
    for address, said in ((f"{LIMIT}pause/", {}), (f"{LIMIT}caps/", {"order_cap": "1"})):
        assert client.post(address, said).status_code == 403
    assert (shop.line.is_paused, shop.line.order_cap) == (False, usd(1000))


@pytest.mark.parametrize("who", ["stranger", "nobody"])
def test_others_change_nothing(shop: Shop, who: str) -> None:
    stranger = browser_of(member(shops.join("2026-11-01 10:00", "willow")))
    client = {"stranger": stranger, "nobody": Client()}[who]
    for address in (f"{LIMIT}pause/", f"{LIMIT}caps/"):
        assert client.post(address, {"order_cap": "1"}).status_code in (302, 404)
    assert (shop.line.is_paused, shop.line.order_cap) == (False, None)


@pytest.mark.full  # texts of each language in test_translations.py
@pytest.mark.parametrize(
    ("language", "words"),
    [("zh-hans", ["您的订单规则", "单笔订单上限"]), ("th", ["กฎของร้านคุณ", "หยุดรับคำสั่งซื้อใหม่ชั่วคราว"])],
)
def test_the_rules_are_read_in_three_languages(shop: Shop, language: str, words: list[str]) -> None:
    client = browser_of(member(shop, language=language))
    page = client.get(LIMIT).content.decode()
    assert [word for word in words if word not in page] == []


def test_whoever_asks_whether_an_order_would_go_through_reads_the_own_rule(shop: Shop) -> None:
    own_rules.set_caps(
        merchant_id=shop.line.pk,
        order=Money("1000", "USD"),
        buyer=Money("2000", "USD"),
        actor="olive@rosewood.example",
        now=shop.at("2026-11-02 09:00"),
    )
    client = colleague(shop)
    no = text_of(client.get("/m/rosewood/credit/check/?amount=1000.01"))
    assert "No: 1,000.01 USD would be declined" in no
    assert "Above a cap that you have set" in no
    yes = text_of(client.get("/m/rosewood/credit/check/?amount=1000"))
    assert "Yes: 1,000.00 USD would go through" in yes
    assert "above 2,000.00 USD, your own cap" in yes


def test_the_merchant_reads_what_became_of_unmatched_cash(clock: Callable[[str], None]) -> None:
    shop = shop_with_unmatched_cash()
    clock("2026-11-05 12:00")
    client = colleague(shop, "VIEWER")
    proceeds, order = "/m/rosewood/credit/proceeds/", "/m/rosewood/credit/orders/A/"
    for page in (proceeds, order):
        assert "Waits for our team 150.00 USD" in text_of(client.get(page))
    settle(shop, "apply", "80.00")
    settle(shop, "release", "45.00")
    settle(shop, "return", "25.00")
    for page in (proceeds, order):
        read = text_of(client.get(page))
        assert "80.00 USD Applied to another order B" in read
        assert "45.00 USD Released to your proceeds" in read
        assert "25.00 USD Returned to the buyer" in read
        assert "BANK-7" in read
        assert "Waits for our team" not in read
        assert "as the buyer wrote" not in read  # a reason is for colleagues
    assert "Released payment" in text_of(client.get(proceeds))


def test_the_page_of_an_order_says_what_was_told_and_when(clock: Callable[[str], None]) -> None:
    shop = shop_with_unmatched_cash()
    clock("2026-11-05 12:00")
    page = text_of(colleague(shop).get("/m/rosewood/credit/orders/A/"))
    assert "reported to us at" not in page
    assert "as reported" not in page
    order = shop.line.orders.filter(reference="A")
    order.update(placed_said_at=shop.at("2026-11-02 08:15"))
    page = text_of(colleague(shop).get("/m/rosewood/credit/orders/A/"))
    assert "happened at 2 Nov 2026 08:15, as reported" in page
