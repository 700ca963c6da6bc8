"""What tests of webhooks have in common: endpoints, what is in the outbox, and what is sent."""

from collections.abc import Sequence
from typing import Any

from gateway.webhooks.event_types import EVENT_TYPES
from gateway.webhooks.jobs import DELIVER
from gateway.webhooks.models import WebhookDelivery, WebhookEndpoint, WebhookEvent
from gateway.webhooks.operations import deliveries, endpoints
from gateway.webhooks.operations.endpoints import Secret
from tests import shops

ADMINISTRATOR = "ada@tael.example"
LONG_AGO = "2026-10-01 00:00"
PLACED = "2026-11-02 10:00"  # the first of the orders that `decline` places
BY = {"reason": "The warehouse asked for it.", "actor": ADMINISTRATOR}


def endpoint(
    url: str, types: Sequence[str] = (), *, at: str = LONG_AGO, merchant: str = ""
) -> Secret:
    """An endpoint that is told of these types of events, or of all."""
    chosen = types or list(EVENT_TYPES)
    now = shops.instant(at)
    return endpoints.add(url=url, types=chosen, merchant=merchant, now=now, **BY)


def deliver(at: str) -> None:
    """Run the job that sends webhooks, once."""
    DELIVER.run_here(shops.instant(at))


def decline(shop: shops.Shop, *orders: str) -> None:
    """Have the shop place orders that the line cannot take, a minute apart."""
    for number, order in enumerate(orders):
        at = f"2026-11-02 10:{number:02}"
        assert shop.place(at, order, "9000.00") == "declined insufficient_credit"


def outbox(*types: str) -> list[tuple[str, str, str, dict[str, Any]]]:
    """Merchant, type, instant and data of what is in the outbox, or of these types."""
    found = WebhookEvent.objects.filter(type__in=types or list(EVENT_TYPES)).order_by("pk")
    return [
        (
            event.merchant.reference,
            event.type,
            f"{event.at:%Y-%m-%d %H:%M}",
            EVENT_TYPES[event.type].written(event.data),
        )
        for event in found.select_related("merchant")
    ]


def standing(endpoint_id: int | None = None) -> list[str]:
    """The order or type, the status and the attempts of each delivery."""
    found = WebhookDelivery.objects.select_related("event").order_by("pk")
    if endpoint_id:
        found = found.filter(endpoint=endpoint_id)
    return [
        f"{one.event.data.get('order', one.event.type)} {one.status} {one.attempts}"
        for one in found
    ]


def attempts() -> list[tuple[str, int | None, str, str]]:
    """When each attempt was, and its status, answer and error."""
    found = [
        one for row in WebhookDelivery.objects.order_by("pk") for one in row.log.order_by("pk")
    ]
    return [(f"{one.at:%m-%d %H:%M}", one.status, one.answer, one.error) for one in found]


def resend(delivery: WebhookDelivery, at: str) -> None:
    """Have the delivery sent again."""
    deliveries.resend(delivery_id=delivery.pk, now=shops.instant(at), **BY)


def resend_parked(to: WebhookEndpoint, at: str) -> None:
    """Have all parked deliveries of the endpoint sent again."""
    deliveries.resend_parked(endpoint_id=to.pk, now=shops.instant(at), **BY)
