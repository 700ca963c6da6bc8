"""A window of a replay is one transaction about many merchants, beside jobs that lock them."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from threading import Event as Signal
from typing import Any

import pytest
from django.db import connection, transaction

from billing.operations import accounts
from gateway.events import EventRun
from lib import events
from tests import shops
from tests.processes import PATIENCE_SECONDS

pytestmark = pytest.mark.django_db(transaction=True)

NOW = shops.instant("2026-11-02 10:00")


def event(kind: str, **data: Any) -> events.Event:
    """An event of rosewood's, at NOW."""
    said = {"id": kind, "type": kind, "at": NOW.isoformat(), "merchant": "rosewood", "data": data}
    return events.from_object(said)


ORDER = event(
    "order.placed", order="A", buyer="Somchai", amount="5.00", currency="USD", instalments=1
)
CHARGE = event("charge.recorded", charge="C", fee="pick-pack", amount="1.00", currency="USD")


def test_orders_and_charges_of_one_window_do_not_deadlock_with_payments() -> None:
    """A payment locks the account, and then the line: so must the window, whatever comes first."""
    shop = shops.join("2026-11-01 10:00")
    placed = Signal()

    def window() -> list[str]:
        """Apply an order and a charge in one transaction: their outcomes."""
        with transaction.atomic():
            run = EventRun()
            run.hold([ORDER, CHARGE])
            run.apply(ORDER, now=NOW)
            placed.set()
            time.sleep(0.1)  # in which the other one gets as far as it can
            run.apply(CHARGE, now=NOW)
            outcomes = [outcome.status for outcome in run.finish()]
        connection.close()
        return outcomes

    def payment() -> datetime:
        """Lock both books as a payment does, once the order is placed."""
        assert placed.wait(PATIENCE_SECONDS)
        with transaction.atomic():
            account, line = accounts.lock_both(shop.merchant.pk, now=NOW)
        connection.close()
        return max(account.now, line.now)

    with ThreadPoolExecutor(2) as pool:
        first, second = pool.submit(window), pool.submit(payment)
        assert first.result(PATIENCE_SECONDS) == ["applied", "applied"]
        assert second.result(PATIENCE_SECONDS) == NOW
    assert (shop.order("A"), shop.figures()) == (("OPEN", "5.00"), ("1.00", "0.00"))
