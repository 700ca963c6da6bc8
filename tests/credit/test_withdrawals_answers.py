"""A provider over HTTP, which answers late, badly or never."""

from collections.abc import Iterator

import pytest
from django.conf import LazySettings

from credit.models import Withdrawal
from credit.operations import destinations, payouts
from credit.operations.payouts import NotSent, ProviderDecides
from credit.providers import PROVIDERS
from credit.queries import withdrawals as queries
from lib import encrypted
from lib.refusals import AlreadyDecided, Invalid
from tests import shops
from tests.credit import payout_server
from tests.credit.payout_server import Bank, HttpProvider
from tests.credit.withdrawing import (
    MERCHANT,
    NOW,
    OPERATOR,
    entries,
    fresh,
    notices,
    paid_out,
    reconcile_all,
    send_all,
    shop_with,
    status,
    suspect,
    withdraw,
)
from tests.unchanged import nothing_changes
from tests.whole import full, some

pytestmark = pytest.mark.django_db

NO_ANSWER = ["drops it", "breaks before"]
PAID_WITHOUT_ANSWER = ["pays and hangs up", "pays and breaks", "pays and mumbles", "pays too late"]


@pytest.fixture
def shop() -> shops.Shop:
    """A shop with 50,000.00 of proceeds."""
    return shop_with("50000.00")


@pytest.fixture
def bank(monkeypatch: pytest.MonkeyPatch, settings: LazySettings) -> Iterator[Bank]:
    """A bank on a server of its own, which withdrawals go to."""
    with payout_server.running() as bank:
        monkeypatch.setitem(PROVIDERS, "http", HttpProvider(bank.url, bank))
        settings.TAEL_PAYOUT_PROVIDER = "http"
        yield bank


def test_it_is_told_the_number(shop: shops.Shop, bank: Bank) -> None:
    withdrawal = withdraw(shop, "120.00")
    send_all()
    assert (status(withdrawal), bank.paid) == ("PAID", [withdrawal.reference])
    assert bank.numbers == ["6212262000000050003"]


def test_it_refuses(shop: shops.Shop, bank: Bank) -> None:
    bank.behaviour = "refuses"
    withdrawal = withdraw(shop, "120.00")
    send_all()
    assert (status(withdrawal), fresh(withdrawal).reason) == ("FAILED", "The account is closed.")
    assert shop.proceeds() == "50000.00"


@pytest.mark.parametrize("behaviour", some(PAID_WITHOUT_ANSWER, 4))
def test_paid_without_an_answer_is_found_and_not_sent_again(
    shop: shops.Shop, bank: Bank, behaviour: str
) -> None:
    bank.behaviour = behaviour
    withdrawal = withdraw(shop, "120.00")
    send_all("2026-11-03 10:00")
    assert status(withdrawal) == "UNKNOWN"
    assert (shop.proceeds(), paid_out(shop), notices(shop)) == ("49880.00", "0.00", [])
    bank.behaviour = "pays"
    with nothing_changes():
        send_all("2026-11-03 10:05")  # nothing is sent blindly
    assert len(bank.paid) == 1
    reconcile_all("2026-11-03 10:05")
    assert (status(withdrawal), bank.paid) == ("PAID", [withdrawal.reference])
    assert fresh(withdrawal).provider_reference == f"bank-{withdrawal.reference}"
    assert fresh(withdrawal).ended_by == "reconcile-withdrawals"
    assert notices(shop) == [("WITHDRAWAL_DONE", withdrawal.reference)]


@pytest.mark.parametrize("behaviour", some(NO_ANSWER, 2))
def test_what_it_never_received_is_sent_again_once(
    shop: shops.Shop, bank: Bank, behaviour: str
) -> None:
    bank.behaviour = behaviour
    withdrawal = withdraw(shop, "120.00")
    send_all("2026-11-03 10:00")
    assert (status(withdrawal), bank.paid) == ("UNKNOWN", [])
    bank.behaviour = "pays"
    with nothing_changes():  # a request that we gave up on may still arrive
        reconcile_all("2026-11-03 10:09")
    assert bank.asked == [withdrawal.reference]
    reconcile_all("2026-11-03 10:10")
    assert (status(withdrawal), bank.paid) == ("PAID", [withdrawal.reference])
    assert fresh(withdrawal).sent_at == shop.at("2026-11-03 10:10")
    reconcile_all("2026-11-03 10:20")
    assert bank.paid == [withdrawal.reference]


def test_what_it_paid_to_a_removed_destination_is_paid(shop: shops.Shop, bank: Bank) -> None:
    bank.behaviour = "pays and hangs up"
    withdrawal = withdraw(shop, "120.00")
    send_all("2026-11-03 10:00")
    destinations.remove(
        merchant_id=shop.line.pk,
        destination_id=withdrawal.destination_id,
        actor=MERCHANT,
        now=shop.at("2026-11-03 10:05"),
    )
    reconcile_all("2026-11-03 10:10")
    assert (status(withdrawal), bank.paid) == ("PAID", [withdrawal.reference])


@pytest.mark.full  # sent once, above
def test_sent_again_without_an_answer_it_is_asked_about_again(shop: shops.Shop, bank: Bank) -> None:
    bank.behaviour = "drops it"
    withdrawal = withdraw(shop, "120.00")
    send_all("2026-11-03 10:00")
    reconcile_all("2026-11-03 10:10")
    assert status(withdrawal) == "UNKNOWN"
    with nothing_changes():
        reconcile_all("2026-11-03 10:15")  # five minutes after it was sent again
    bank.behaviour = "pays and hangs up"
    reconcile_all("2026-11-03 10:20")
    assert (status(withdrawal), bank.paid) == ("UNKNOWN", [withdrawal.reference])
    reconcile_all("2026-11-03 10:30")
    assert (status(withdrawal), bank.paid) == ("PAID", [withdrawal.reference])


@pytest.mark.full  # undecided ones in test_withdrawals_leases.py
def test_while_it_answers_no_question_nothing_is_sent(shop: shops.Shop, bank: Bank) -> None:
    bank.behaviour, bank.finds = "pays and hangs up", False
    withdrawal = withdraw(shop, "120.00")
    send_all("2026-11-03 10:00")
    bank.behaviour = "pays"
    with nothing_changes():
        for at in ("10:10", "10:20", "23:00"):
            reconcile_all(f"2026-11-03 {at}")
    assert (len(bank.asked), bank.paid) == (3, [withdrawal.reference])
    bank.finds = True
    reconcile_all("2026-11-04 08:00")
    assert (status(withdrawal), bank.paid) == ("PAID", [withdrawal.reference])


def test_one_that_failed_without_an_answer_comes_back(shop: shops.Shop, bank: Bank) -> None:
    bank.behaviour = "drops it"
    withdrawal = withdraw(shop, "120.00")
    send_all("2026-11-03 10:00")
    bank.failed.add(withdrawal.reference)
    reconcile_all("2026-11-03 10:05")
    assert (status(withdrawal), shop.proceeds()) == ("FAILED", "50000.00")
    assert entries(shop)[1:] == ["WITHDRAWAL -120.00", "RETURNED 120.00"]


def test_suspected_fraud_does_not_let_it_be_sent_again(shop: shops.Shop, bank: Bank) -> None:
    bank.behaviour = "drops it"
    withdrawal = withdraw(shop, "120.00")
    send_all("2026-11-03 10:00")
    suspect(shop)
    bank.behaviour = "pays"
    with nothing_changes():
        reconcile_all("2026-11-03 11:00")
    assert bank.paid == []
    bank.paid.append(withdrawal.reference)  # but what was paid was paid
    reconcile_all("2026-11-03 12:00")
    assert status(withdrawal) == "PAID"


def test_a_number_that_cannot_be_decrypted_is_not_sent(
    shop: shops.Shop, bank: Bank, settings: LazySettings
) -> None:
    withdrawal = withdraw(shop, "120.00")
    other = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
    ours, settings.TAEL_ENCRYPTION_KEYS = settings.TAEL_ENCRYPTION_KEYS, [other]
    send_all("2026-11-03 10:00")
    assert (status(withdrawal), bank.paid) == ("UNKNOWN", [])
    settings.TAEL_ENCRYPTION_KEYS = [other, *ours]
    assert encrypted.read(withdrawal.destination, "number")
    reconcile_all("2026-11-03 10:10")
    assert (status(withdrawal), bank.paid) == ("PAID", [withdrawal.reference])


def test_a_process_that_died_leaves_it_to_the_next_one(shop: shops.Shop, bank: Bank) -> None:
    """Killed for real in test_withdrawals_killed.py; here, what is then looked for, and when."""
    withdrawal = withdraw(shop, "120.00")
    Withdrawal.objects.filter(pk=withdrawal.pk).update(status="SENT", sent_at=shop.at(NOW))
    for at, found in (("10:09:59", []), ("10:10", [withdrawal.pk])):
        assert queries.to_reconcile(shop.at(f"2026-11-03 {at}")) == found
    reconcile_all("2026-11-03 10:10")
    assert (status(withdrawal), bank.paid) == ("PAID", [withdrawal.reference])


def test_one_that_cannot_be_dealt_with_keeps_no_other_waiting(
    shop: shops.Shop, bank: Bank, monkeypatch: pytest.MonkeyPatch, settings: LazySettings
) -> None:
    monkeypatch.setitem(PROVIDERS, "gone", HttpProvider(bank.url, bank))
    settings.TAEL_PAYOUT_PROVIDER = "gone"
    stuck = withdraw(shop, "1.00")
    monkeypatch.delitem(PROVIDERS, "gone")
    settings.TAEL_PAYOUT_PROVIDER = "http"
    other = withdraw(shop, "2.00")
    with pytest.raises(KeyError, match="gone"):
        send_all()
    assert (status(stuck), status(other)) == ("REQUESTED", "PAID")


# What operators learn by telephone.


def test_an_operator_decides_what_the_provider_keeps_silent_about(
    shop: shops.Shop, bank: Bank
) -> None:
    bank.behaviour, bank.finds = "drops it", False
    first, second = withdraw(shop, "100.00"), withdraw(shop, "200.00")
    now = shop.at("2026-11-03 12:00")
    with nothing_changes(), pytest.raises(NotSent):
        payouts.mark_paid(withdrawal_id=first.pk, reference="B-1", actor=OPERATOR, now=now)
    send_all()
    payouts.mark_paid(withdrawal_id=first.pk, reference=" B-1 ", actor=OPERATOR, now=now)
    payouts.mark_failed(
        withdrawal_id=second.pk, told="no such card", reason="no such card", actor=OPERATOR, now=now
    )
    assert (fresh(first).status, fresh(first).provider_reference) == ("PAID", "B-1")
    assert (fresh(second).status, fresh(second).ended_by) == ("FAILED", OPERATOR)
    assert (shop.proceeds(), paid_out(shop)) == ("49900.00", "100.00")
    with nothing_changes(), pytest.raises(AlreadyDecided):
        payouts.mark_failed(withdrawal_id=first.pk, told="no", reason="no", actor=OPERATOR, now=now)
    with nothing_changes(), pytest.raises(AlreadyDecided):
        payouts.mark_paid(withdrawal_id=second.pk, reference="B-2", actor=OPERATOR, now=now)


def test_nobody_decides_while_the_provider_is_being_asked(shop: shops.Shop, bank: Bank) -> None:
    withdrawal = withdraw(shop, "100.00")
    Withdrawal.objects.filter(pk=withdrawal.pk).update(status="SENT", sent_at=shop.at(NOW))
    with nothing_changes(), pytest.raises(ProviderDecides):
        payouts.mark_failed(
            withdrawal_id=withdrawal.pk, told="no", reason="no", actor=OPERATOR, now=shop.at(NOW)
        )


@pytest.mark.parametrize("reference", ["", *full(" ", "x" * 101)])
def test_a_payment_has_the_banks_reference(shop: shops.Shop, reference: str) -> None:
    withdrawal = withdraw(shop, "100.00")
    with nothing_changes(), pytest.raises(Invalid, match="bank_reference"):
        payouts.mark_paid(
            withdrawal_id=withdrawal.pk, reference=reference, actor=OPERATOR, now=shop.at(NOW)
        )
