"""Questions about endpoints and deliveries. Nothing here writes."""

from collections.abc import Sequence
from datetime import datetime

from django.db.models import Exists, OuterRef, Q

from gateway.webhooks.models import WebhookDelivery, WebhookEndpoint, WebhookEvent


def endpoints_to_visit(now: datetime) -> Sequence[int]:
    """The primary keys, rising, of the endpoints that are on and to which a delivery of the present
    cell is due by `now`.

    While any event of the cell has no number yet, it is unknown whom it is for: then all endpoints
    that are on.
    """
    pending = WebhookDelivery.objects.filter(
        endpoint=OuterRef("pk"), status=WebhookDelivery.Status.PENDING, next_attempt_at__lte=now
    )
    unnumbered = WebhookEvent.objects.filter(sequence__isnull=True)
    found = WebhookEndpoint.objects.filter(Q(Exists(pending)) | Q(Exists(unnumbered)), is_on=True)
    return list(found.order_by("pk").values_list("pk", flat=True))


def next_delivery(endpoint_id: int, now: datetime) -> WebhookDelivery | None:
    """The delivery of the present cell that is to be sent to the endpoint next: the first of those
    that are due by `now`, in the order of the events, with its event, merchant and endpoint.

    None if nothing is due, or the endpoint is off.
    """
    pending = WebhookDelivery.objects.filter(
        endpoint=endpoint_id,
        endpoint__is_on=True,
        status=WebhookDelivery.Status.PENDING,
        next_attempt_at__lte=now,
    )
    return pending.select_related("event__merchant", "endpoint").order_by("pk").first()
