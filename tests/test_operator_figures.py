"""By which figures of the policies a decision takes a second person."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from billing.models import FeePrice, UnappliedEntry
from billing.operations import (
    credits,
    prices,
    thresholds,
    transfers,
)
from credit.operations import freezes, limits
from merchants.models import OperatorDecision, OperatorPolicy, Proposal
from merchants.operations import proposals, two_people
from tests import shops
from tests.amounts import usd
from tests.billing import operator_decisions as billing
from tests.billing.operator_decisions import DECIDED_AT
from tests.credit import unmatching
from tests.factories import (
    CreditRequestFactory,
    OperatorPolicyFactory,
    ThresholdRequestFactory,
)
from tests.shops import HIGH, instant
from tests.two_people import ALONE, ANSWER, SECOND, WHY, confirm, found_alone, officer, propose
from tests.whole import some

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def officers(db: None) -> None:
    """Make two operators who decide about both books."""
    for email in (ALONE, SECOND):
        officer(email)


def nothing_alone() -> None:
    """Have policies in force by which until 3 November one operator decides whatever there is, and
    from the 4th on nothing.
    """
    figures = OperatorPolicy.figure_names()
    OperatorPolicyFactory.create(**dict.fromkeys(figures, HIGH))
    OperatorPolicyFactory.create(
        version=2, starts_on=date(2026, 11, 4), **dict.fromkeys(figures, Decimal(0))
    )


def test_without_a_policy_each_of_them_takes_two() -> None:
    shop = shops.ShopFactory.create(one_decides=False)
    of: dict[str, Any] = {"merchant_id": shop.merchant.pk, "now": DECIDED_AT}
    propose(thresholds.change, threshold=usd("200.01"), **of, **WHY)
    propose(
        credits.grant, fee="credit-account", amount=usd("0.01"), request_key="f", **of, **ANSWER
    )
    propose(
        prices.introduce, fee="storage", currency="USD", unit_price=Decimal(0),
        from_on=date(2026, 11, 6), now=DECIDED_AT, **WHY,
    )  # fmt: skip
    assert not OperatorDecision.objects.exists()


def test_example_19_by_the_sum_of_a_day() -> None:
    OperatorPolicyFactory.create()
    shop = shops.join("2026-11-01 10:00", timezone="Asia/Bangkok")
    transfers.receive(
        merchant_id=shop.account.pk, amount=usd(3000), reference="B-1", actor=ALONE,
        now=shop.at("2026-11-02 10:00"),
    )  # fmt: skip

    def give_back(at: str, reference: str) -> Any:
        back = {"amount": usd(600), "reference": reference, "merchant_id": shop.account.pk}
        return two_people.decide(
            transfers.give_back, back | WHY, actor=officer(ALONE), now=shop.at(at)
        )

    assert isinstance(give_back("2026-11-04 00:00", "B-2"), UnappliedEntry)
    second = give_back("2026-11-04 23:59", "B-3")
    assert isinstance(second, Proposal)
    assert isinstance(give_back("2026-11-05 00:00", "B-4"), UnappliedEntry)
    assert shop.account.unapplied == usd(1800)
    # What two people confirm counts for its day, too.
    confirm(second, now=shop.at("2026-11-06 10:00"))
    assert isinstance(give_back("2026-11-06 11:00", "B-5"), Proposal)
    assert shop.account.unapplied == usd(1200)


def test_pay_outs_of_both_books_are_one_sum() -> None:
    OperatorPolicyFactory.create(pay_outs=Decimal(60))
    shop = unmatching.shop_with_unmatched_cash()
    transfers.receive(
        merchant_id=shop.account.pk, amount=usd(100), reference="B-1", actor=ALONE,
        now=shop.at(unmatching.NOW),
    )  # fmt: skip
    unmatching.settle(shop, "release", "30.00")
    back: dict[str, Any] = {
        "merchant_id": shop.account.pk,
        "reference": "B-2",
        "now": shop.at(unmatching.NOW),
    }
    propose(transfers.give_back, amount=usd("30.01"), **back, **WHY)
    transfers.give_back(amount=usd(30), actor=ALONE, **back, **WHY)
    paid_out = OperatorDecision.objects.filter(what="pay_outs").values_list("figure", flat=True)
    assert list(paid_out) == [30, 30]


@pytest.mark.parametrize(
    ("first", "then", "takes_two"),
    [
        ("1.00", "2.00", False),
        ("1.00", "2.000001", True),
        ("1.00", "0.50", False),
        ("1.00", "0.499999", True),
        ("0", "0.000001", True),
        ("900", "1000.000001", True),  # above the figure, though not far from the one before
    ],
)
def test_a_price_takes_two_when_it_is_far_from_the_one_in_force(
    first: str, then: str, takes_two: bool
) -> None:
    OperatorPolicyFactory.create()
    officer(ALONE)

    def introduce(price: str, at: str) -> Any:
        said = {"fee": "storage", "currency": "USD", "unit_price": Decimal(price), **WHY}
        return two_people.decide(
            prices.introduce, said | {"from_on": date(2026, 11, 20)}, actor=officer(ALONE),
            now=instant(at),
        )  # fmt: skip

    assert isinstance(introduce(first, "2026-11-10 10:00"), FeePrice)
    assert isinstance(introduce(then, "2026-11-11 10:00"), Proposal) is takes_two


def test_a_price_gets_no_further_in_several_steps_of_a_day() -> None:
    OperatorPolicyFactory.create()
    shop = shops.join("2026-11-01 10:00")
    introduced = []
    for day, price in ((1, "1.00"), (10, "1.90"), (10, "3.60"), (11, "3.60")):
        said = {
            "fee": "storage", "currency": "USD", "unit_price": Decimal(price), **WHY,
            "from_on": date(2026, 11, day), "merchant_id": shop.merchant.pk,
        }  # fmt: skip
        outcome = two_people.decide(
            prices.introduce, said, actor=officer(ALONE), now=shop.at(f"2026-11-{day:02} 12:00")
        )
        introduced.append(type(outcome).__name__)
        if isinstance(outcome, Proposal):
            proposals.withdraw(
                proposal_id=outcome.pk, actor=officer(ALONE), now=shop.at("2026-11-10 13:00"), **WHY
            )
    assert introduced == ["FeePrice", "FeePrice", "Proposal", "FeePrice"]


@pytest.mark.parametrize("timezone", some(["Asia/Bangkok", "America/New_York"], 2))
def test_the_audit_compares_prices_as_they_were_compared(timezone: str) -> None:
    """It finds each of these that one person could not have introduced, and no other."""
    OperatorPolicyFactory.create()
    shop = shops.join("2026-11-01 10:00", timezone=timezone)
    steps: list[tuple[str, int, str | None, str | None, bool]] = [
        # introduced at, of whom, price, from; whether it takes two
        ("2026-11-02 10:00", 0, "1.00", "2026-11-03", False),
        ("2026-11-02 11:00", 1, "2.00", "2026-11-03", False),  # by the general one
        ("2026-11-10 00:00", 1, "3.90", "2026-11-10", False),
        ("2026-11-10 23:59", 1, "4.01", "2026-11-10", True),  # as the day began it was 2.00
        ("2026-11-11 00:00", 1, "4.02", "2026-11-11", False),
        ("2026-11-12 10:00", 1, "1.95", "2026-11-13", True),
        ("2026-11-13 10:00", 1, None, "2026-11-20", False),  # then by the general one again
        ("2026-11-14 10:00", 1, "2.40", "2026-11-20", True),
        ("2026-11-15 10:00", 0, "0.40", "2026-12-01", True),
        ("2026-11-16 10:00", 0, "0.800000", "2026-12-02", False),
        ("2026-11-16 11:00", 0, "0.400001", "2026-12-03", True),  # of what 1.00 was as it began
        ("2026-11-17 10:00", 1, "0", "2026-12-04", True),
    ]  # fmt: skip
    took_two = []
    for at, is_own, price, from_on, takes_two in steps:
        now = shop.at(at) if is_own else instant(at)
        said = {
            "fee": "storage", "currency": "USD", "unit_price": price and Decimal(price), **WHY,
            "from_on": date.fromisoformat(str(from_on)),
            "merchant_id": shop.merchant.pk if is_own else None,
        }  # fmt: skip
        outcome = two_people.decide(prices.introduce, said, actor=officer(ALONE), now=now)
        assert isinstance(outcome, Proposal) is takes_two, (at, price)
        if isinstance(outcome, Proposal):
            confirm(outcome, now=now)
            took_two.append(f"price {FeePrice.objects.latest('pk').pk} of storage")
    far = found_alone("a price far from the one before was confirmed by another person")
    assert sorted(far) == sorted(took_two)
    above = "prices above the operator policy of their day were confirmed by another person"
    assert found_alone(above) == []


def test_what_only_protects_waits_for_nobody() -> None:
    nothing_alone()
    shop = billing.join()
    asked = CreditRequestFactory.create(shop=shop, at=billing.BEFORE)
    wanted = ThresholdRequestFactory.create(shop=shop, at=billing.BEFORE)
    by: dict[str, Any] = {"actor": ALONE, "now": DECIDED_AT}
    of: dict[str, Any] = {"merchant_id": shop.merchant.pk}
    limits.set_limit(limit=usd(100), **of, **by, **WHY)
    thresholds.change(threshold=usd(10), **of, **by, **WHY)
    freezes.place(note="a look at it", reason="MANUAL", **of, **by)  # type: ignore[arg-type]
    credits.reject(credit_id=asked.pk, **by, **ANSWER)
    thresholds.reject(request_id=wanted.pk, **by, **ANSWER)
    assert not Proposal.objects.exists()
    assert not OperatorDecision.objects.exists()
