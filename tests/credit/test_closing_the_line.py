"""Once a merchant's account is closed, its line takes no new order; all else goes on."""

from typing import Any

import pytest
from moneyed import Money

from billing.operations import closing
from credit.models import LimitReview
from credit.operations import own_rules, requests
from credit.queries import acceptance, explanation
from lib.refusals import Refused
from notices.models import Notice
from tests import shops
from tests.credit import reviewing, withdrawing
from tests.shops import Shop

pytestmark = pytest.mark.django_db

OPERATOR = "olga@tael.example"
OWNER = "olive@rosewood.example"


def close(shop: Shop, at: str) -> None:
    closing.close(
        merchant_id=shop.merchant.pk, actor=OPERATOR, reason="they asked for it", now=shop.at(at)
    )


def by(shop: Shop, at: str) -> dict[str, Any]:
    """The line, who acts, and when: what operations are given."""
    return {"merchant_id": shop.line.pk, "actor": OWNER, "now": shop.at(at)}


def test_no_new_order_is_taken_and_open_ones_go_on() -> None:
    shop = withdrawing.shop_with("300.00")
    shop.place("2026-11-02 10:00", "A", "100.00")
    own_rules.pause(**by(shop, "2026-11-02 11:00"))
    close(shop, "2026-11-03 10:00")
    assert shop.line.closed_at == shop.account.closed_at == shop.at("2026-11-03 10:00")
    assert shop.place("2026-11-03 10:00", "B", "1.00") == "declined account_closed"
    assert [notice.details["code"] for notice in Notice.objects.filter(kind="ORDER_DECLINED")] == [
        "account_closed"
    ]
    assert shop.deliver("2026-11-04 10:00", "A") == "applied"
    assert shop.pay("2026-11-05 10:00", "A", "100.00") == "applied"
    withdrawing.withdraw(shop, "300.00", "2026-11-05 11:00")
    assert not acceptance.would_accept(shop.line, Money("1", "USD")).is_accepted


def test_a_raise_that_waits_is_void_and_told_and_no_review_follows() -> None:
    shop = reviewing.shop_with("60000.00", reviewing.PERFECT, credit_limit="15000.00")
    shop.run_jobs("2026-12-01 00:00")
    assert reviewing.latest(shop).status == "PENDING"
    close(shop, "2026-12-05 10:00")
    review = reviewing.latest(shop)
    assert (review.status, review.decided_by) == ("VOID", OPERATOR)
    assert Notice.objects.filter(kind="REVIEW", cause="2026-12-01 VOID").count() == 1
    shop.run_jobs("2027-01-01 00:00")
    assert LimitReview.objects.count() == 1
    assert explanation.of_line(shop.line) is None


def test_a_raise_that_was_asked_for_is_rejected_and_none_can_be_asked_for() -> None:
    shop = shops.join("2026-11-01 10:00")
    asked: Any = {"limit_wanted": Money("9000", "USD"), "message": "For spring."}
    request = requests.ask_raise(**asked, **by(shop, "2026-11-02 10:00"))
    close(shop, "2026-11-03 10:00")
    request.refresh_from_db()
    assert (request.status, request.answer) == ("REJECTED", "Your account was closed.")
    with pytest.raises(Refused) as refused:
        requests.ask_raise(**asked, **by(shop, "2026-11-04 10:00"))
    assert refused.value.code == "account_closed"
    with pytest.raises(Refused) as refused:
        own_rules.pause(**by(shop, "2026-11-04 10:00"))
    assert refused.value.code == "account_closed"
