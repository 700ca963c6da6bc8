"""The process is killed between sending a withdrawal and hearing the answer."""

import signal
from functools import partial

import pytest
from django.conf import LazySettings

from credit.operations import payouts
from credit.providers import PROVIDERS
from tests import forked, shops, sleepers
from tests.credit import payout_server
from tests.credit.payout_server import HttpProvider
from tests.credit.withdrawing import NOW, entries, notices, shop_with, status, withdraw
from tests.whole import full

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("arrived", [True, *full(False)], ids=["it arrived", "it did not arrive"])
def test_killed_between_send_and_answer_it_is_paid_exactly_once(
    monkeypatch: pytest.MonkeyPatch, settings: LazySettings, arrived: bool
) -> None:
    with payout_server.running() as bank:
        monkeypatch.setitem(PROVIDERS, "http", HttpProvider(bank.url, bank))
        settings.TAEL_PAYOUT_PROVIDER = "http"
        shop = shop_with("300.00")
        withdrawal = withdraw(shop, "100.00")
        bank.behaviour = "pays and kills" if arrived else "kills"
        sending = partial(payouts.send, withdrawal.pk, now=shops.instant(NOW))
        assert forked.run(sending) == -signal.SIGKILL
        assert (status(withdrawal), shop.proceeds()) == ("SENT", "200.00")
        assert bank.paid == ([withdrawal.reference] if arrived else [])

        bank.behaviour = "pays"
        payouts.send(withdrawal.pk, now=shops.instant("2026-11-03 10:05"))  # nothing to send
        assert len(bank.paid) == int(arrived)
        payouts.reconcile(withdrawal.pk, now=shops.instant("2026-11-03 10:10"))
        assert status(withdrawal) == "SENT"  # its lease is live
        sleepers.run_out()
        payouts.reconcile(withdrawal.pk, now=shops.instant("2026-11-03 10:20"))
        assert bank.paid == [withdrawal.reference]
    assert status(withdrawal) == "PAID"
    assert entries(shop) == ["SALE 300.00", "WITHDRAWAL -100.00"]
    assert notices(shop) == [("WITHDRAWAL_DONE", withdrawal.reference)]
