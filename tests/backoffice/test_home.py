"""The admin's home page: what waits, since when, what it is worth, and where to deal with it."""

import re
from typing import Any

import pytest
from django.conf import LazySettings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from credit.models import OrderFlag
from jobs.models import Heartbeat
from tests import shops
from tests.backoffice.shops_with_work import NOW, clerk, in_trouble, operator
from tests.credit.pages import set_clock
from tests.factories import UserFactory, browser_of
from tests.kept import kept
from tests.shops import Shop
from tests.text import text_of
from tests.whole import some

pytestmark = pytest.mark.django_db

STUCK = [
    "Rows that a job could not deal with 1 11 hours –",
    "Payments without an answer 1 20 minutes 225.50 USD",
]
MONEY_OUT = [
    "Withdrawals to approve 1 3 hours 12,000.00 USD",
    "Withdrawals to send 1 4 hours 150.00 USD",
]
ANSWERS = [
    "Raises asked for 1 30 minutes 5,000.00 USD",
    "Questions about limits 1 20 minutes –",
    "Higher thresholds asked for 1 1 hour 300.00 USD",
    "Credits asked for 1 2 hours 5.00 USD",
    "Raises after a review 1 12 hours 15,000.00 USD",
    "Profiles to confirm 1 10 minutes –",
]
INVOICES = [
    "Bills that were not paid when due 1 3 weeks 225.50 USD",
    "Money that no bill wanted 1 20 minutes 5.00 USD",
]


@kept()
def written() -> Shop:
    """The rows that these tests start from: a shop in trouble."""
    return in_trouble()


@pytest.fixture
def shop(written: Shop, settings: LazySettings, monkeypatch: pytest.MonkeyPatch) -> Shop:
    """That shop, at NOW, with withdrawals sent by hand."""
    settings.TAEL_SANDBOX, settings.TAEL_PAYOUT_PROVIDER = True, "manual"
    set_clock(monkeypatch)(NOW)
    return written


def groups(page: Any) -> dict[str, list[str]]:
    """The lines of each group by its title."""
    content = page.content.decode()
    found = re.findall(
        r'<section class="desk-panel[^"]*">\s*<h2>(.*?)</h2>(.*?)</section>', content, re.S
    )
    return {title: _lines(table) for title, table in found}


def _lines(table: str) -> list[str]:
    """The rows of an HTML table's body, each as its text."""
    rows = re.findall(r"<tr>(.*?)</tr>", table.partition("<tbody>")[2], re.S)
    return [
        " ".join(re.sub(r"<[^>]+>|&nbsp;|\N{NO-BREAK SPACE}", " ", row).split()) for row in rows
    ]


def test_it_shows_what_waits_in_the_order_of_a_morning(shop: Shop) -> None:
    page = browser_of(operator()).get("/admin/")
    assert groups(page) == {
        "Stuck: look at these first": STUCK,
        "Money to pay out": MONEY_OUT,
        "Merchants wait for an answer": ANSWERS,
        "Bills": INVOICES,
    }
    said = text_of(page)
    assert "Empty: Withdrawals without an answer · Withdrawals later than 24 hours" in said
    assert "The scheduler is not at work" not in said


def test_each_number_leads_to_the_list_of_exactly_these_rows(shop: Shop) -> None:
    client = browser_of(operator())
    content = client.get("/admin/").content.decode()
    links = re.findall(r'href="(/admin/[a-z/]+\?waits=[a-z-]+)"', content)
    assert len(links) == 12
    for link in links:
        page = client.get(link)
        assert page.status_code == 200, link
        assert len(page.context["cl"].result_list) == 1, link


def test_what_one_may_only_look_at_is_not_shown_as_ones_own(shop: Shop) -> None:
    seen = ("view_withdrawal", "view_limitrequest", "change_limitrequest")
    shown = groups(browser_of(clerk(*seen)).get("/admin/"))
    assert shown == {
        "Merchants wait for an answer": ANSWERS[:2],
        "Waits for others to decide": MONEY_OUT,
    }


def test_who_may_look_at_nothing_sees_nothing(shop: Shop) -> None:
    page = browser_of(clerk()).get("/admin/")
    assert groups(page) == {}
    assert "Nothing waits for you." in text_of(page)
    assert "USD" not in text_of(page)


@pytest.mark.full  # fewer are, and lead to their lists
def test_more_than_a_hundred_are_not_counted(shop: Shop) -> None:
    now = shop.at(NOW)
    OrderFlag.objects.bulk_create(
        OrderFlag(line=shop.line, kind="NOT_DELIVERED", cause=f"o-{n}", evidence=[], at=now)
        for n in range(101)
    )
    page = browser_of(operator()).get("/admin/")
    assert "Flagged orders 100+ " in " ".join(groups(page)["To look into"])


def test_the_number_of_questions_does_not_grow_with_what_waits(shop: Shop) -> None:
    client = browser_of(operator())
    client.get("/admin/")  # the figures are kept
    with CaptureQueriesContext(connection) as queries:
        client.get("/admin/")
    assert len(queries) <= 6  # with that of the permissions of a role


def test_a_scheduler_that_is_not_at_work_is_said_first(shop: Shop) -> None:
    client = browser_of(operator())
    Heartbeat.objects.update(at=shop.at("2026-12-01 11:56"))
    said = text_of(client.get("/admin/"))
    assert "The scheduler is not at work. It was last seen 1 Dec 2026 11:56 UTC" in said
    Heartbeat.objects.all().delete()
    assert "It has never been seen" in text_of(client.get("/admin/"))


def test_it_shows_totals_of_each_currency_and_the_last_thirty_days(shop: Shop) -> None:
    siam = shops.join("2026-11-20 10:00", "siam", currency="THB", credit_limit="120000.00")
    siam.place("2026-11-21 10:00", "S-1", "2500.00")
    said = text_of(browser_of(operator()).get("/admin/"))
    assert "as of 1 Dec 2026 12:00 UTC" in said
    told = (
        "By currency THB USD Credit lines 1 1 Frozen lines 0 0",
        "Limits 120,000.00 THB 15,000.00 USD Used 2,500.00 THB 120.00 USD",
        "Available 117,500.00 THB 14,880.00 USD Overdue 0.00 THB 0.00 USD",
        "Proceeds owed 0.00 THB 37,850.01 USD Withdrawals on their way 0.00 THB 12,150.00 USD",
        "Charges on no bill yet 0.00 THB 0.00 USD Unpaid bills 0.00 THB 225.50 USD",
        "Orders placed 1 over 2,500.00 THB 5 over 50,120.00 USD",
        "Orders declined 0 over 0.00 THB 1 over 90,000.00 USD",
        "Withdrawals asked for 0 over 0.00 THB 2 over 12,150.00 USD",
    )
    assert [words for words in told if words not in said] == []


@pytest.mark.full  # they are shown above
def test_the_figures_are_kept_for_some_minutes(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    client = browser_of(operator())
    client.get("/admin/")
    shop.place("2026-12-01 12:01", "A-9", "1000.00")
    set_clock(monkeypatch)("2026-12-01 12:05")
    assert "as of 1 Dec 2026 12:00 UTC" in text_of(client.get("/admin/"))


@pytest.mark.full  # each route in test_admin_roles.py
def test_the_pictures_are_of_their_own_addresses(shop: Shop) -> None:
    client = browser_of(operator())
    for name in ("orders", "payments"):
        picture = client.get(f"/admin/figures/USD/{name}.svg")
        assert picture.status_code == 200
        assert picture.headers["Content-Type"] == "image/svg+xml"
    assert "Orders placed" in client.get("/admin/figures/USD/orders.svg").content.decode()
    assert client.get("/admin/figures/XXX/orders.svg").status_code == 404
    assert client.get("/admin/figures/USD/nothing.svg").status_code == 404
    assert browser_of(clerk()).get("/admin/figures/USD/orders.svg").status_code == 403


@pytest.mark.full  # the whole admin in test_language.py
@pytest.mark.parametrize("preferred", some(["th", "zh-hans", ""], 3))
def test_it_is_in_english_for_everybody(shop: Shop, preferred: str) -> None:
    client = browser_of(operator(language=preferred))
    page = client.get("/admin/", headers={"accept-language": "th"})
    assert page.headers["Content-Language"] == "en"
    assert "Withdrawals to approve" in text_of(page)
    listed = client.get("/admin/credit/order/", headers={"accept-language": "th"})
    assert "Paid" in text_of(listed)
    assert "ชำระ" not in text_of(listed)


def test_nobody_but_operators_gets_in(shop: Shop) -> None:
    for address in ("/admin/", "/admin/find/?q=rosewood", "/admin/merchant/rosewood/"):
        assert browser_of(UserFactory.create()).get(address).status_code == 302
        assert Client().get(address).status_code == 302
