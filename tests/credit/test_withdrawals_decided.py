"""Operators approve and reject withdrawals, merchants cancel them."""

from collections.abc import Callable

import pytest
from django.db import IntegrityError, connection, transaction
from moneyed import Money

from credit.models import Freeze, ProceedsEntry, Withdrawal
from credit.operations import freezes, payout_files, withdrawals
from credit.operations.withdrawals import (
    NeedsNoApproval,
    UnknownWithdrawal,
    WithdrawalsStopped,
)
from lib.refusals import AlreadyDecided, Invalid
from lib.second_person import SamePerson
from notices.models import Notice
from tests import shops
from tests.credit.withdrawing import (
    MERCHANT,
    NOW,
    OPERATOR,
    OTHER_OPERATOR,
    approve,
    ask,
    cancel,
    entries,
    fees,
    notices,
    paid_out,
    pay_out,
    reject,
    shop_with,
    status,
    suspect,
    withdraw,
)
from tests.factories import FreezeFactory
from tests.kept import kept
from tests.unchanged import nothing_changes
from tests.whole import full

pytestmark = pytest.mark.django_db


@kept()
def shop() -> shops.Shop:
    """A shop with 300.00 to withdraw."""
    return shop_with("300.00")


@kept()
def rich() -> shops.Shop:
    """A shop with 50,000.00 to withdraw; above 10,000 somebody has to approve."""
    return shop_with("50000.00", "rich")


def quote(shop: shops.Shop, amount: str, at: str = NOW) -> withdrawals.Quote:
    """What a withdrawal of this amount would cost, and whether it takes an approval."""
    return withdrawals.quote(
        merchant_id=shop.line.pk, amount=Money(amount, shop.line.currency), now=shop.at(at)
    )


def test_above_the_operator_limit_somebody_has_to_approve(rich: shops.Shop) -> None:
    assert not withdraw(rich, "10000.00").needs_approval
    assert quote(rich, "10000.01").needs_approval
    withdrawal = withdraw(rich, "10000.01")
    assert withdrawal.needs_approval
    approve(withdrawal, at="2026-11-03 11:00")
    approved = Withdrawal.objects.get(pk=withdrawal.pk)
    assert (approved.status, approved.approved_by) == ("APPROVED", OPERATOR)
    assert approved.approved_at == rich.at("2026-11-03 11:00")


def test_nobody_approves_what_they_asked_for(rich: shops.Shop) -> None:
    withdrawal = withdraw(rich, "20000.00", actor=OPERATOR)
    with nothing_changes(), pytest.raises(SamePerson):
        approve(withdrawal, by=OPERATOR)
    approve(withdrawal, by=OTHER_OPERATOR)


def test_the_database_keeps_the_second_person_too(rich: shops.Shop) -> None:
    withdrawal = withdraw(rich, "20000.00")
    row = Withdrawal.objects.filter(pk=withdrawal.pk)
    for step in (
        {"status": "APPROVED", "approved_by": MERCHANT},
        {"status": "SENT", "sent_by": OPERATOR},
        {"status": "SENT", "approved_by": OPERATOR, "sent_by": OPERATOR},
        {"status": "SENT", "approved_by": OPERATOR, "sent_by": MERCHANT},
    ):
        with pytest.raises(IntegrityError, match="withdrawal_is_"), transaction.atomic():
            row.update(**step)


def test_a_small_one_needs_no_approval(shop: shops.Shop) -> None:
    withdrawal = withdraw(shop, "100.00")
    with nothing_changes(), pytest.raises(NeedsNoApproval):
        approve(withdrawal)


@pytest.mark.parametrize("approved", [False, True])
def test_a_rejected_one_comes_back_with_its_fee(rich: shops.Shop, approved: bool) -> None:
    fees(fixed="5.00")
    withdrawal = withdraw(rich, "20000.00")
    assert rich.proceeds() == "29995.00"
    if approved:
        approve(withdrawal)
    reject(withdrawal, reason=" the licence has expired ", at="2026-11-03 12:00")
    assert rich.proceeds() == "50000.00"
    assert entries(rich)[1:] == ["WITHDRAWAL -20000.00", "FEE -5.00", "RETURNED 20005.00"]
    ended = Withdrawal.objects.get(pk=withdrawal.pk)
    assert (ended.status, ended.reason) == ("REJECTED", "the licence has expired")
    assert (ended.ended_by, ended.ended_at) == (OPERATOR, rich.at("2026-11-03 12:00"))
    assert notices(rich) == [("WITHDRAWAL_FAILED", ended.reference)]
    assert Notice.objects.get(cause=ended.reference).details == {
        "reference": ended.reference,
        "amount": "20000.00",
        "currency": "USD",
        "destination": "BANK_CARD",
        "masked": "",
        "last_four": "0003",
        "reason": "the licence has expired",
    }


@pytest.mark.parametrize("reason", ["", "  ", "x" * 501])
def test_a_rejection_has_a_reason(shop: shops.Shop, reason: str) -> None:
    withdrawal = withdraw(shop, "100.00")
    with nothing_changes(), pytest.raises(Invalid, match="reason"):
        reject(withdrawal, reason=reason)


def test_the_merchant_cancels_what_was_not_sent(rich: shops.Shop) -> None:
    small, large = withdraw(rich, "100.00"), withdraw(rich, "20000.00")
    approve(large)
    cancel(small)
    cancel(large)
    assert (status(small), status(large)) == ("CANCELLED", "CANCELLED")
    assert (rich.proceeds(), paid_out(rich)) == ("50000.00", "0.00")
    assert notices(rich) == []  # they did it themselves


def test_another_merchants_withdrawal_is_unknown(shop: shops.Shop) -> None:
    other = shop_with("300.00", "elsewhere")
    withdrawal = withdraw(shop, "100.00")
    with nothing_changes(), pytest.raises(UnknownWithdrawal):
        cancel(withdrawal, merchant_id=other.line.pk)
    with pytest.raises(UnknownWithdrawal):
        withdrawals.approve(withdrawal_id=0, actor=OPERATOR, now=shop.at(NOW))


Step = Callable[[Withdrawal], object]


def _sent(withdrawal: Withdrawal) -> None:
    """Approve the withdrawal, and send it by hand."""
    approve(withdrawal)
    payout_files.export(
        withdrawal_ids=[withdrawal.pk], actor=OTHER_OPERATOR, now=shops.instant(NOW)
    )


@pytest.mark.parametrize(
    ("until", "standing"),
    [
        (reject, "REJECTED"),
        (cancel, "CANCELLED"),
        (_sent, "SENT"),
        (lambda w: (approve(w), pay_out(w, by=OTHER_OPERATOR)), "PAID"),
    ],
    ids=["rejected", "cancelled", "sent", "paid"],
)
@pytest.mark.parametrize(
    "step", [approve, *full(reject, cancel)], ids=["approve", "reject", "cancel"]
)
def test_a_second_decision_is_refused(
    rich: shops.Shop, until: Step, standing: str, step: Step
) -> None:
    withdrawal = withdraw(rich, "20000.00")
    until(withdrawal)
    with nothing_changes(), pytest.raises(AlreadyDecided, match=f"{withdrawal} is {standing} by"):
        step(withdrawal)


def test_approved_twice_is_approved_once(rich: shops.Shop) -> None:
    withdrawal = withdraw(rich, "20000.00")
    approve(withdrawal)
    with nothing_changes(), pytest.raises(AlreadyDecided, match=f"is APPROVED by {OPERATOR}"):
        approve(withdrawal, by=OTHER_OPERATOR)


def test_suspected_fraud_stops_requests_and_approvals(rich: shops.Shop) -> None:
    large = withdraw(rich, "20000.00")
    freeze = suspect(rich)
    with nothing_changes():
        for attempt in (
            lambda: ask(rich, "1.00"),
            lambda: quote(rich, "1.00"),
            lambda: approve(large),
        ):
            with pytest.raises(WithdrawalsStopped):
                attempt()
    freezes.lift(freeze_id=freeze.pk, actor=OPERATOR, note="all is well", now=rich.at(NOW))
    approve(large)
    suspect(rich)
    cancel(large)  # what comes back stays on the frozen line
    assert rich.proceeds() == "50000.00"


@pytest.mark.parametrize("reason", ["OVERDUE", "UNPAID_BILL", "MANUAL"])
def test_other_freezes_stop_no_withdrawal(shop: shops.Shop, reason: str) -> None:
    FreezeFactory.create(
        shop=shop, at="2026-11-02 10:30", reason=Freeze.Reason(reason), actor=OPERATOR
    )
    withdrawal = withdraw(shop, "100.00", at="2026-11-02 11:00")
    assert shop.frozen_by() == [reason]
    assert (status(withdrawal), shop.proceeds()) == ("REQUESTED", "200.00")


# What the database itself refuses, whoever asks.


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM credit_withdrawal",
        "UPDATE credit_withdrawal SET amount = 1",
        "UPDATE credit_withdrawal SET status = 'PAID', ended_at = now()",
        "UPDATE credit_withdrawal SET ended_at = now()",
        "UPDATE credit_payoutdestination SET holder = 'A Thief'",
        "DELETE FROM credit_payoutdestination",
    ],
)
def test_raw_sql_is_refused(shop: shops.Shop, statement: str) -> None:
    withdraw(shop, "100.00")
    with (
        nothing_changes(),
        pytest.raises(Exception, match=r"(?i)pgtrigger|violates"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)


def test_a_second_debit_or_return_is_refused_by_the_database(shop: shops.Shop) -> None:
    withdrawal = withdraw(shop, "100.00")
    cancel(withdrawal)
    for entry in ProceedsEntry.objects.filter(withdrawal=withdrawal):
        entry.pk = None
        with pytest.raises(IntegrityError, match="debited_once"), transaction.atomic():
            entry.save(force_insert=True)
