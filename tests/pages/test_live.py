"""Parts of pages that follow what is under way: who gets what, and at what cost (rule 20.10)."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from merchants.models import Membership
from tests import shops
from tests.billing import paying
from tests.credit import withdrawing
from tests.credit.pages import set_clock
from tests.factories import browser_of, member
from tests.shops import Shop
from tests.text import text_of
from tests.unchanged import nothing_changes

pytestmark = pytest.mark.django_db

clock = pytest.fixture(set_clock)
INVOICE = f"/m/rosewood/billing/invoices/{paying.FIRST}/"
SEEN = re.compile(r'name="live_seen" value="(\w+)"')


@pytest.fixture(autouse=True)
def sandbox(settings: Any) -> None:
    """The sandbox is switched on."""
    settings.TAEL_SANDBOX = True


def poll(client: Client, path: str, part: str = "state", **seen: str) -> Any:
    """The answer to a page's question about one of its parts, which has seen this."""
    return client.get(path, seen, headers={"X-Live": part, "HX-Request": "true"})


def checked() -> Shop:
    """A shop with a bill of which a payment has no answer."""
    shop = paying.billed(card=paying.SILENT)
    assert paying.pay_now(shop, "2026-11-01 11:00") == "UNKNOWN"
    return shop


def test_a_payment_that_settles_is_followed_until_it_has(clock: Callable[[str], None]) -> None:
    shop = checked()
    clock("2026-11-01 11:05")
    owner = browser_of(member(shop))
    page = owner.get(INVOICE).content.decode()
    assert 'data-hx-trigger="every 5s, look"' in page
    assert f'<a href="{INVOICE}">Refresh</a>' in page  # without a script
    (seen,) = SEEN.findall(page)
    with CaptureQueriesContext(connection) as queries:
        same = poll(owner, INVOICE, live_seen=seen)
    assert (same.status_code, same.content) == (204, b"")  # nothing that would be read out again
    assert len(queries) <= 10
    first = poll(owner, INVOICE)
    assert first.status_code == 200
    assert "<nav" not in first.content.decode()
    assert "<h2>Lines</h2>" not in first.content.decode()
    assert "Being checked" in text_of(first)
    paying.hear(shop, "2026-11-01 11:06", paying.paid())
    last = poll(owner, INVOICE, live_seen=seen)
    assert last.status_code == 286
    assert "Collected 39.00 USD" in text_of(last)
    assert f'data-told="Bill T-{paying.FIRST}: Collected"' in last.content.decode()
    assert "Refresh" not in text_of(last)
    done = owner.get(INVOICE).content.decode()
    assert "hx-" not in done
    assert "htmx.js" not in done


def test_only_who_may_see_the_page_follows_it(clock: Callable[[str], None]) -> None:
    shop = checked()
    clock("2026-11-01 11:05")
    stranger = browser_of(member(shops.join("2026-10-01 09:00", "other")))
    viewer, gone = browser_of(member(shop, "VIEWER")), member(shop)
    removed = browser_of(gone)
    Membership.objects.get(user=gone).delete()
    with nothing_changes():
        assert poll(viewer, INVOICE).status_code == 200
    for client in (stranger, removed, Client()):
        with nothing_changes():
            ended = poll(client, INVOICE)
        assert ended.status_code == 286  # htmx asks no more
        assert text_of(ended) == "This no longer refreshes by itself. Refresh"
        assert ended["HX-Reswap"] == "beforeend"
        assert "password" not in ended.content.decode()


@pytest.mark.full  # who may see the page, above
def test_to_follow_keeps_no_session_alive(clock: Callable[[str], None]) -> None:
    shop = checked()
    clock("2026-11-01 11:05")
    owner = browser_of(member(shop))
    before = list(Session.objects.values_list()), list(UserSession.objects.values_list())
    clock("2026-11-01 15:00")
    assert poll(owner, INVOICE).status_code == 200
    assert (list(Session.objects.values_list()), list(UserSession.objects.values_list())) == before
    clock("2026-11-01 23:06")  # 12 hours and a minute after the sign-in, whatever was followed
    assert text_of(poll(owner, INVOICE)) == "This no longer refreshes by itself. Refresh"


@pytest.mark.full  # a payment is followed above
def test_the_desk_and_a_withdrawal_are_followed_and_cost_little(
    clock: Callable[[str], None], settings: Any
) -> None:
    shop = checked()
    clock("2026-11-01 11:05")
    owner = browser_of(member(shop))
    (seen,) = SEEN.findall(owner.get("/m/rosewood/").content.decode())
    with CaptureQueriesContext(connection) as queries:
        assert poll(owner, "/m/rosewood/", "desk", live_seen=seen).status_code == 204
    assert len(queries) <= 6
    paying.hear(shop, "2026-11-01 11:06", paying.paid())
    assert poll(owner, "/m/rosewood/", "desk", live_seen=seen).status_code == 286
    settings.TAEL_SANDBOX = False  # so that the bank pays, by hand
    other = withdrawing.shop_with("400.00", "willow")
    withdrawal = withdrawing.withdraw(other, "150.00")
    clock("2026-11-03 10:05")
    owner, page = browser_of(member(other)), f"/m/willow/credit/withdrawals/{withdrawal}/"
    with CaptureQueriesContext(connection) as queries:
        assert poll(owner, page).status_code == 200
    assert len(queries) <= 7
    withdrawing.pay_out(withdrawal, "2026-11-03 10:06")
    assert poll(owner, page).status_code == 286
