"""A bill that failed or is past due does not look like a fresh one: rule 16.23."""

from collections.abc import Callable
from csv import DictReader

import pytest

from notices import letters
from notices.models import Notice
from tests.billing.by_hand import plan
from tests.billing.paying import (
    FIRST,
    REFUSED,
    SHORT,
    SILENT,
    billed,
    give_up,
    manual,
    pay_now,
    transfer,
)
from tests.credit.pages import set_clock
from tests.factories import browser_of, member
from tests.shops import Shop
from tests.text import text_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("sandbox")]

Clock = Callable[[str], None]
NEW_YORK = "America/New_York"


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Sets the pages' clock."""
    return set_clock(monkeypatch)


def read(shop: Shop, page: str) -> str:
    """The text of the page, as a viewer reads it."""
    client = browser_of(member(shop, "VIEWER"))
    return text_of(client.get(f"/m/{shop.reference}/{page}"))


def csv(shop: Shop, asked: str = "") -> list[str]:
    """What the file of bills says of where each stands, with times in UTC: the end of its rows."""
    client = browser_of(member(shop))
    file = client.get(f"/m/{shop.reference}/billing/invoices.csv{asked}").getvalue().decode()
    columns = ("Status (code)", "Last try (UTC)", "Next try (UTC)", "Freezes your credit line on")
    rows = DictReader(file.removeprefix("\ufeff").splitlines())
    return [",".join(row[column] for column in columns) for row in rows]


def told(shop: Shop) -> str:
    """The title and sentence of the notice that a payment failed."""
    notice = Notice.objects.get(merchant=shop.merchant, kind="PAYMENT_FAILED")
    said = f"{letters.title(notice)}. {letters.sentence(notice)}"
    return said.replace("\N{NO-BREAK SPACE}", " ")


@pytest.mark.full  # others say so, too
def test_one_that_failed_says_when_it_was_tried_and_is_next_and_what_follows(clock: Clock) -> None:
    """In New York, where 10:00 is 14:00 UTC: not collected at 11:00, tried again a day later."""
    shop = billed(card=SHORT, timezone=NEW_YORK)
    clock("2026-11-01T15:30Z")
    assert "Bill T-2026-000001 is being collected" in read(shop, "")
    shop.run_jobs("2026-11-01 11:00")
    clock("2026-11-01T17:00Z")
    row = (
        "Payment failed next try 2 Nov 2026 11:00 freezes your line on 29 Nov 2026 "
        "1 Nov 2026 39.00 USD"
    )
    assert row in read(shop, "billing/invoices/")
    assert row in read(shop, "billing/invoices/?standing=FAILED")
    assert "Nothing matches. Ask for something else" in read(
        shop, "billing/invoices/?standing=COLLECTING"
    )
    page = read(shop, f"billing/invoices/{FIRST}/")
    assert "Bill T-2026-000001 Payment failed" in page
    assert (
        "Not paid since 1 Nov 2026 Last try 1 Nov 2026 11:00 the card did not have enough funds "
        "Next try 2 Nov 2026 11:00 Freezes your credit line on 29 Nov 2026" in page
    )
    assert (
        "Bill T-2026-000001 could not be collected the card did not have enough funds; due on "
        "1 Nov 2026 ; next try 2 Nov 2026 11:00 ; freezes your line on 29 Nov 2026"
        in read(shop, "")
    )
    assert csv(shop) == ["FAILED,2026-11-01T16:00:00Z,2026-11-02T16:00:00Z,2026-11-29"]
    assert told(shop) == (
        "A payment of bill T-2026-000001 failed. We could not collect 39.00 USD for bill "
        "T-2026-000001: the card did not have enough funds. We try again on 2 Nov 2026. If the "
        "bill stays unpaid, your credit line is frozen on 29 Nov 2026 and takes no new orders."
    )
    assert shop.place("2026-11-29 00:00", "A", "10.00") == "declined line_frozen"
    shop.run_jobs("2026-11-29 00:00")
    clock("2026-11-29T15:00Z")
    page = read(shop, f"billing/invoices/{FIRST}/")
    assert "Credit line Frozen until all unpaid bills are paid" in page
    assert "Freezes your credit line on" not in page


def test_one_whose_card_will_not_do_waits_for_the_merchant(clock: Clock) -> None:
    shop = billed(card=REFUSED)
    shop.run_jobs("2026-11-01 11:00")
    clock("2026-11-01 12:00")
    assert "Payment failed no further try by itself freezes" in read(shop, "billing/invoices/")
    page = read(shop, f"billing/invoices/{FIRST}/")
    assert "Next try None by itself: pay it now, or choose another method" in page
    assert "Nothing tries it again by itself: choose another method, or pay it now." in told(shop)


@pytest.mark.full  # one whose card will not do, above
def test_one_that_was_not_transferred_in_time_is_past_due(clock: Clock) -> None:
    shop = manual()
    clock("2026-11-07 12:00")
    assert "To be paid 8 Nov 2026" in read(shop, "billing/invoices/")
    assert "Bill T-2026-000001 is to be paid" in read(shop, "")
    shop.run_jobs("2026-11-08 00:00")
    clock("2026-11-08 12:00")
    said = read(shop, "billing/invoices/?standing=PAST_DUE")
    assert "Past due freezes your line on 6 Dec 2026 8 Nov 2026 39.00 USD" in said
    assert "Bill T-2026-000001 Past due" in read(shop, f"billing/invoices/{FIRST}/")
    assert "Bill T-2026-000001 is past due" in read(shop, "")
    assert csv(shop) == ["PAST_DUE,,,2026-12-06"]
    assert told(shop) == (
        "Bill T-2026-000001 is past due. 39.00 USD of bill T-2026-000001 was due on 8 Nov 2026 and "
        "has not arrived. If the bill stays unpaid, your credit line is frozen on 6 Dec 2026 and "
        "takes no new orders."
    )
    give_up(shop, "2026-11-09 10:00")
    assert csv(shop, "?standing=GIVEN_UP") == ["GIVEN_UP,,,2026-12-06"]
    transfer(shop, "2026-11-10 10:00", "39.00")
    assert csv(shop) == ["COLLECTED,,,"]


def test_one_that_is_being_checked_in_parts_or_collected_says_so(clock: Clock) -> None:
    shop = billed(card=SILENT)
    pay_now(shop, "2026-11-01 10:30", seen=0)
    clock("2026-11-01 10:40")
    assert csv(shop) == ["CHECKED,2026-11-01T10:30:00Z,2026-11-01T10:00:00Z,"]
    assert "Bill T-2026-000001 Being checked" in read(shop, f"billing/invoices/{FIRST}/")
    assert "A payment of bill T-2026-000001 is being checked" in read(shop, "")


@pytest.mark.full  # none does in test_payment_plans.py
def test_one_under_a_payment_plan_freezes_nothing(clock: Clock) -> None:
    shop = billed(card=SHORT)
    shop.run_jobs("2026-11-01 11:00")
    plan(shop, "2026-11-02 09:00", (("2026-11-20", "20.00"), ("2026-11-30", "19.00")))
    clock("2026-11-02 12:00")
    assert csv(shop) == ["PLAN,2026-11-01T11:00:00Z,2026-11-20T00:00:00Z,"]
    page = read(shop, f"billing/invoices/{FIRST}/")
    assert "Bill T-2026-000001 Payment plan" in page
    assert "Freezes your credit line" not in page
    assert "Bill T-2026-000001 is paid in parts" in read(shop, "")
