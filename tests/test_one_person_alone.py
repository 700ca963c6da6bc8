"""No sequence of decisions by one person moves more than the figures to the outside."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from billing.models import AccountChange, UnappliedEntry
from billing.operations import closing, credits, transfers, transfers_moved
from credit.models import UnmatchedSettlement
from credit.operations import corrections, unmatched
from lib.refusals import Refused
from merchants.models import OperatorDecision, Proposal, User
from merchants.operations import two_people
from tests import shops
from tests.amounts import usd
from tests.billing import operator_decisions as billing
from tests.billing.operator_decisions import DECIDED_AT
from tests.factories import (
    CreditRequestFactory,
    OperatorPolicyFactory,
)
from tests.shops import Shop
from tests.two_people import ALONE, ANSWER, SECOND, WHY, confirm, officer, propose
from tests.whole import some

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def officers(db: None) -> None:
    """Make two operators who decide about both books."""
    for email in (ALONE, SECOND):
        officer(email)


Attempt = Callable[..., Any]


def outside(shop: Shop) -> Decimal:
    """What operators' decisions have moved out of Tael, or given to the merchant to withdraw."""
    paid_out = sum(
        -Decimal(change.before)
        for change in AccountChange.objects.filter(account=shop.account, what="PAID_OUT")
    )
    given_back = UnappliedEntry.objects.filter(account=shop.account, kind="GIVEN_BACK")
    settled = UnmatchedSettlement.objects.exclude(kind="APPLIED").filter(line=shop.line)
    added = shop.line.proceeds_corrections.filter(amount__gt=0)
    return (
        Decimal(paid_out)
        + sum((one.amount.amount for one in added), Decimal(0))
        + sum((-entry.amount.amount for entry in given_back), Decimal(0))
        + sum((one.amount.amount for one in settled), Decimal(0))
    )


def _credit(shop: Shop, attempt: Attempt, amount: int, key: str) -> None:
    """Try to give a credit of so much, alone."""
    attempt(
        credits.grant, merchant_id=shop.account.pk, fee="credit-account", amount=usd(amount),
        request_key=key, told="We give it back.",
    )  # fmt: skip


def _close_and_pay_out(shop: Shop, attempt: Attempt) -> None:
    """Try to close the account and pay out its rest, alone."""
    attempt(closing.close, merchant_id=shop.account.pk)
    attempt(closing.pay_out_rest, merchant_id=shop.account.pk, reference="OUT-1")


def _found(shop: Shop, attempt: Attempt) -> None:
    """Do what one operator was found to be able to do: grant 1,000,000 to an account of 3,300,
    close it, and pay 999,937.65 out.
    """
    _credit(shop, attempt, 1_000_000, "f-1")
    _close_and_pay_out(shop, attempt)


def _small_credits(shop: Shop, attempt: Attempt) -> None:
    """Try to give 20 credits of 400 and pay them out, alone."""
    for number in range(20):
        _credit(shop, attempt, 400, f"f-{number}")
    _close_and_pay_out(shop, attempt)


def _asked_credits(shop: Shop, attempt: Attempt) -> None:
    """Try to approve five credits of 900 that were asked for and pay them out, alone."""
    for number in range(5):
        reference = f"big-{number}"
        assert shop.charge("2026-11-03 10:00", "pick-pack", "900.00", reference) == "applied"
        asked = CreditRequestFactory.create(
            shop=shop, at=billing.BEFORE, charge=reference, amount="900.00"
        )
        attempt(credits.approve, credit_id=asked.pk, told="We give it back.")
    _close_and_pay_out(shop, attempt)


def _made_up_transfer(shop: Shop, attempt: Attempt) -> None:
    """Try to record a transfer that never came, and give it back in parts, alone."""
    transfers.receive(
        merchant_id=shop.account.pk, amount=usd(50_000), reference="IN", actor=ALONE, now=DECIDED_AT
    )
    for number in range(20):
        attempt(
            transfers.give_back, merchant_id=shop.account.pk, amount=usd(400),
            reference=f"OUT-{number}",
        )  # fmt: skip


def _made_up_transfer_and_the_rest(shop: Shop, attempt: Attempt) -> None:
    """Try to record a transfer that never came and pay it out with the rest, alone."""
    _made_up_transfer(shop, attempt)
    _close_and_pay_out(shop, attempt)


def _unmatched(shop: Shop, attempt: Attempt) -> None:
    """Try to give cash that no order took to the merchant and to somebody outside by turns,
    alone.
    """
    for number in range(10):
        order = f"U-{number}"
        shop.place("2026-11-03 10:00", order, "1.00")
        shop.pay("2026-11-03 11:00", order, "401.00", f"P-{number}")
        cash = shop.line.payments.get(reference=f"P-{number}")
        part = {"payment_id": cash.pk, "amount": usd(400), "settled": usd(0)}
        if number % 2:
            attempt(unmatched.release, **part)
        else:
            attempt(unmatched.give_back, reference=f"OUT-{number}", **part)


def _corrections(shop: Shop, attempt: Attempt) -> None:
    """Try to correct proceeds up and down by turns, and take each back, so that their sum stays
    small, alone.
    """
    for number in range(10):
        amount = usd(400 if number % 2 else -400)
        attempt(
            corrections.correct, merchant_id=shop.account.pk, amount=amount, told="A mistake.",
            request_key=f"f-{number}",
        )  # fmt: skip
    for one in shop.line.proceeds_corrections.order_by("pk"):
        attempt(corrections.take_back, correction_id=one.pk, told="It was right.")


def _transfers_moved(shop: Shop, attempt: Attempt) -> None:
    """Try to book transfers that never came for another merchant and then for this one, alone."""
    other = shops.join("2026-11-01 10:00", "tallow")
    for number in range(5):
        transfers.receive(
            merchant_id=other.account.pk, amount=usd(400), reference=f"IN-{number}", actor=ALONE,
            now=DECIDED_AT,
        )  # fmt: skip
        attempt(
            transfers_moved.move, transfer_id=other.account.transfers.latest("pk").pk,
            to=shop.reference, told="It was not yours.",
        )  # fmt: skip
        attempt(
            transfers.give_back, merchant_id=shop.account.pk, amount=usd(400),
            reference=f"OUT-{number}",
        )  # fmt: skip


@pytest.mark.parametrize(
    "sequence",
    some(
        [
            _corrections,
            _transfers_moved,
            _found,
            _small_credits,
            _asked_credits,
            _made_up_transfer,
            _made_up_transfer_and_the_rest,
            _unmatched,
        ],
        4,
    ),
)
def test_no_sequence_by_one_person_moves_more_than_the_figures_to_the_outside(
    sequence: Callable[[Shop, Attempt], None],
) -> None:
    OperatorPolicyFactory.create()
    shop = shops.join("2026-11-01 10:00", billing_threshold="5000.00")
    assert shop.charge("2026-11-02 10:00", "pick-pack", "3300.00") == "applied"
    one = officer(ALONE)

    def attempt(operation: Callable[..., Any], **said: Any) -> None:
        """Whatever one person can do: decide, and confirm what waits for another."""
        try:
            outcome = two_people.decide(operation, said | WHY, actor=one, now=DECIDED_AT)
            if isinstance(outcome, Proposal):
                confirm(outcome, now=DECIDED_AT, by=one)
        except Refused:
            return

    sequence(shop, attempt)
    assert 0 <= outside(shop) <= 1000
    decided = OperatorDecision.objects.filter(what="credits").values_list("figure", flat=True)
    assert sum(decided) <= 1000
    assert not Proposal.objects.filter(status="CONFIRMED").exists()


def test_two_people_end_the_found_case() -> None:
    """The same decisions, each confirmed: the second one is asked about each sum."""
    OperatorPolicyFactory.create()
    shop = shops.join("2026-11-01 10:00", billing_threshold="5000.00")
    shop.charge("2026-11-02 10:00", "pick-pack", "3300.00")
    of: dict[str, Any] = {"merchant_id": shop.account.pk, "now": DECIDED_AT}
    confirm(
        propose(
            credits.grant, fee="credit-account", amount=usd(4300), request_key="f", **of, **ANSWER
        ),
        now=DECIDED_AT,
    )
    closing.close(actor=ALONE, **of, **WHY)
    closing.pay_out_rest(
        reference="OUT-1", actor=ALONE, **of, **WHY
    )  # 1,000.00, which is the figure
    assert outside(shop) == 1000
    assert User.objects.filter(email=SECOND).exists()
