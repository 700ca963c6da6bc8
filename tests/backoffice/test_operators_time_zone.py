"""An operator chooses the time zone in which the admin is read; times say in which they are."""

from typing import Any

import pytest
from django.test import Client

from merchants.models import User
from tests import shops
from tests.credit.pages import set_clock
from tests.factories import browser_of, member, operator
from tests.text import text_of
from tests.whole import some

pytestmark = pytest.mark.django_db

CHOOSE = "/admin/time-zone/"
ORDERS = "/admin/credit/order/"


def choose(person: User, name: str) -> Client:
    """A browser of the person's, in which the admin's time zone of this name was chosen."""
    client = browser_of(person)
    assert client.post(CHOOSE, {"timezone": name}).status_code == 302
    return client


def found(client: Client, **asked: str) -> list[str]:
    """The references of the orders that the admin's list shows, sorted."""
    page: Any = client.get(ORDERS, asked)
    return sorted(order.reference for order in page.context["cl"].result_list)


@pytest.fixture(autouse=True)
def orders(db: None) -> None:
    """Three orders around the midnight of Bangkok, which is at 17:00 UTC."""
    shop = shops.join("2026-11-01 10:00")
    for at, reference in (("16:59", "A-1"), ("17:00", "A-2"), ("23:59", "A-3")):
        shop.place(f"2026-11-02 {at}", reference, "10.00")


def test_without_a_choice_it_is_utc() -> None:
    client = browser_of(operator("Auditor"))
    page = text_of(client.get(ORDERS))
    assert "Times: UTC" in page
    assert "2026-11-02 17:00 UTC" in page
    assert "By placed at (UTC)" in page
    day = {"placed_at_from": "2026-11-02", "placed_at_to": "2026-11-02"}
    assert found(client, **day) == ["A-1", "A-2", "A-3"]


def test_all_times_and_days_follow_the_choice_on_every_device() -> None:
    person = operator("Auditor")
    choose(person, "Asia/Bangkok")
    client = browser_of(person)
    page = text_of(client.get(ORDERS))
    assert "Times: Asia/Bangkok" in page
    assert "2026-11-03 00:00 +07" in page
    assert found(client, placed_at_to="2026-11-02") == ["A-1"]
    assert found(client, placed_at_from="2026-11-03") == ["A-2", "A-3"]
    row = text_of(client.get(f"{ORDERS}?q=rosewood+A-1"))
    assert "2026-11-02 23:59 +07" in row
    body = b"".join(client.get(f"{ORDERS}export/?q=rosewood+A-2")).decode("utf-8-sig")
    assert "Placed at (Asia/Bangkok)" in body
    assert "2026-11-03T00:00:00+07:00" in body
    assert found(browser_of(operator("Auditor")), placed_at_to="2026-11-02") == [
        *("A-1", "A-2", "A-3")
    ]


@pytest.mark.parametrize("name", some(["Bangkok", "Factory", "", "localtime"], 4))
def test_what_is_no_place_is_not_chosen(name: str) -> None:
    person = operator("Auditor")
    page = browser_of(person).post(CHOOSE, {"timezone": name})
    assert page.status_code == 200
    assert User.objects.get(pk=person.pk).timezone == ""


@pytest.mark.full  # one that is no place, above
def test_a_zone_that_is_gone_locks_nobody_out() -> None:
    person = operator("Auditor")
    User.objects.filter(pk=person.pk).update(timezone="Asia/Atlantis")
    assert "Times: UTC" in text_of(browser_of(person).get(ORDERS))


@pytest.mark.full  # each role is asked in test_admin_roles.py
def test_nobody_else_has_such_a_page(monkeypatch: pytest.MonkeyPatch) -> None:
    set_clock(monkeypatch)("2026-11-03 10:00")
    owner = member(shops.join("2026-11-01 10:00", "other", name="Other"))
    assert browser_of(owner).post(CHOOSE, {"timezone": "Asia/Bangkok"}).status_code == 302
    assert User.objects.get(pk=owner.pk).timezone == ""
    assert Client().get(CHOOSE)["Location"].startswith("/admin/login/")


@pytest.mark.full  # all times of the admin follow, above
def test_a_merchants_pages_keep_the_merchants_own_zone() -> None:
    client = choose(operator("Auditor"), "Asia/Bangkok")
    assert "Times: UTC" in text_of(client.get("/admin/merchant/rosewood/"))
