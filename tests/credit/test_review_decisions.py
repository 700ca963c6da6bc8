"""Raises that wait for an operator: approved, rejected, overtaken, or blocked."""

from typing import Any

import pytest

from credit.models import Freeze, LimitEntry, LimitReview
from credit.operations import freezes, review_decisions
from credit.operations.review_decisions import RaiseBlocked
from lib.refusals import AlreadyDecided, Invalid
from tests import shops
from tests.amounts import usd
from tests.credit.reviewing import DECEMBER, OPERATOR, latest, limit, outcome, shop_with
from tests.factories import FreezeFactory
from tests.threads import at_once, every_order
from tests.unchanged import nothing_changes
from tests.whole import full, some

LATER = "2026-12-02 10:00"


def waiting(**terms: Any) -> shops.Shop:
    """A shop whose raise from 15,000 to 30,000 waits since 1 December 2026."""
    shop = shop_with("45000.00", credit_limit="15000.00", **terms)
    shop.run_jobs(DECEMBER)
    assert outcome(shop) == ("A", "PENDING", "30000.00", "needs_approval")
    assert limit(shop) == "15000.00"
    return shop


def approve(shop: shops.Shop, reason: str = "a good year", at: str = LATER) -> LimitReview:
    """Approve the raise that waits after the latest review."""
    review = latest(shop)
    return review_decisions.approve(
        review_id=review.pk, actor=OPERATOR, reason=reason, now=shop.at(at)
    )


def reject(shop: shops.Shop, reason: str = "too fast", at: str = LATER) -> LimitReview:
    """Reject the raise that waits after the latest review."""
    review = latest(shop)
    return review_decisions.reject(
        review_id=review.pk, actor=OPERATOR, reason=reason, now=shop.at(at)
    )


def decision(shop: shops.Shop) -> tuple[str, str, str]:
    """The latest review's status, who decided, and why."""
    review = latest(shop)
    return str(review.status), review.decided_by, review.decision_reason


@pytest.mark.django_db
def test_approved_it_raises_the_limit() -> None:
    shop = waiting()
    approve(shop)
    assert limit(shop) == "30000.00"
    assert decision(shop) == ("APPROVED", OPERATOR, "a good year")
    entry = LimitEntry.objects.get(kind="REVIEW")
    assert (entry.limit_change, entry.actor, entry.reason) == (
        usd(15000),
        OPERATOR,
        "a good year",
    )


@pytest.mark.django_db
def test_rejected_it_leaves_the_limit() -> None:
    shop = waiting()
    reject(shop)
    assert limit(shop) == "15000.00"
    assert decision(shop) == ("REJECTED", OPERATOR, "too fast")
    assert not LimitEntry.objects.filter(kind="REVIEW").exists()


@pytest.mark.django_db
@pytest.mark.parametrize("first", [approve, *full(reject)])
@pytest.mark.parametrize("second", [approve, reject])
def test_a_second_decision_is_refused(first: Any, second: Any) -> None:
    shop = waiting()
    first(shop)
    before = decision(shop)
    with nothing_changes(), pytest.raises(AlreadyDecided):
        second(shop)
    assert decision(shop) == before


@pytest.mark.django_db
@pytest.mark.parametrize("decide", [approve, *full(reject)])
def test_a_decision_without_a_reason_is_refused(decide: Any) -> None:
    shop = waiting()
    with nothing_changes(), pytest.raises(Invalid, match="reason"):
        decide(shop, reason="  ")
    assert decision(shop) == ("PENDING", "", "")


@pytest.mark.django_db
@pytest.mark.parametrize("reason", some(Freeze.Reason, 3))
def test_blocked_by_a_freeze_it_still_waits(reason: Freeze.Reason) -> None:
    shop = waiting()
    freeze = FreezeFactory.create(shop=shop, at="2026-12-01 12:00", reason=reason, actor=OPERATOR)
    with nothing_changes(), pytest.raises(RaiseBlocked, match="frozen"):
        approve(shop, at="2026-12-01 13:00")
    freezes.lift(freeze_id=freeze.pk, actor=OPERATOR, note="fine", now=shop.at("2026-12-01 14:00"))
    approve(shop, at="2026-12-01 15:00")
    assert limit(shop) == "30000.00"


@pytest.mark.full  # blocked by a freeze, above
@pytest.mark.django_db
def test_blocked_by_what_has_become_overdue_it_still_waits_until_that_is_paid() -> None:
    shop = waiting()
    shop.place("2026-12-01 10:00", "late", "10.00")
    shop.deliver("2026-12-01 10:00", "late")
    with pytest.raises(RaiseBlocked, match="overdue"):
        approve(shop, at="2026-12-12 00:00")
    assert (limit(shop), decision(shop)[0]) == ("15000.00", "PENDING")
    shop.pay("2026-12-12 10:00", "late", "10.00")
    approve(shop, at="2026-12-12 11:00")
    assert limit(shop) == "30000.00"


@pytest.mark.full  # a second decision, above
@every_order
@pytest.mark.django_db(transaction=True)
def test_two_operators_at_once_decide_once() -> None:
    shop = waiting()

    def decide(number: int) -> str:
        try:
            (reject if number else approve)(shop)
        except AlreadyDecided:
            return "too late"
        return "decided"

    assert at_once(decide, threads=2) == {"decided": 1, "too late": 1}
    approved = decision(shop)[0] == "APPROVED"
    assert limit(shop) == ("30000.00" if approved else "15000.00")
