"""What the trail calls what our people tell merchants."""

from django.db.models import TextChoices


class Action(TextChoices):
    MAIL_SENT_AGAIN = "MAIL_SENT_AGAIN", "E-mail of a notice sent again"
    MESSAGE_SENT = "MESSAGE_SENT", "Message sent to the merchant"
