"""What freezes the line, since when, and what ends it."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal

import pytest
from pytest_django import DjangoAssertNumQueries

from credit.models import Freeze
from credit.operations import freezes, unpaid_bills
from tests import shops
from tests.credit.pages import read, set_clock
from tests.factories import CreditPolicyFactory, FreezeFactory, browser_of, member
from tests.shops import Shop

pytestmark = pytest.mark.django_db

clock = pytest.fixture(set_clock)
Clock = Callable[[str], None]
OLGA = "olga@tael.example"


@pytest.fixture
def shop() -> Shop:
    """A shop of whose 5,000 of limit 1,000 are overdue from 12 October on."""
    shop = shops.join("2026-10-01 09:00")
    shop.place("2026-10-01 10:00", "A-1", "1000.00")
    shop.deliver("2026-10-01 12:00", "A-1")
    return shop


def freeze(shop: Shop, reason: Freeze.Reason, told: str) -> Freeze:
    at = shop.at("2026-10-12 08:00")
    return FreezeFactory.create(shop=shop, at=at, reason=reason, told=told)


def test_a_line_that_is_not_frozen_says_how_far_it_is_from_it(shop: Shop, clock: Clock) -> None:
    clock("2026-10-02 09:00")
    said = read(shop, "freezes/")
    assert "No freeze is in force 0.00 USD is overdue. From 1,000.00 USD on" in said
    assert "which is 20% of your limit" in said
    assert "No freeze was lifted so far." in said


def test_the_share_of_the_limit_that_freezes_is_not_rounded(shop: Shop, clock: Clock) -> None:
    CreditPolicyFactory.create(starts_on=date(2026, 10, 1), overdue_ratio=Decimal("0.1275"))
    clock("2026-10-02 09:00")
    assert "From 637.50 USD on, which is 12.75% of your limit" in read(shop, "freezes/")


def test_an_unpaid_bill_says_from_which_day_it_freezes(shop: Shop, clock: Clock) -> None:
    shop.run_jobs("2026-10-02 08:00")
    unpaid_bills.expect([shop.line.pk] * 2, [date(2026, 10, 30), date(2026, 10, 28)])
    clock("2026-10-02 09:00")
    said = (
        "A bill is unpaid. If it still is when 28 Oct 2026 starts, the line is frozen for it. Bills"
    )
    assert said in read(shop, "freezes/")
    shop.run_jobs("2026-10-28 01:00")
    clock("2026-10-28 09:00")
    said = read(shop, "freezes/")
    assert "Unpaid bill In force Since 28 Oct 2026 00:00" in said
    assert "A bill is unpaid." not in said  # by then it has frozen the line


def test_overdue_payments_say_what_has_to_be_paid(shop: Shop, clock: Clock) -> None:
    shop.run_jobs("2026-10-12 00:00")
    clock("2026-10-12 09:00")
    said = read(shop, "freezes/")
    assert "Overdue payments In force Since 12 Oct 2026 00:00 Placed by Automatic" in said
    assert (
        "1,000.00 USD is overdue. The freeze ends by itself as soon as that is less than"
        " 1,000.00 USD, 20% of your limit. Overdue orders" in said
    )


def test_an_unpaid_bill_leads_to_the_bills(shop: Shop, clock: Clock) -> None:
    freeze(shop, Freeze.Reason.UNPAID_BILL, "bill 7")
    clock("2026-10-12 09:00")
    assert "The freeze ends by itself when no bill is unpaid any more. Bills" in read(
        shop, "freezes/"
    )


def test_one_of_our_team_tells_why_and_not_who(shop: Shop, clock: Clock) -> None:
    freeze(shop, Freeze.Reason.MANUAL, "Please send your licence")
    clock("2026-10-12 09:00")
    said = read(shop, "freezes/")
    assert "Decision of our team In force Since 12 Oct 2026 08:00 Placed by Our team" in said
    assert "Why Please send your licence Our team ends this freeze once it is cleared up." in said
    assert "olga" not in said


def test_past_ones_are_kept_with_when_they_were_lifted(
    shop: Shop, clock: Clock, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    shop.run_jobs("2026-10-12 00:00")
    other = freeze(shop, Freeze.Reason.MANUAL, "look")
    shop.pay("2026-10-13 10:00", "A-1", "1000.00")
    freezes.lift(
        freeze_id=other.pk,
        actor=OLGA,
        note="Clear.",
        told="All well",
        now=shop.at("2026-10-14 10:00"),
    )
    clock("2026-10-15 09:00")
    said = read(shop, "freezes/")
    assert "No freeze is in force" in said
    assert "look 12 Oct 2026 08:00 Our team 14 Oct 2026 10:00 All well Our team" in said
    assert "Overdue payments 12 Oct 2026 00:00 Automatic 13 Oct 2026 10:00 Automatic" in said
    assert "olga" not in said
    client = browser_of(member(shop))
    with django_assert_max_num_queries(12):
        client.get("/m/rosewood/credit/freezes/")
