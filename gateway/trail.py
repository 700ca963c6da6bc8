"""What the audit trail tells of the API."""

from django.db.models import TextChoices


class Action(TextChoices):
    API_KEY_MADE = "API_KEY_MADE", "API key made"
    API_KEY_ROTATED = "API_KEY_ROTATED", "API key rotated"
    API_KEY_REVOKED = "API_KEY_REVOKED", "API key revoked"
    EVENT_SENT_AGAIN = "EVENT_SENT_AGAIN", "Refused event sent again"
