"""Who asks the bank holds a lease: whatever sleeps, dies or breaks, a withdrawal is paid once."""

from collections.abc import Iterator

import pytest
from django.conf import LazySettings

from credit.operations import destinations, payouts
from credit.providers import PROVIDERS
from tests import shops, sleepers
from tests.credit import payout_server
from tests.credit.payout_server import Bank, HttpProvider
from tests.credit.withdrawing import MERCHANT, NOW, entries, shop_with, status, withdraw

pytestmark = pytest.mark.django_db(transaction=True)

TEN_MINUTES_LATER = "2026-11-03 10:10"


@pytest.fixture
def bank(monkeypatch: pytest.MonkeyPatch, settings: LazySettings) -> Iterator[Bank]:
    """A bank on a server of its own, which withdrawals go to."""
    with payout_server.running() as bank:
        monkeypatch.setitem(PROVIDERS, "http", HttpProvider(bank.url, bank))
        settings.TAEL_PAYOUT_PROVIDER = "http"
        yield bank


def send(withdrawal_id: int) -> None:
    payouts.send(withdrawal_id, now=shops.instant(NOW))


def reconcile(withdrawal_id: int, at: str = TEN_MINUTES_LATER) -> None:
    payouts.reconcile(withdrawal_id, now=shops.instant(at))


def test_a_worker_that_sleeps_past_its_lease_sends_nothing_when_it_wakes(
    bank: Bank, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = shop_with("300.00")
    withdrawal = withdraw(shop, "100.00")
    with sleepers.asleep(monkeypatch, lambda: send(withdrawal.pk)) as worker:
        assert status(withdrawal) == "SENT"
        sleepers.kill(worker.backend)
        sleepers.run_out()
        reconcile(withdrawal.pk)
        assert (status(withdrawal), bank.paid) == ("PAID", [withdrawal.reference])
        worker.wake()
    assert worker.error is None
    assert bank.paid == [withdrawal.reference]
    assert (status(withdrawal), shop.proceeds()) == ("PAID", "200.00")
    assert entries(shop) == ["SALE 300.00", "WITHDRAWAL -100.00"]
    assert sleepers.held() == []


def test_while_the_lease_is_live_nobody_asks_nor_decides(
    bank: Bank, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = shop_with("300.00")
    withdrawal = withdraw(shop, "100.00")
    with sleepers.asleep(monkeypatch, lambda: send(withdrawal.pk)) as worker:
        sleepers.kill(worker.backend)
        reconcile(withdrawal.pk)
        reconcile(withdrawal.pk, "2026-11-03 20:00")
        assert (bank.asked, bank.paid, status(withdrawal)) == ([], [], "SENT")
        worker.wake()
    assert worker.error is None
    assert (status(withdrawal), bank.paid) == ("PAID", [withdrawal.reference])
    assert (shop.proceeds(), entries(shop)[1:]) == ("200.00", ["WITHDRAWAL -100.00"])


def test_what_comes_back_is_settled_on_a_new_connection(bank: Bank) -> None:
    shop = shop_with("300.00")
    withdrawal = withdraw(shop, "100.00")
    bank.behaviour = "waits"
    with sleepers.elsewhere(lambda: send(withdrawal.pk)) as worker:
        worker.wakes.set()
        assert bank.received.wait(sleepers.SECONDS)
        sleepers.kill(worker.backend)
        bank.go_on.set()
        worker.join(sleepers.SECONDS)
    assert worker.error is None
    assert (status(withdrawal), bank.paid) == ("PAID", [withdrawal.reference])
    assert sleepers.held() == []


@pytest.mark.full  # nor is it sent again, above
def test_what_the_bank_never_received_goes_to_no_destination_that_was_removed(bank: Bank) -> None:
    shop = shop_with("300.00")
    withdrawal = withdraw(shop, "100.00")
    bank.behaviour = "drops it"
    send(withdrawal.pk)
    assert status(withdrawal) == "UNKNOWN"
    destinations.remove(
        merchant_id=shop.line.pk,
        destination_id=withdrawal.destination_id,
        actor=MERCHANT,
        now=shops.instant("2026-11-03 10:05"),
    )
    bank.behaviour = "pays"
    reconcile(withdrawal.pk)
    assert (status(withdrawal), bank.paid) == ("FAILED", [])
    assert entries(shop) == ["SALE 300.00", "WITHDRAWAL -100.00", "RETURNED 100.00"]
    withdrawal.refresh_from_db()
    assert withdrawal.reason == "Its destination was removed before anything was paid there."
