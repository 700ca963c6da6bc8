"""What was under way comes to its end by itself: hours pass, and nobody does anything."""

import time
from collections.abc import Iterator
from datetime import timedelta

from django.db import Error, connection
from django.db.models import Q, QuerySet

from billing.models import Payment
from credit.models import Withdrawal
from gateway.imports.models import ImportedRow
from gateway.webhooks.models import WebhookDelivery, WebhookEvent
from jobs.models import JobFailure, JobRun
from lib import clock
from notices import queries as notices
from tests.chaos.world import World

STEP = timedelta(minutes=20)
STEP_SECONDS = 2.0


def unfinished() -> Iterator[str]:
    """What is still under way, in words."""
    under_way: dict[str, QuerySet] = {  # type: ignore[type-arg]
        "job runs open": JobRun.objects.filter(ended_at=None),
        "rows parked": JobFailure.objects.filter(resolved_at=None),
        "payments without an outcome": Payment.objects.filter(status__in=("PENDING", "UNKNOWN")),
        "withdrawals without an outcome": Withdrawal.objects.exclude(
            Q(status="PAID") | Q(status="FAILED") | Q(status="CANCELLED") | Q(status="REJECTED")
        ),
        "webhook events not numbered": WebhookEvent.objects.filter(sequence=None),
        "deliveries on their way": WebhookDelivery.objects.filter(status="PENDING"),
        "rows of imports not taken in": ImportedRow.objects.filter(outcome=""),
    }
    for what, rows in under_way.items():
        if number := rows.count():
            yield f"{number} {what}: {list(rows.order_by('pk')[:3])}"
    if waiting := len(notices.notices_to_mail(clock.now())):
        yield f"{waiting} notices not mailed"


def drain(world: World, *, seconds: float) -> list[str]:
    """Let hours pass until nothing is under way. Returns what still is after so many seconds."""
    until, left = time.monotonic() + seconds, ["nobody could look"]
    is_step = 0.0
    while time.monotonic() < until:
        try:
            left = list(unfinished())
        except Error as error:
            left = [f"nobody could look: {error}"]
        connection.close()
        if not left:
            return []
        if time.monotonic() >= is_step:
            world.move_clock(STEP)
            is_step = time.monotonic() + STEP_SECONDS
        time.sleep(0.3)
    return left
