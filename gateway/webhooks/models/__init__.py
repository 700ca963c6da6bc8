"""WebhookEndpoint  an address that is told of chosen types of events; never deleted.
WebhookSecret    what requests to an endpoint are signed with; one is current, others still count.
WebhookEvent     something that happened, written by the database in its cause's transaction.
WebhookDelivery  one event on its way to one endpoint.
WebhookAttempt   one request of a delivery, and its answer; append-only.
"""

from gateway.webhooks.models.causes import (
    FreezesTold,
    InvoiceDecisionsTold,
    InvoicesTold,
    LimitEntriesTold,
    OrdersTold,
    PaymentPlansTold,
    PaymentsTold,
    ReviewsTold,
    StatementsTold,
    WithdrawalsTold,
)
from gateway.webhooks.models.endpoints import WebhookEndpoint, WebhookSecret
from gateway.webhooks.models.outbox import WebhookAttempt, WebhookDelivery, WebhookEvent

__all__ = [
    "FreezesTold",
    "InvoiceDecisionsTold",
    "InvoicesTold",
    "LimitEntriesTold",
    "OrdersTold",
    "PaymentPlansTold",
    "PaymentsTold",
    "ReviewsTold",
    "StatementsTold",
    "WebhookAttempt",
    "WebhookDelivery",
    "WebhookEndpoint",
    "WebhookEvent",
    "WebhookSecret",
    "WithdrawalsTold",
]
