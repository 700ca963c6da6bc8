"""How the marketplace's systems stand to us before a test: keys, what came in, endpoints, and what
is on its way to them.
"""

import json
from datetime import datetime
from typing import Any

from factory.base import Factory
from factory.declarations import LazyFunction, Sequence, SubFactory
from moneyed import Money

from credit.operations import limits
from gateway import intake
from gateway.imports import operations as imports
from gateway.imports.models import Import
from gateway.models import ApiKey, ReceivedEvent, Scope
from gateway.operations import keys
from gateway.webhooks.event_types import EVENT_TYPES
from gateway.webhooks.models import WebhookDelivery, WebhookEndpoint
from gateway.webhooks.operations import endpoints, outbox
from tests.factories.base import OfShop
from tests.shops import Shop, instant

ADMINISTRATOR = "ada@tael.example"
OFFICER = "olga@tael.example"


class ApiKeyFactory(Factory[ApiKey]):
    """A key of the platform for everything, unless scopes or a merchant are named."""

    class Meta:
        model = ApiKey

    name = Sequence("Checkout {}".format)
    scopes = LazyFunction(lambda: list(Scope.values))
    requests_per_minute = 1000
    reason = "The checkout needs one."
    actor = ADMINISTRATOR
    now = instant("2026-11-01 09:00")

    @classmethod
    def _create(cls, model_class: Any, *args: Any, **kwargs: Any) -> Any:
        """Make the key; its text is lost."""
        key, _text = keys.make(**kwargs)
        return key


class ReceivedEventFactory(OfShop[ReceivedEvent]):
    """An event that came in for a shop and was refused, as there is no such order, unless another
    type and other data are named.
    """

    class Meta:
        model = ReceivedEvent

    id = Sequence("event-{}".format)
    type = "order.shipped"
    data = LazyFunction(lambda: {"order": "A-0"})
    key = SubFactory(ApiKeyFactory)

    @classmethod
    def _make(cls, shop: Shop, now: datetime, said: dict[str, Any]) -> ReceivedEvent:
        """Send the event by the API; it need not be one that is taken."""
        key = said.pop("key")
        sent = said | {"at": now.isoformat(), "merchant": shop.merchant.reference}
        intake.take([sent], key=key, request_id=said["id"], now=now)
        return ReceivedEvent.objects.latest("pk")


class ImportFactory(OfShop[Import]):
    """A file that an officer uploaded: one order of the shop, unless other rows are given."""

    class Meta:
        model = Import

    kind = "ORDERS"
    file_name = "orders.csv"
    rows = LazyFunction(lambda: [{"order": "I-1", "buyer": "Mei", "amount": "1.00"}])
    reason = "From the old shop's books."
    actor = OFFICER

    @classmethod
    def _make(cls, shop: Shop, now: datetime, said: dict[str, Any]) -> Import:
        """Upload a file with these rows."""
        told = {"merchant": shop.reference, "currency": shop.currency}
        lines = [json.dumps(told | row) for row in said.pop("rows")]
        return imports.upload(content="\n".join(lines).encode(), now=now, **said)


class EndpointFactory(Factory[WebhookEndpoint]):
    """An endpoint that is told of everything that happens to any merchant, unless types or a
    merchant's reference are named.
    """

    class Meta:
        model = WebhookEndpoint

    url = Sequence("https://hooks{}.shop.example/".format)
    types = LazyFunction(lambda: list(EVENT_TYPES))
    reason = "The warehouse asked for it."
    actor = ADMINISTRATOR
    now = instant("2026-10-01 09:00")

    @classmethod
    def _create(cls, model_class: Any, *args: Any, **kwargs: Any) -> Any:
        """Add the endpoint."""
        return endpoints.add(**kwargs).endpoint


class DeliveryFactory(OfShop[WebhookDelivery]):
    """What is on its way to an endpoint: that a shop has another limit."""

    class Meta:
        model = WebhookDelivery

    endpoint = SubFactory(EndpointFactory, types=["limit.changed"])
    limit = "4100.00"

    _amounts = ("limit",)

    @classmethod
    def _currency(cls, shop: Shop) -> str:
        """The currency of the credit line."""
        return str(shop.line.currency)

    @classmethod
    def _make(cls, shop: Shop, now: datetime, said: dict[str, Any]) -> WebhookDelivery:
        """Change the limit, of which the endpoint is then to be told."""
        limit: Money = said["limit"]
        by: dict[str, Any] = {"actor": "olga@tael.example", "reason": "They asked for it."}
        limits.set_limit(merchant_id=shop.merchant.pk, limit=limit, now=now, **by)
        outbox.number()
        return WebhookDelivery.objects.filter(endpoint=said["endpoint"]).latest("pk")
