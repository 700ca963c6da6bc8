"""How long is kept what came in and what webhooks told (rule 21.21). What came in is removed; of
imports and webhooks the rows stay, as the audit reads them, and what was said in them goes.
"""

from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet

from gateway.imports.models import Import, ImportedRow
from gateway.models import ReceivedEvent
from gateway.webhooks.models import WebhookAttempt, WebhookDelivery, WebhookEvent
from gateway.webhooks.models.outbox import HAS_ANSWER, HAS_DATA
from jobs.retention import KEPT, Kept


def register() -> None:
    """Register which of the gateway's rows the retention job removes, or empties of what was said
    in them, and after how long. Called once, when a program starts.
    """
    KEPT.register(
        Kept(30, "what came in by the API", "TAEL_RECEIVED_KEPT_DAYS", _received),
        Kept(31, "rows of imported files", "TAEL_IMPORTS_KEPT_DAYS", _imported, _empty_data),
        Kept(32, "bodies of webhooks", "TAEL_WEBHOOKS_KEPT_DAYS", _told, _empty_data),
        Kept(33, "answers to webhooks", "TAEL_WEBHOOKS_KEPT_DAYS", _answers, _empty_answers),
    )


def _received(before: datetime, now: datetime) -> "QuerySet[ReceivedEvent]":
    """The query for the records of events that came in by the API before the instant
    `before`. `now` is not used: all kinds of rows that are kept for a time are asked for
    with both.
    """
    return ReceivedEvent.objects.filter(received_at__lt=before)


def _imported(before: datetime, now: datetime) -> "QuerySet[ImportedRow]":
    """The query for the imported rows that were done before the instant `before`, still
    have data, and are of files of which all is done. `now` is not used: all kinds of rows
    that are kept for a time are asked for with both.
    """
    done = Import.Status.DONE
    return ImportedRow.objects.filter(HAS_DATA, done_at__lt=before, file__status=done)


def _told(before: datetime, now: datetime) -> "QuerySet[WebhookEvent]":
    """The query for the webhook events from before the instant `before` that still have data, have
    their number, and are on their way to nobody.
    """
    pending = WebhookDelivery.objects.filter(
        event=OuterRef("pk"), status=WebhookDelivery.Status.PENDING
    )
    return WebhookEvent.objects.filter(
        ~Exists(pending), HAS_DATA, at__lt=before, sequence__isnull=False
    )


def _answers(before: datetime, now: datetime) -> "QuerySet[WebhookAttempt]":
    """The query for the attempts at webhooks from before the instant `before` that still have what
    was answered.
    """
    return WebhookAttempt.objects.filter(HAS_ANSWER, at__lt=before)


def _empty_data(rows: "QuerySet[Any]") -> int:
    """Set the data of these rows to an empty object. Returns how many rows there were."""
    return rows.update(data={})


def _empty_answers(rows: "QuerySet[Any]") -> int:
    """Empty the answers and errors of these attempts. Returns how many there were."""
    return rows.update(answer="", error="")
