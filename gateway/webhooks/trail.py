"""What the audit trail tells of webhooks."""

from django.db.models import TextChoices


class Action(TextChoices):
    ENDPOINT_ADDED = "ENDPOINT_ADDED", "Webhook endpoint added"
    ENDPOINT_TYPES = "ENDPOINT_TYPES", "Events of a webhook endpoint chosen"
    ENDPOINT_OFF = "ENDPOINT_OFF", "Webhook endpoint turned off"
    ENDPOINT_ON = "ENDPOINT_ON", "Webhook endpoint turned on"
    ENDPOINT_SECRET = "ENDPOINT_SECRET", "Secret of a webhook endpoint rotated"
    DELIVERY_RESENT = "DELIVERY_RESENT", "Webhook sent again"
