"""Two shops of a marketplace that moves in, one in each of two cells, whose past is replayed before
it opens (rule 23.14).
"""

from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.utils import timezone
from pytest_django import Settings

from billing.models import Payment
from lib import cells
from tests import event_files, shops

# Of each shop: a bill for its plan and one for each 100.00, all of them settled outside.
SETTLED = [("PAID", True, ("moved-in", "SUCCEEDED", 1, True, True))] * 6


def replayed(folder: Path, settings: Settings) -> None:
    """Replay twelve days of trade, which end yesterday, of a shop in cell 1 and one in cell 2."""
    settings.TAEL_SANDBOX = False
    start = timezone.now().replace(hour=10, minute=0, second=0, microsecond=0) - timedelta(days=12)
    events: list[dict[str, Any]] = []
    for name in ("birch", "cedar"):
        terms: dict[str, Any] = {"plan_price": "39.00", "billing_threshold": "100.00"}
        shop = shops.Shop(name, sender=lambda event: events.append(event) or "", **terms)  # type: ignore[func-returns-value]
        shop.join(start.isoformat())
        for number in range(1, 12):
            at = (start + timedelta(days=number)).isoformat()
            shop.charge(at, "pick-pack", "50.00", f"charge-{number}")
    events.sort(key=lambda event: str(event["at"]))
    path = event_files.write(folder / "events.jsonl", events)
    call_command("replay", path, rejected=path.with_name("rejected.csv"), stdout=StringIO())


def settled(number: int) -> list[tuple[Any, ...]]:
    """What became of each bill in the cell with this number, as they were issued: its status,
    whether it was paid in full as it was issued, and of its payment the provider, the status, which
    attempt it is, and whether it is over all of the bill and as old.
    """
    with cells.at(number):
        found = Payment.objects.select_related("invoice").order_by("invoice")
        return [
            (
                one.invoice.status,
                (one.invoice.paid_at, one.invoice.amount_paid)
                == (one.invoice.issued_at, one.invoice.total),
                (
                    one.provider, one.status, one.attempt, one.amount == one.invoice.total,
                    one.ended_at == one.invoice.issued_at,
                ),
            )
            for one in found
        ]  # fmt: skip
