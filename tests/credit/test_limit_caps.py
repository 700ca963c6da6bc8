"""Which limits take a second person: above the policy's maximum, and far above what there was."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from moneyed import Money

from billing.operations import terms
from credit.models import LimitEntry, LimitReview
from credit.operations import limits, requests, review_decisions
from credit.operations.review_decisions import ReviewOvertaken
from merchants.models import OperatorDecision, Proposal
from merchants.operations import two_people
from tests import shops
from tests.amounts import usd
from tests.credit.reviewing import DECEMBER, outcome, shop_with
from tests.factories import CreditPolicyFactory, RaiseRequestFactory
from tests.shops import Shop
from tests.two_people import by_two, confirm, found_alone, officer, propose

pytestmark = pytest.mark.django_db

ALONE = "olga@tael.example"
WHY: dict[str, Any] = {"reason": "Busy season."}
JOINED = "2026-11-01 10:00"
ABOVE_THE_CAPS = "a limit above the caps was confirmed by another person"


def set_alone(shop: Shop, at: str, limit: str) -> bool:
    """Whether one officer sets it, who otherwise has to propose it."""
    said: dict[str, Any] = {"merchant_id": shop.line.pk, "limit": usd(limit), **WHY}
    outcome = two_people.decide(limits.set_limit, said, actor=officer(ALONE), now=shop.at(at))
    return isinstance(outcome, LimitEntry)


@pytest.mark.parametrize(
    ("before", "limit", "is_alone"),
    [
        ("60000.00", "100000", True),  # the policy's maximum
        ("60000.00", "100000.01", False),
        ("5000.00", "10000", True),
        ("5000.00", "10000.01", False),
        ("0.00", "0.01", False),
        ("0.01", "0.02", True),
        ("5000.00", "1000000000", False),  # as it was found, typed as 1e9
    ],
)
def test_above_the_maximum_or_more_than_double_takes_two(
    before: str, limit: str, is_alone: bool
) -> None:
    shop = shops.join(JOINED, credit_limit=before)
    assert set_alone(shop, "2026-11-02 10:00", limit) is is_alone
    assert shop.limit()[0] == (f"{Decimal(limit):.2f}" if is_alone else before)
    assert Proposal.objects.exists() is not is_alone


def test_double_is_of_the_lowest_of_thirty_days() -> None:
    shop = shops.join(JOINED, credit_limit="1000.00")
    assert set_alone(shop, "2026-11-10 10:00", "2000")
    assert not set_alone(shop, "2026-11-10 11:00", "2000.01")
    # It stood at 1,000 until 10 November, which 10 December still looks back to.
    assert not set_alone(shop, "2026-12-10 23:59", "2000.01")
    assert set_alone(shop, "2026-12-11 00:00", "2000.01")


def test_the_days_are_the_merchants() -> None:
    shop = shops.join(JOINED, credit_limit="1000.00", timezone="Asia/Bangkok")
    assert set_alone(shop, "2026-11-10 10:00", "2000")
    assert not set_alone(shop, "2026-12-10 23:59", "3000")
    assert set_alone(shop, "2026-12-11 00:00", "3000")


def test_days_before_a_change_of_time_zone_are_those_of_the_former_one() -> None:
    shop = shops.join(JOINED, credit_limit="1000.00", timezone="America/New_York")
    # In New York it is 10 November, in Tokyo the 11th by then.
    assert set_alone(shop, "2026-11-10 20:00", "2000")
    terms.change_time_zone(
        merchant_id=shop.account.pk, timezone="Asia/Tokyo", actor=ALONE,
        now=shop.at("2026-11-12 12:00"), **WHY,
    )  # fmt: skip
    shop = Shop(shop.reference, timezone="Asia/Tokyo")
    assert not set_alone(shop, "2026-12-10 23:59", "2000.01")
    assert set_alone(shop, "2026-12-11 00:00", "4000")
    assert found_alone(ABOVE_THE_CAPS) == []


def test_the_audit_counts_the_same_days() -> None:
    shop = shops.join(JOINED, credit_limit="1000.00", timezone="Asia/Bangkok")
    assert set_alone(shop, "2026-11-10 09:00", "2000")
    # Less than 30 times 24 hours back it stood at 2,000, but 10 November began with 1,000.
    by_two(
        limits.set_limit, merchant_id=shop.line.pk, limit=usd(2500),
        now=shop.at("2026-12-10 12:00"), **WHY,
    )  # fmt: skip
    assert set_alone(shop, "2026-12-11 00:00", "4000")
    confirmed = OperatorDecision.objects.get(proposal__isnull=False).subject
    assert found_alone(ABOVE_THE_CAPS) == [confirmed]


def test_a_cut_in_between_counts_and_orders_do_not() -> None:
    shop = shops.join(JOINED, credit_limit="8000.00")
    shop.place("2026-11-05 10:00", "A", "7900.00")
    assert set_alone(shop, "2026-11-06 10:00", "1500")
    assert not set_alone(shop, "2026-11-20 10:00", "3001")
    assert set_alone(shop, "2026-11-20 11:00", "3000")


def test_a_currency_without_a_credit_policy_takes_two_for_each_raise() -> None:
    shop = shops.join(JOINED, credit_limit="5000.00", currency="KWD")
    said: dict[str, Any] = {"merchant_id": shop.line.pk, "now": shop.at("2026-11-02 10:00")}
    propose(limits.set_limit, limit=Money("5000.001", "KWD"), **said, **WHY)
    limits.set_limit(limit=Money("4999", "KWD"), actor=ALONE, **said, **WHY)
    assert shop.limit()[0] == "4999.000"


def test_a_raise_that_was_asked_for_is_no_exception() -> None:
    shop = shops.join(JOINED, credit_limit="5000.00")
    asked = RaiseRequestFactory.create(shop=shop, at="2026-11-02 10:00", limit_wanted="10000.01")
    at = shop.at("2026-11-03 10:00")
    proposal = propose(
        requests.approve_raise, request_id=asked.pk, limit=None, now=at, told="Yes.", **WHY
    )
    assert (proposal.asked_by, shop.limit()[0]) == (asked.asked_by, "5000.00")
    confirm(proposal, now=at)
    asked.refresh_from_db()
    assert (asked.status, asked.answered_by) == ("APPROVED", "otto@tael.example")
    assert shop.limit()[0] == "10000.01"
    decided = OperatorDecision.objects.get()
    assert (decided.figure, decided.proposal, decided.day) == (
        Decimal("10000.01"), proposal, date(2026, 11, 3),
    )  # fmt: skip


def review_above_the_caps() -> tuple[Shop, LimitReview]:
    """A review of 1 December raises 15,000 to 30,000; on 20 November the limit was 14,000."""
    shop = shop_with("45000.00", credit_limit="14000.00")
    assert set_alone(shop, "2026-11-20 10:00", "15000")
    shop.run_jobs(DECEMBER)
    assert outcome(shop)[1:3] == ("PENDING", "30000.00")
    return shop, shop.line.reviews.get()


def test_a_raise_of_a_review_is_no_exception() -> None:
    shop, review = review_above_the_caps()
    at = shop.at("2026-12-01 10:00")
    proposal = propose(review_decisions.approve, review_id=review.pk, now=at, **WHY)
    review.refresh_from_db()
    assert (review.status, shop.limit()[0]) == ("PENDING", "15000.00")
    confirm(proposal, now=at)
    review.refresh_from_db()
    assert (review.status, shop.limit()[0]) == ("APPROVED", "30000.00")


def test_a_review_whose_raise_is_none_by_the_confirmation_is_void() -> None:
    shop, review = review_above_the_caps()
    at = shop.at("2026-12-01 10:00")
    proposal = propose(review_decisions.approve, review_id=review.pk, now=at, **WHY)
    CreditPolicyFactory.create(
        starts_on=date(2026, 12, 2), maximum_limit=Decimal(15_000), automatic_up_to=Decimal(15_000)
    )
    with pytest.raises(ReviewOvertaken):
        confirm(proposal, now=shop.at("2026-12-02 10:00"))
    review.refresh_from_db()
    proposal.refresh_from_db()
    assert (review.status, proposal.status, shop.limit()[0]) == ("VOID", "CONFIRMED", "15000.00")


def test_two_people_set_what_one_may_not() -> None:
    shop = shops.join(JOINED, credit_limit="0.00")
    by_two(
        limits.set_limit, merchant_id=shop.line.pk, limit=usd(250_000),
        now=shop.at("2026-11-02 10:00"), **WHY,
    )  # fmt: skip
    entry = LimitEntry.objects.get(kind="LIMIT_SET")
    assert (shop.limit()[0], entry.actor) == ("250000.00", "otto@tael.example")
