"""What waits for an operator about webhooks."""

from backoffice.queues import STUCK, Queue, with_status
from gateway.webhooks.models import WebhookDelivery

PARKED = Queue(
    name="parked",
    title="Webhooks that were not taken for three days",
    model=WebhookDelivery,
    which=with_status(WebhookDelivery.Status.PARKED, endpoint__is_on=True),
    since="ended_at",
    merchant="event__merchant_id",
    group=STUCK,
    place=40,
)
