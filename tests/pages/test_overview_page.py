"""The first page a merchant sees: how it stands, and what needs it first."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries

from credit.operations import own_rules
from tests import shops
from tests.credit import withdrawing
from tests.credit.pages import set_clock
from tests.factories import (
    CreditRequestFactory,
    MembershipFactory,
    QuestionFactory,
    RaiseRequestFactory,
    ThresholdRequestFactory,
    browser_of,
    member,
)
from tests.shops import Shop
from tests.text import text_of

pytestmark = pytest.mark.django_db

Clock = Callable[[str], None]
MEI = "mei@rosewood.example"


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Sets the pages' clock."""
    return set_clock(monkeypatch)


def html_of(shop: Shop, role: str = "OWNER") -> str:
    """The HTML of the shop's start page."""
    response = browser_of(member(shop, role)).get(f"/m/{shop.reference}/")
    assert response.status_code == 200
    return str(response.content.decode())


def overview(shop: Shop) -> str:
    """The text of the shop's start page."""
    return text_of(browser_of(member(shop)).get(f"/m/{shop.reference}/"))


def test_it_shows_what_of_the_limit_is_used_and_available(clock: Clock) -> None:
    shop = shops.join("2026-10-01 09:00", currency="CNY", credit_limit="5000.00")
    shop.place("2026-10-02 10:00", "A-1", "3200.00")
    clock("2026-10-02 12:00")
    page = overview(shop)
    assert "1,800.00 CNY available" in page
    assert "Used by open orders 3,200.00 CNY Limit 5,000.00 CNY" in page
    assert "frozen" not in page


def test_it_shows_what_is_outstanding_against_the_threshold(clock: Clock) -> None:
    shop = shops.join("2026-10-01 09:00", plan_price="39.00")
    shop.charge("2026-10-02 10:00", "pick-pack", "20.50")
    shop.charge("2026-10-02 11:00", "shipping-label", "7.00")
    clock("2026-10-02 12:00")
    page = overview(shop)
    assert "20.50 USD outstanding Unpaid bills 39.00 USD Accruing today 7.00 USD Billing" in page
    assert (
        "Next bill 31 Oct 2026 Subscription Likely comes to 66.50 USD Plan fee in it 39.00 USD"
        in page
    )


def test_it_shows_what_the_last_days_cost_by_category(clock: Clock) -> None:
    shop = shops.join("2026-10-01 09:00")
    shop.charge("2026-10-02 10:00", "pick-pack", "20.50")
    shop.charge("2026-10-02 10:30", "packaging", "0.50")
    shop.charge("2026-10-02 11:00", "shipping-label", "7.00")
    shop.charge("2026-10-02 11:00", "app-usage", "3.00")
    clock("2026-10-02 12:00")
    page = overview(shop)
    assert "31.00 USD in the last 30 days" in page
    assert "Fulfilment 21.00 USD Shipping 7.00 USD Apps 3.00 USD" in page
    assert "Statement of October 2026, so far 28.00 USD" in page
    assert "than the 30 days before" not in page  # it joined yesterday


def test_the_month_is_the_merchants_own(clock: Clock) -> None:
    shop = shops.join("2026-10-01 09:00", timezone="America/Sao_Paulo")
    shop.charge("2026-10-31 10:00", "pick-pack", "20.50")
    clock("2026-11-01 02:30")  # still 31 October in São Paulo
    assert "Statement of October 2026, so far 20.50 USD" in overview(shop)
    clock("2026-11-01 03:00")
    shop.charge("2026-11-01 00:00", "pick-pack", "3.25")
    assert "Statement of November 2026, so far 3.25 USD" in overview(shop)


def test_proceeds_show_what_can_be_withdrawn_and_when_more_can(clock: Clock) -> None:
    shop = shops.join("2026-10-01 09:00", settlement_days=7)
    for day, amount in ((2, "100.00"), (9, "30.00"), (10, "12.50")):
        shop.place(f"2026-10-{day:02} 10:00", f"A-{day}", amount)
        shop.pay(f"2026-10-{day:02} 11:00", f"A-{day}", amount)
    clock("2026-10-10 12:00")
    page = overview(shop)
    assert "100.00 USD can be withdrawn" in page
    assert "More from 16 Oct 2026 30.00 USD More from 17 Oct 2026 12.50 USD" in page
    assert "Maturing in all 42.50 USD On its way to you 0.00 USD" in page
    assert "can be withdrawn 7 days after their payment" in page


def test_proceeds_show_what_sales_have_to_cover_first(clock: Clock) -> None:
    shop = withdrawing.shop_with("100.00")
    shop.place("2026-11-02 12:00", "A-1", "80.00")
    shop.pay("2026-11-02 13:00", "A-1", "80.00")
    withdrawing.pay_out(withdrawing.withdraw(shop, "150.00"))
    withdrawing.refund(shop, "2026-11-03 11:00", "A-1", "80.00")
    clock("2026-11-03 12:00")
    page = overview(shop)
    assert "0.00 USD can be withdrawn To be covered by later sales first 50.00 USD" in page


def test_a_frozen_line_says_so_and_why(clock: Clock) -> None:
    shop = shops.join("2026-10-01 09:00")
    shop.place("2026-10-01 10:00", "A-1", "1000.00")
    shop.deliver("2026-10-01 12:00", "A-1")
    shop.place("2026-10-01 13:00", "A-2", "300.00", instalments=3)
    shop.deliver("2026-10-01 14:00", "A-2")
    shop.run_jobs("2026-10-12 00:00")
    clock("2026-10-12 09:00")
    page = overview(shop)
    assert "Your credit line is frozen: new orders are declined" in page
    assert "Overdue payments, since 12 Oct 2026 00:00" in page
    # Of the instalments only the first one.
    assert "2 orders are overdue They hold your limit until their buyers pay. 1,100.00 USD" in page
    assert "1,100.00 USD due before today" in text_of(
        browser_of(member(shop)).get(f"/m/{shop.reference}/credit/coming/?what=OVERDUE")
    )


def test_a_pause_that_was_forgotten_is_seen_first_and_ended_here(clock: Clock) -> None:
    shop = shops.join("2026-10-01 09:00")
    own_rules.pause(merchant_id=shop.line.pk, actor=MEI, now=shop.at("2026-10-02 10:00"))
    clock("2026-10-09 12:00")
    said = "You have paused new orders. Since 2 Oct 2026 10:00 each new order is declined."
    assert f"{said} Take new orders again" in overview(shop)
    viewer = text_of(browser_of(member(shop, "VIEWER")).get(f"/m/{shop.reference}/"))
    assert said in viewer
    assert "Take new orders again" not in viewer
    pause = f"/m/{shop.reference}/credit/limit/pause/"
    browser_of(member(shop)).post(pause, {"resume": "1"})
    assert "You have paused new orders." not in overview(shop)


def test_declined_orders_of_the_week_come_with_their_value(clock: Clock) -> None:
    shop = shops.join("2026-10-01 09:00", credit_limit="100.00")
    shop.place("2026-10-02 23:59", "A-1", "5000.00")  # the day before the week
    shop.place("2026-10-03 00:00", "A-2", "150.00")
    shop.place("2026-10-09 10:00", "A-3", "250.50")
    clock("2026-10-09 12:00")
    page = overview(shop)
    assert "2 orders were declined in the last 7 days" in page
    assert "They would have been worth this much. 400.50 USD" in page


@pytest.mark.full  # an unpaid one is there, below
def test_a_bill_that_could_not_be_collected_says_why(clock: Clock) -> None:
    shop = shops.join("2026-10-01 09:00", payment_method="proceeds")
    shop.charge("2026-10-02 10:00", "pick-pack", "210.00")
    shop.run_hourly("2026-10-02 11:00", "2026-10-03 02:00")
    (invoice,) = shop.account.invoices.all()
    clock("2026-10-03 09:00")
    page = overview(shop)
    assert f"Bill T-{invoice.number} could not be collected" in page
    assert "there were not enough available proceeds; due on" in page
    assert f'href="/m/rosewood/billing/invoices/{invoice.number}/"' in html_of(shop)


def test_an_unpaid_bill_is_there_until_it_is_paid(clock: Clock) -> None:
    shop = shops.join("2026-10-01 09:00")
    shop.charge("2026-10-02 10:00", "pick-pack", "210.00")
    shop.run_jobs("2026-10-03 00:00")
    (invoice,) = shop.account.invoices.all()
    clock("2026-10-03 09:00")
    shop.charge("2026-10-03 10:00", "pick-pack", "205.50")
    clock("2026-10-03 12:00")
    page = overview(shop)
    assert f"Bill T-{invoice.number} is to be paid due on" in page
    assert "Unpaid bills 415.50 USD" in page  # of the list of them, which is asked for just those
    address = "/m/rosewood/billing/invoices/?standing=UNPAID"
    assert f'href="{address}"' in html_of(shop)
    found = browser_of(member(shop)).get(address).context["page"].rows
    assert sum(one.left_to_pay.amount for one in found) == Decimal("415.50")


def test_what_was_asked_for_waits_in_sight(clock: Clock) -> None:
    shop = shops.join("2026-10-01 09:00")
    shop.charge("2026-10-02 10:00", "pick-pack", "20.00", "C-1")
    asked: dict[str, Any] = {"shop": shop, "at": "2026-10-03 09:00"}
    RaiseRequestFactory.create(**asked)
    QuestionFactory.create(**asked)
    ThresholdRequestFactory.create(threshold="900.00", **asked)
    CreditRequestFactory.create(charge="C-1", amount="5.00", **asked)
    clock("2026-10-03 12:00")
    page = overview(shop)
    assert "2 requests about your limit wait for our answer" in page
    assert "Your request for a higher billing threshold waits for our answer" in page
    assert "1 credit that you asked for waits for our answer" in page


def test_recent_activity_is_told_in_words_and_leads_to_what_it_is_about(clock: Clock) -> None:
    shop = shops.join("2026-10-01 09:00", credit_limit="100.00")
    shop.place("2026-10-02 10:00", "A-1", "150.00")
    clock("2026-10-02 12:00")
    assert "Order A-1 for 150.00 USD was declined: the limit was not enough." in overview(shop)
    assert '<a href="/m/rosewood/credit/orders/A-1/">Order A-1 was declined</a>' in html_of(shop)


def test_a_new_merchant_reads_what_will_appear_here(clock: Clock) -> None:
    shop = shops.join("2026-10-01 09:00")
    clock("2026-10-01 10:00")
    page = overview(shop)
    assert "Nothing needs you now: no bill is to be paid" in page
    assert "Nothing to tell yet." in page
    for empty in ("Waiting for us", "Costs", "last 30 days"):
        assert empty not in page  # no card, and no chart, that would show nothing


@pytest.mark.parametrize("role", ["FINANCE", "VIEWER"])
def test_everybody_of_the_merchant_sees_it(clock: Clock, role: str) -> None:
    shop = shops.join("2026-10-01 09:00")
    clock("2026-10-01 10:00")
    assert "Credit limit" in html_of(shop, role)


@pytest.mark.full  # pages/test_page_queries has some pages
def test_it_takes_few_queries_however_much_there_is(
    clock: Clock, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    shop = shops.join("2026-10-01 09:00", payment_method="proceeds", credit_limit="100.00")
    for day in range(2, 12):
        shop.place(f"2026-10-{day:02} 10:00", f"A-{day}", "30.00")
        shop.deliver(f"2026-10-{day:02} 10:30", f"A-{day}")
        shop.charge(f"2026-10-{day:02} 11:00", "pick-pack", "250.00")
    shop.run_jobs("2026-10-15 00:00")
    owner = member(shop)
    for number in range(12):
        other = shops.join("2026-10-01 09:00", f"other-{number}")
        MembershipFactory.create(user=owner, merchant=other.merchant)
    client = browser_of(owner)
    clock("2026-10-15 09:00")
    with django_assert_max_num_queries(12):
        page = text_of(client.get("/m/rosewood/"))
    assert "frozen" in page
    assert "could not be collected" in page
