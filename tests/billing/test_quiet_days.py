"""Days on which nothing happens to a merchant pass together, in both books (rule 20.2)."""

from datetime import UTC, datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from billing.operations import days
from credit.operations import days as line_days
from tests import shops
from tests.shops import Shop, instant

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop() -> Shop:
    """A shop in Bangkok with a threshold of 200.00 and a plan that is free. Its open day is 3
    November.
    """
    shop = shops.join("2026-11-01 10:00", timezone="Asia/Bangkok")
    shop.run_jobs("2026-11-03 00:00")
    return shop


def worked_off(shop: Shop, at: str) -> tuple[tuple[int, int], tuple[int, int]]:
    """How many days each book's day-ends came on, and by how many statements."""
    found = []
    for book in (days, line_days):
        with CaptureQueriesContext(connection) as asked:
            many = book.work_off([shop.merchant.pk], now=shop.at(at))
        found.append((many, len(asked)))
    return found[0], found[1]


def test_twenty_quiet_days_take_as_many_statements_as_one(shop: Shop) -> None:
    (one, asked), (line_one, line_asked) = worked_off(shop, "2026-11-04 00:00")
    assert (one, line_one) == (1, 1)
    assert worked_off(shop, "2026-11-24 00:00") == ((20, asked), (20, line_asked))
    for book in (shop.account, shop.line):
        assert (str(book.open_on), book.timezone) == ("2026-11-24", "Asia/Bangkok")
        assert book.open_until == datetime(2026, 11, 24, 17, tzinfo=UTC)
        assert book.last_wrote_at == datetime(2026, 11, 23, 17, tzinfo=UTC)


def test_what_posts_is_not_passed_over(shop: Shop) -> None:
    shop.charge("2026-11-05 10:00", "pick-pack", "250.00")
    shop.charge("2026-11-05 11:00", "storage", "9.00")
    shop.charge("2026-11-09 10:00", "shipping-label", "7.00")
    shop.run_jobs("2026-11-30 00:00")
    assert shop.invoices() == ["2026-11-05 THRESHOLD 250.00"]
    assert shop.figures() == ("7.00", "0.00")  # storage waits for the end of the month
    charged = shop.account.items.filter(amount__gt=0).order_by("posting_on")
    assert [(str(item.posting_on), item.posted_at) for item in charged] == [
        ("2026-11-05", instant("2026-11-05 10:00", "Asia/Bangkok")),
        ("2026-11-09", instant("2026-11-10 00:00", "Asia/Bangkok")),
        ("2026-11-30", None),
    ]


def test_nor_is_a_date_of_the_plan_or_the_day_on_which_a_bill_fails() -> None:
    shop = shops.join("2026-11-10 10:00", plan_price="39.00")
    shop.run_jobs("2026-12-25 00:00")
    assert shop.invoices() == ["2026-11-10 SUBSCRIPTION 39.00", "2026-12-10 SUBSCRIPTION 39.00"]
    failed = shop.account.invoices.order_by("pk").values_list("first_failed_on", flat=True)
    assert [str(day) for day in failed] == ["2026-11-17", "2026-12-17"]
    # 28 days after the first one failed, the line's own day-end freezes it.
    (freeze,) = shop.line.freezes.all()
    assert (freeze.reason, freeze.placed_at) == ("UNPAID_BILL", shop.at("2026-12-15 00:00"))


@pytest.mark.full  # nor what posts, above
def test_nor_is_an_order_that_falls_due(shop: Shop) -> None:
    shop.place("2026-11-05 09:00", "A-1", "3000.00", instalments=2)
    shop.deliver("2026-11-05 10:00", "A-1")  # due on 15 November and 15 December
    shop.run_jobs("2026-12-20 00:00")
    told = shop.merchant.notices.filter(kind="ORDER_OVERDUE").order_by("pk")
    assert [(one.cause, one.at) for one in told] == [
        ("A-1 2026-11-15", shop.at("2026-11-16 00:00")),
        ("A-1 2026-12-15", shop.at("2026-12-16 00:00")),
    ]
    (freeze,) = shop.line.freezes.all()
    assert (freeze.reason, freeze.placed_at) == ("OVERDUE", shop.at("2026-11-16 00:00"))


def test_nor_is_the_first_day_of_a_month(shop: Shop) -> None:
    metrics = {"rating": "5", "listing_quality": 90, "profile_completeness": 90, "after_sales": 90}
    assert shop.send("shop.metrics", "2026-11-06 10:00", **metrics) == "applied"
    shop.run_jobs("2027-02-10 00:00")
    reviewed = shop.line.reviews.order_by("on").values_list("on", "at")
    assert [(str(on), at) for on, at in reviewed] == [
        (f"{month}-01", shop.at(f"{month}-01 00:00")) for month in ("2026-12", "2027-01", "2027-02")
    ]


@pytest.mark.full  # one comes on above
def test_merchants_on_different_days_come_on_together(shop: Shop) -> None:
    busy = shops.join("2026-11-03 10:00", "willow")
    busy.charge("2026-11-04 10:00", "pick-pack", "210.00")
    line_days.work_off([shop.merchant.pk], now=instant("2026-11-12 00:00"))
    shops.run_jobs(instant("2026-11-20 00:00"))
    assert busy.invoices() == ["2026-11-04 THRESHOLD 210.00"]
    for one, on in ((shop, "2026-11-20"), (busy, "2026-11-20")):
        assert (str(one.account.open_on), str(one.line.open_on)) == (on, on)
