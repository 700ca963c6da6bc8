"""Many threads at one line's proceeds: nothing leaves twice, and nothing comes back twice."""

from collections.abc import Iterator
from threading import Thread
from typing import Any

import pytest
from django.conf import LazySettings
from django.db import connection
from moneyed import Money

from credit.models import PayoutAnswer, ProceedsEntry, Withdrawal
from credit.operations import payout_answers, payout_files, payouts, refunds, withdrawals
from credit.providers import PROVIDERS
from credit.queries.payout_answers import to_take
from lib.refusals import Refused
from tests import shops
from tests.amounts import usd
from tests.credit import payout_server
from tests.credit.payout_server import PATIENCE_SECONDS, Bank, HttpProvider
from tests.credit.withdrawing import (
    NOW,
    OPERATOR,
    OTHER_OPERATOR,
    add,
    approve,
    ask,
    cancel,
    entries,
    notices,
    sell,
    shop_with,
    status,
    withdraw,
)
from tests.threads import at_once, every_order

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def bank(monkeypatch: pytest.MonkeyPatch, settings: LazySettings) -> Iterator[Bank]:
    """A bank on a server of its own, which withdrawals go to."""
    with payout_server.running() as bank:
        monkeypatch.setitem(PROVIDERS, "http", HttpProvider(bank.url, bank))
        settings.TAEL_PAYOUT_PROVIDER = "http"
        yield bank


def outcome(doing: Any, *args: Any, **said: Any) -> str:
    """`done`, or the refusal's name."""
    try:
        doing(*args, **said)
    except Refused as refusal:
        return type(refusal).__name__
    return "done"


def test_the_whole_balance_withdrawn_eight_times_at_once() -> None:
    shop = shop_with("300.00")
    outcomes = at_once(lambda number: outcome(ask, shop, "300.00", key=f"form-{number}"))
    assert outcomes == {"done": 1, "InsufficientProceeds": 7}
    assert (shop.proceeds(), entries(shop)) == ("0.00", ["SALE 300.00", "WITHDRAWAL -300.00"])


def test_one_form_sent_eight_times_at_once() -> None:
    shop = shop_with("300.00")
    outcomes = at_once(lambda _: ask(shop, "100.00", key="form")[1])
    assert outcomes == {True: 1, False: 7}
    assert (shop.proceeds(), Withdrawal.objects.count()) == ("200.00", 1)


@pytest.mark.full  # one form, above
def test_one_destination_added_by_eight_at_once() -> None:
    shop = shops.join("2026-11-01 10:00")
    assert len(at_once(lambda _: add(shop).pk)) == 1


@pytest.mark.full  # one approves and another rejects, below
def test_eight_operators_approve_at_once() -> None:
    shop = shop_with("50000.00")
    withdrawal = withdraw(shop, "20000.00")
    outcomes = at_once(lambda number: outcome(approve, withdrawal, by=f"operator-{number}"))
    assert outcomes == {"done": 1, "WithdrawalDecided": 7}
    assert status(withdrawal) == "APPROVED"


@every_order
def test_one_approves_while_another_rejects_and_the_merchant_cancels() -> None:
    shop = shop_with("50000.00")
    withdrawal = withdraw(shop, "20000.00")
    ends = [cancel, lambda w: withdrawals.reject(
        withdrawal_id=w.pk, actor=OTHER_OPERATOR, told="no", reason="no", now=shops.instant(NOW)
    )]  # fmt: skip
    outcomes = at_once(lambda number: outcome(ends[number % 2], withdrawal))
    assert outcomes == {"done": 1, "WithdrawalDecided": 7}
    assert shop.proceeds() == "50000.00"
    assert entries(shop).count("RETURNED 20000.00") == 1


@every_order
def test_cancelled_or_sent_but_not_both(bank: Bank) -> None:
    shop = shop_with("300.00")
    for round in range(8):
        withdrawal = withdraw(shop, "10.00")
        steps = [
            lambda w=withdrawal: payouts.send(w.pk, now=shops.instant(NOW)),
            lambda w=withdrawal: cancel(w),
        ]
        at_once(lambda number, steps=steps: outcome(steps[number]), threads=2)  # type: ignore[misc]
        was_paid = withdrawal.reference in bank.paid
        assert status(withdrawal) == ("PAID" if was_paid else "CANCELLED"), round
    assert len(bank.paid) == len(set(bank.paid))
    assert shop.line.proceeds + shop.line.paid_out == usd(300)
    assert shop.line.paid_out == usd(10 * len(bank.paid))


def test_eight_workers_send_the_same_one(bank: Bank) -> None:
    shop = shop_with("300.00")
    withdrawal = withdraw(shop, "10.00")
    at_once(lambda _: payouts.send(withdrawal.pk, now=shops.instant(NOW)))
    assert bank.paid == [withdrawal.reference]
    assert notices(shop) == [("WITHDRAWAL_DONE", withdrawal.reference)]


@pytest.mark.full  # they send it once, above
def test_eight_workers_reconcile_the_same_one(bank: Bank) -> None:
    shop = shop_with("300.00")
    withdrawal = withdraw(shop, "10.00")
    bank.behaviour = "drops it"
    payouts.send(withdrawal.pk, now=shops.instant(NOW))
    bank.behaviour = "pays"
    at_once(lambda _: payouts.reconcile(withdrawal.pk, now=shops.instant("2026-11-03 11:00")))
    assert bank.paid == [withdrawal.reference]
    assert status(withdrawal) == "PAID"


@pytest.mark.full  # a live lease in test_withdrawals_leases.py
def test_a_slow_answer_is_waited_for_however_late_the_clock_says_it_is(bank: Bank) -> None:
    """A queue may lag: what looks abandoned may be being asked about at this moment."""
    shop = shop_with("300.00")
    withdrawal = withdraw(shop, "10.00")
    bank.behaviour = "waits"

    def send() -> None:
        try:
            payouts.send(withdrawal.pk, now=shops.instant(NOW))
        finally:
            connection.close()

    sender = Thread(target=send)
    sender.start()
    assert bank.received.wait(PATIENCE_SECONDS)
    payouts.reconcile(withdrawal.pk, now=shops.instant("2026-11-03 18:00"))
    assert (status(withdrawal), bank.asked) == ("SENT", [])
    bank.go_on.set()
    sender.join()
    assert bank.paid == [withdrawal.reference]
    assert status(withdrawal) == "PAID"


def test_eight_operators_write_the_same_ones_into_files() -> None:
    first, second = shop_with("300.00"), shop_with("300.00", "elsewhere")
    chosen = [withdraw(first, "10.00"), withdraw(second, "10.00"), withdraw(first, "20.00")]

    def export(number: int) -> int:
        """Write a file with the withdrawals: how many went into it."""
        # In any order: locks are taken in one.
        ids = [one.pk for one in (chosen if number % 2 else reversed(chosen))]
        batch = payout_files.export(
            withdrawal_ids=ids, actor=f"operator-{number}", now=shops.instant(NOW)
        )
        return len(batch.sent)

    assert at_once(export) == {3: 1, 0: 7}


@pytest.mark.full  # eight files written, above
def test_the_same_file_of_answers_uploaded_eight_times_at_once() -> None:
    shop = shop_with("300.00")
    withdrawal = withdraw(shop, "10.00")
    payout_files.export(withdrawal_ids=[withdrawal.pk], actor=OPERATOR, now=shops.instant(NOW))
    content = f"reference,status,bank_reference,reason\n{withdrawal},FAILED,,no\n".encode()

    def upload(_: int) -> str:
        """Upload the answers, and take all that wait."""
        now = shops.instant(NOW)
        payout_answers.upload(content=content, actor=OPERATOR, now=now)
        # Each takes all that waits, its own and the others'.
        for answer_id in to_take(now):
            payout_answers.take(answer_id, now=now)
        return "done"

    assert at_once(upload) == {"done": 8}
    taken = list(PayoutAnswer.objects.values_list("outcome", flat=True))
    assert (taken.count("FAILED"), taken.count("KNOWN")) == (1, 7)
    assert (shop.proceeds(), status(withdrawal)) == ("300.00", "FAILED")
    assert ProceedsEntry.objects.filter(kind="RETURNED").count() == 1


@pytest.mark.full  # the whole balance, above
@every_order
def test_refunded_and_withdrawn_at_once() -> None:
    """In either order the entries add up, and the merchant never has more than it earned."""
    for round in range(4):
        shop = shop_with("1.00", f"shop-{round}")
        order = sell(shop, "2026-11-02 10:00", "299.00")
        destination_id = shop.destination.pk

        def refund(shop: shops.Shop = shop, order: str = order) -> None:
            """Refund the order."""
            now = shops.instant(NOW)
            refunds.give(
                merchant_id=shop.line.pk,
                order=order,
                reference="R",
                amount=Money("120.00", "USD"),
                at=now,
                now=now,
            )

        def withdraw_all(shop: shops.Shop = shop, destination_id: int = destination_id) -> None:
            """Request a withdrawal of all."""
            ask(shop, "300.00", destination_id=destination_id)

        steps = (refund, withdraw_all)
        outcomes = at_once(lambda number, steps=steps: outcome(steps[number]), threads=2)  # type: ignore[misc]
        assert shop.proceeds() == ("-120.00" if outcomes == {"done": 2} else "180.00")
        entries = ProceedsEntry.objects.filter(line=shop.line)
        assert shop.line.proceeds == sum((entry.amount for entry in entries), usd(0))
