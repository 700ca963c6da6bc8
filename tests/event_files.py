"""Files of events: written by shops, replayed by the command, compared by what they did."""

import json
import random
from collections.abc import Callable, Iterable
from io import StringIO
from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.db import transaction
from django.test import override_settings

from billing.models import Charge, Invoice, Payment
from gateway.models import Replay, ReplayRejection
from tests import books
from tests.shops import Shop

Events = list[dict[str, Any]]


def write(path: Path, lines: Iterable[dict[str, Any] | str]) -> Path:
    """Write these events into a file, one line each; a string goes in as it is."""
    texts = (line if isinstance(line, str) else json.dumps(line) for line in lines)
    path.write_text("".join(f"{text}\n" for text in texts), encoding="utf-8")
    return path


def replay(
    path: Path, until: str | None = None, *, beyond_now: bool = True, sandbox: bool = True
) -> str:
    """Run `manage.py replay` on the file: for a demonstration or, without `sandbox`, for a move-in.
    Events beyond the clock are applied, too, unless `beyond_now` is false. Returns what it printed.

    What it rejects goes into `rejected.csv` beside the file.
    """
    output = StringIO()
    rejected = path.with_name("rejected.csv")
    with override_settings(TAEL_SANDBOX=sandbox):
        call_command(
            "replay",
            path,
            until=until,
            rejected=rejected,
            beyond_now=beyond_now,
            stdout=output,
        )
    return output.getvalue()


def everything() -> dict[str, Any]:
    """All that replays left behind, by references only."""
    return {
        "books": books.books(),
        "bills": sorted(
            Invoice.objects.values_list("number", "merchant_reference", "kind", "total", "status")
        ),
        "payments": sorted(Payment.objects.values_list("idempotency_key", "status", "amount")),
        "charges": sorted(
            Charge.objects.values_list("account__merchant__reference", "reference", "arrived_at")
        ),
        "outcomes": list(Replay.objects.order_by("name").values_list("outcomes", flat=True)),
        "rejected": sorted(ReplayRejection.objects.values_list("line", "code")),
    }


def undone(run: Callable[[], object]) -> dict[str, Any]:
    """Everything that `run` leaves behind, before all of it is rolled back."""
    everything_is_undone = transaction.atomic()
    everything_is_undone._from_testcase = True  # type: ignore[attr-defined]  # as of a test case
    with everything_is_undone:
        run()
        found = everything()
        transaction.set_rollback(True)
    return found


def a_month(seed: int = 1) -> Events:
    """Three shops from 1 November to 4 December 2026, in order of time."""
    events: Events = []

    def shop(reference: str, **terms: Any) -> Shop:
        """A shop whose events are not applied, but kept for the file."""
        return Shop(reference, sender=lambda event: events.append(event) or "", **terms)  # type: ignore[func-returns-value]

    sandbox = {"plan_price": "39", "payment_method": "sandbox", "billing_threshold": "100"}
    _some_history(shop("rosewood", **sandbox), seed)
    _some_history(shop("orchid", **sandbox, currency="THB", timezone="Asia/Bangkok"), seed + 1)
    zone = {"currency": "KWD", "timezone": "Asia/Kathmandu", "payment_days": 0}
    _some_history(
        shop("willow", billing_threshold="60.500", plan_interval_days=45, **zone), seed + 2
    )
    return sorted(events, key=lambda event: str(shop("any").at(event["at"])))


def _some_history(shop: Shop, seed: int) -> None:
    """Two months of the shop, by chance: orders, their steps, and charges."""
    rng = random.Random(seed)
    shop.join("2026-11-01 10:00")
    for day in range(1, 34, 2):
        at = (
            f"2026-{11 + day // 30}-{day % 30 + 1:02} {rng.randrange(24):02}:{rng.randrange(60):02}"
        )
        fees = ("shipping-label", "pick-pack", "storage", "transaction-fee")
        shop.charge(at, rng.choice(fees), str(rng.randrange(90)), f"charge-{day}")
        shop.place(at, f"order-{day}", str(rng.randrange(1, 1500)), instalments=rng.choice([1, 3]))
        earlier = f"order-{rng.randrange(1, day + 1, 2)}"
        step = rng.choice([shop.ship, shop.deliver, shop.deliver, shop.cancel, None])
        if step:
            step(at, earlier)
        shop.pay(at, earlier, str(rng.randrange(800)), f"payment-{day}")
