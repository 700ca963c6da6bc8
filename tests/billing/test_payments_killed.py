"""The process is killed between sending an attempt and hearing the answer."""

import os
import signal
import subprocess
import sys
from typing import Any

import pytest
from django.db import connection

from billing.models import Payment
from config.local.datafolder import BASE_DIR
from tests import sleepers
from tests.billing.paying import (
    GOOD,
    attempts,
    billed,
    invoice,
    state,
)
from tests.whole import full

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("sandbox")]


KILLED = """
import os, sys
os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
os.environ["TAEL_SANDBOX"] = "1"
from django.conf import settings
database, cache, invoice_id, now = sys.argv[1:]
settings.DATABASES["default"]["NAME"] = database
settings.CACHES["default"]["LOCATION"] = cache
import django
django.setup()
from billing.operations import payments
from billing.providers.registry import PROVIDERS
from tests import shops
sandbox = type(PROVIDERS["sandbox"])
collect = sandbox.collect
def killed(self, payment, *, now):
    if os.environ["ARRIVED"] == "1":
        try:
            collect(self, payment, now=now)
        except Exception:
            pass
    os.kill(os.getpid(), 9)
sandbox.collect = killed
payments.collect(int(invoice_id), now=shops.instant(now))
"""


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("arrived", [*full("1"), "0"], ids=["it arrived", "it did not arrive"])
def test_killed_before_the_answer_it_is_paid_exactly_once(settings: Any, arrived: str) -> None:
    shop = billed(card=GOOD)
    arguments = [
        str(connection.settings_dict["NAME"]),
        settings.CACHES["default"]["LOCATION"],
        str(invoice().pk),
        "2026-11-01 11:00",
    ]
    process = subprocess.run(
        [sys.executable, "-c", KILLED, *arguments],
        cwd=BASE_DIR,
        env={**os.environ, "ARRIVED": arrived},
        capture_output=True,
        check=False,
    )
    assert process.returncode == -signal.SIGKILL, process.stderr
    assert attempts(shop) == ["2026-11-01 11:00 PENDING"]
    shop.run_jobs("2026-11-01 12:00")  # its lease is live
    assert attempts(shop) == ["2026-11-01 11:00 PENDING"]
    sleepers.run_out()
    shop.run_jobs("2026-11-01 13:00")
    assert attempts(shop) == ["2026-11-01 11:00 SUCCEEDED"]
    again = None if arrived == "1" else shop.at("2026-11-01 13:00")
    assert Payment.objects.get().asked_again_at == again
    assert state() == "PAID 39.00/39.00"
