"""Questions about endpoints and deliveries. Nothing here writes."""

from collections.abc import Sequence
from datetime import datetime

from django.db.models import Exists, OuterRef, Q

from gateway.webhooks.models import WebhookDelivery, WebhookEndpoint, WebhookEvent


def endpoints_to_visit(now: datetime) -> Sequence[int]:
    """The endpoints that are to be told something by now.

    While events have no number yet, whom they are for is still to be found out: then all endpoints.
    """
    pending = WebhookDelivery.objects.filter(
        endpoint=OuterRef("pk"), status=WebhookDelivery.Status.PENDING, next_attempt_at__lte=now
    )
    unnumbered = WebhookEvent.objects.filter(sequence__isnull=True)
    found = WebhookEndpoint.objects.filter(Q(Exists(pending)) | Q(Exists(unnumbered)), is_on=True)
    return list(found.order_by("pk").values_list("pk", flat=True))


def next_delivery(endpoint_id: int, now: datetime) -> WebhookDelivery | None:
    """What the endpoint is to be told next: the first of what is due, in the order of its events.

    None where nothing is due, or the endpoint is off.
    """
    pending = WebhookDelivery.objects.filter(
        endpoint=endpoint_id,
        endpoint__is_on=True,
        status=WebhookDelivery.Status.PENDING,
        next_attempt_at__lte=now,
    )
    return pending.select_related("event__merchant", "endpoint").order_by("pk").first()
