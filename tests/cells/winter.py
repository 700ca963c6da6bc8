"""Two shops to which all happens, from November to February, that day-ends and their neighbours in
the timetable do, for tests of where it is done (rule 30.27).

One pays its bills by transfer, and does not; a buyer of it does not pay either. The other's bills
are paid by the sandbox.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from django.core.cache import cache
from django.db import OperationalError
from pytest_django import Settings

from config.timetable import TIMETABLE
from gateway.webhooks.models import WebhookDelivery, WebhookEvent
from jobs import in_cells, tasks
from lib import cells
from notices.models import Notice
from tests import shops
from tests.credit.pages import set_clock
from tests.factories import member
from tests.gateway.webhooks import hooks
from tests.gateway.webhooks.receivers import Receiver
from tests.shops import Shop

BEGINS = "2026-11-02 12:00"
TICKS = ("2026-11-03 01:00", "2026-12-02 01:00", "2027-02-12 01:00")

INVOICES = [
    "2026-11-01 SUBSCRIPTION 39.00",
    "2026-11-02 THRESHOLD 250.00",
    "2026-12-01 SUBSCRIPTION 51.50",
    "2026-12-31 SUBSCRIPTION 39.00",
    "2027-01-30 SUBSCRIPTION 39.00",
]
SAME: dict[str, Any] = {  # of both in the end
    "open": {"2027-02-12"},
    "figures": ("0.00", "0.00"),
    "invoices": INVOICES,
    "november": (True, {"FULFILMENT": (2, "262.50")}),
    "webhooks": (True, True),  # numbered without a gap, and all delivered
}
TOLD = [*["BILL_ISSUED"] * 5, *["REVIEW"] * 3, "STATEMENT_CLOSED"]
# The order is frozen for, and written off; bills fail, and freeze the line; three reviews cut it.
DONE: list[dict[str, Any]] = [
    {
        **SAME,
        "limit": ("500.00", "0.00", "500.00"),
        "frozen": ["UNPAID_BILL"],
        "order": ("WRITTEN_OFF", "0.00"),
        "paid": ["OPEN"] * 5,
        "notices": sorted(
            [
                *TOLD,
                *["FREEZE_PLACED"] * 2,
                *["FREEZE_LIFTED", "ORDER_OVERDUE"],
                *["PAYMENT_FAILED"] * 5,
            ]
        ),
    },
    {
        **SAME,
        "limit": ("2000.00", "0.00", "2000.00"),
        "frozen": [],
        "order": ("PAID", "0.00"),
        "paid": ["PAID"] * 5,
        "notices": TOLD,
    },
]


def opened(reference: str, number: int) -> list[Shop]:
    """The two shops, in the cell with this number, with what happened to them in November."""
    joins = partial(shops.join, "2026-11-01 09:00", plan_price="39.00")
    with cells.at(number):
        late = joins(reference, payment_method="manual")
        paid = joins(f"{reference}-2", payment_method="sandbox")
        for shop in (late, paid):
            marks = {"listing_quality": 10, "profile_completeness": 10, "after_sales": 10}
            assert shop.send("shop.metrics", "2026-11-02 08:00", rating="4.0", **marks) == "applied"
            assert shop.charge("2026-11-02 09:00", "pick-pack", "250.00", "C-1") == "applied"
            assert shop.charge("2026-11-02 09:00", "storage", "12.50", "C-2") == "applied"
            assert shop.place("2026-11-02 10:00", "A-1", "1500.00") == "applied"
            assert shop.ship("2026-11-02 10:30", "A-1") == "applied"
            assert shop.deliver("2026-11-02 11:00", "A-1") == "applied"
        assert paid.pay("2026-11-02 11:30", "A-1", "1500.00") == "applied"
    return [late, paid]


def begun(
    monkeypatch: pytest.MonkeyPatch, settings: Settings, receiver: Receiver
) -> tuple[Callable[[str], None], list[Shop], list[Shop]]:
    """A function that sets the clock, which stands where November begins, and the shops of cells 1
    and 2, each with an owner; the receiver gets their webhooks. What is sent to workers is done at
    once, by who sends it.
    """
    cache.clear()
    settings.TAEL_SANDBOX = True
    move = set_clock(monkeypatch)
    move(BEGINS)
    first, second = opened("larch", 1), opened("elder", 2)
    for shop in (*first, *second):
        member(shop)
    hooks.endpoint(receiver.url)
    do_chunk = tasks.do_chunk.run
    monkeypatch.setattr(tasks.do_chunk, "apply_async", lambda values, queue: do_chunk(*values))
    return move, first, second


def run_all(at: str) -> set[tuple[str, int]]:
    """Run all jobs of the timetable for the tick at this instant in each cell; returns the names of
    those that a cell did not let be done, each with the cell's number.
    """
    waiting = set()
    tick = shops.instant(at)
    for job in TIMETABLE:
        for cell in in_cells.of(job.where):
            try:
                tasks.run_job(job.name, tick=tick.isoformat(), cell=cell)
            except OperationalError:
                waiting.add((job.name, cell))
    return waiting


def became(found: list[Shop], number: int) -> list[dict[str, Any]]:
    """What the books say of the shops, which are in the cell with this number, and what their
    people and systems were told.
    """
    with cells.at(number):
        return [_became(shop) for shop in found]


def _became(shop: Shop) -> dict[str, Any]:
    """What the books of the cell say of the shop, and what was told."""
    merchant = shop.merchant
    told = WebhookEvent.objects.filter(merchant=merchant).order_by("sequence", "pk")
    numbered = list(told.values_list("sequence", flat=True))
    assert numbered in ([None] * len(numbered), list(range(1, len(numbered) + 1)))
    delivered = WebhookDelivery.objects.filter(event__merchant=merchant, status="DELIVERED")
    return {
        "open": {str(shop.line.open_on), str(shop.account.open_on)},
        "limit": shop.limit(),
        "frozen": shop.frozen_by(),
        "order": shop.order("A-1"),
        "figures": shop.figures(),
        "invoices": shop.invoices(),
        "paid": list(shop.account.invoices.order_by("pk").values_list("status", flat=True)),
        "november": shop.statement("2026-11"),
        "webhooks": (bool(numbered and numbered[0]), delivered.count() == len(numbered)),
        "notices": sorted(Notice.objects.filter(merchant=merchant).values_list("kind", flat=True)),
    }
