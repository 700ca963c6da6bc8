"""The process is killed between sending a withdrawal and hearing the answer."""

import signal
import subprocess
import sys

import pytest
from django.conf import LazySettings
from django.db import connection

from config.local.datafolder import BASE_DIR
from credit.operations import payouts
from credit.providers import PROVIDERS
from tests import shops, sleepers
from tests.credit import payout_server
from tests.credit.payout_server import HttpProvider
from tests.credit.withdrawing import NOW, entries, notices, shop_with, status, withdraw
from tests.whole import full

pytestmark = pytest.mark.django_db(transaction=True)

SEND = """
import os, sys
os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
from django.conf import settings
database, url, withdrawal_id, now = sys.argv[1:]
settings.DATABASES["default"]["NAME"] = database
import django
django.setup()
from credit.operations import payouts
from credit.providers import PROVIDERS
from tests import shops
from tests.credit.payout_server import HttpProvider
PROVIDERS["http"] = HttpProvider(url)
payouts.send(int(withdrawal_id), now=shops.instant(now))
print("sent")
"""


@pytest.mark.parametrize("arrived", [True, *full(False)], ids=["it arrived", "it did not arrive"])
def test_killed_between_send_and_answer_it_is_paid_exactly_once(
    monkeypatch: pytest.MonkeyPatch, settings: LazySettings, arrived: bool
) -> None:
    with payout_server.running() as bank:
        monkeypatch.setitem(PROVIDERS, "http", HttpProvider(bank.url))
        settings.TAEL_PAYOUT_PROVIDER = "http"
        shop = shop_with("300.00")
        withdrawal = withdraw(shop, "100.00")
        bank.behaviour = "pays and kills" if arrived else "kills"
        process = subprocess.run(
            [
                sys.executable,
                "-c",
                SEND,
                str(connection.settings_dict["NAME"]),
                bank.url,
                str(withdrawal.pk),
                NOW,
            ],
            cwd=BASE_DIR,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert process.returncode == -signal.SIGKILL, process.stderr
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
