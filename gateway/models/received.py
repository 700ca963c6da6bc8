"""What came in by the API (docs/api.md)."""

from typing import ClassVar

from django.db import models

from gateway.models.keys import ApiKey


class ReceivedEvent(models.Model):
    """One event as it was sent, with its outcome; written after it was applied or refused.

    What another system said is kept as far as possible: `data` is the text of its JSON, since
    PostgreSQL's own JSON refuses characters that a refused event may well have.
    """

    class Outcome(models.TextChoices):
        APPLIED = "applied", "Applied"
        DUPLICATE = "duplicate", "Duplicate"
        DECLINED = "declined", "Declined"
        REJECTED = "rejected", "Rejected"

    received_at = models.DateTimeField()
    key = models.ForeignKey(
        ApiKey, null=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    request = models.CharField(max_length=64)  # the id of the request that brought it
    event = models.CharField(max_length=100)  # its id, as far as there was one
    type = models.CharField(max_length=100)
    merchant = models.CharField(max_length=100)  # the reference that it names
    said_at = models.DateTimeField(null=True)  # its `at`; null where it could not be read
    data = models.TextField()
    outcome = models.CharField(max_length=10, choices=Outcome.choices)
    code = models.CharField(max_length=40)  # of a refusal; "" otherwise
    reason = models.TextField()
    # An operator sent it again: then this row says what became of it the first time, and that of
    # the second try names it, unless the merchant has joined another cell since.
    sent_again_at = models.DateTimeField(null=True)
    again = models.ForeignKey("self", null=True, on_delete=models.SET_NULL, related_name="tries")

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["received_at"], name="received_by_time"),
            models.Index(fields=["merchant", "-id"], name="received_of_merchant"),
            models.Index(fields=["event", "-id"], name="received_by_event"),
            models.Index(
                fields=["-id"],
                condition=models.Q(outcome="rejected"),
                name="received_and_rejected",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.type or 'no event'} {self.event}".strip()

    @property
    def can_be_sent_again(self) -> bool:
        """Whether the event was refused, was not sent again yet, and has an id and an instant."""
        is_event = bool(self.event and self.said_at)
        return self.outcome == self.Outcome.REJECTED and is_event and self.sent_again_at is None
