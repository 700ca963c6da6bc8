"""What the trail calls what our people tell merchants."""

from django.db.models import TextChoices


class Action(TextChoices):
    MESSAGE_SENT = "MESSAGE_SENT", "Message sent to the merchant"
