"""The body and the signature of a request, as the Standard Webhooks specification says."""

import base64
import json
import secrets as random
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from standardwebhooks import Webhook

from gateway.webhooks.event_types import EVENT_TYPES
from gateway.webhooks.models import WebhookEvent

SECRET_BYTES = 32
PREFIX = "whsec_"


def new_secret() -> str:
    """A new random secret, in the form that receivers' libraries expect."""
    return PREFIX + base64.b64encode(random.token_bytes(SECRET_BYTES)).decode()


def body(event: WebhookEvent) -> str:
    """The body of every request about the event, as JSON text; the same at every attempt. The event
    has its number by then, and its data are still kept.
    """
    said: dict[str, Any] = {
        "type": event.type,
        "timestamp": event.at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "merchant": event.merchant.reference,
        "sequence": event.sequence,
        "data": EVENT_TYPES[event.type].written(event.data),
    }
    return json.dumps(said, ensure_ascii=False, separators=(",", ":"))


def headers(event: WebhookEvent, text: str, secrets: Sequence[str], at: datetime) -> dict[str, str]:
    """The headers of a request with the body `text` that is sent at the instant `at`, with a
    signature by each of these secrets, in their order.
    """
    name, at = f"evt_{event.uid.hex}", at.astimezone(UTC)
    signatures = (Webhook(secret).sign(msg_id=name, timestamp=at, data=text) for secret in secrets)
    return {
        "content-type": "application/json",
        "user-agent": "Tael-Webhooks/1",
        "webhook-id": name,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": " ".join(signatures),
    }
