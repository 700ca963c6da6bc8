"""The process is killed between sending an attempt and hearing the answer."""

import os
import signal
from datetime import datetime
from functools import partial
from typing import Any

import pytest

from billing.models import Payment
from billing.operations import payments
from billing.providers.registry import PROVIDERS
from tests import forked, sleepers
from tests.billing.paying import (
    GOOD,
    attempts,
    billed,
    invoice,
    state,
)
from tests.whole import full

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("sandbox")]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("arrived", [*full("1"), "0"], ids=["it arrived", "it did not arrive"])
def test_killed_before_the_answer_it_is_paid_exactly_once(
    monkeypatch: pytest.MonkeyPatch, arrived: str
) -> None:
    shop = billed(card=GOOD)
    sandbox = type(PROVIDERS["sandbox"])
    collect = sandbox.collect

    def killed(self: Any, payment: Payment, *, now: datetime) -> None:
        if arrived == "1":
            collect(self, payment, now=now)
        os.kill(os.getpid(), signal.SIGKILL)

    monkeypatch.setattr(sandbox, "collect", killed)
    collecting = partial(payments.collect, invoice().pk, now=shop.at("2026-11-01 11:00"))
    assert forked.run(collecting) == -signal.SIGKILL
    monkeypatch.setattr(sandbox, "collect", collect)
    assert attempts(shop) == ["2026-11-01 11:00 PENDING"]
    shop.run_jobs("2026-11-01 12:00")  # its lease is live
    assert attempts(shop) == ["2026-11-01 11:00 PENDING"]
    sleepers.run_out()
    shop.run_jobs("2026-11-01 13:00")
    assert attempts(shop) == ["2026-11-01 11:00 SUCCEEDED"]
    again = None if arrived == "1" else shop.at("2026-11-01 13:00")
    assert Payment.objects.get().asked_again_at == again
    assert state() == "PAID 39.00/39.00"
