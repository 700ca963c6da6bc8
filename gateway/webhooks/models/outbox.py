"""What webhooks are to tell, to whom, and each attempt at it."""

from typing import ClassVar

import pgtrigger
from django.contrib.postgres.functions import RandomUUID
from django.db import models
from django.db.models import Q

from gateway.webhooks.event_types import EVENT_TYPES
from gateway.webhooks.models.endpoints import WebhookEndpoint
from lib import erasing
from merchants.models import Merchant

HAS_DATA = ~Q(data={})  # what was told is emptied when it is old (gateway.retention)
HAS_ANSWER = Q(answer__gt="") | Q(error__gt="")


class WebhookEvent(models.Model):
    """Something that happened to a merchant and is to be told to endpoints. Only triggers write it
    (gateway.webhooks.models.causes).
    """

    # What receivers know it by: the same at every attempt, and at no other installation.
    uid = models.UUIDField(unique=True, db_default=RandomUUID())
    merchant = models.ForeignKey(
        Merchant, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    type = models.CharField(max_length=40)
    cause_id = models.BigIntegerField()  # the key of the row that it tells of
    at = models.DateTimeField()  # when it happened, by the books
    data = models.JSONField()  # see event_types; amounts with the digits of their column
    # 1, 2, … of its merchant. Given after the commit, before anybody is told of it: a number given
    # within the cause's transaction would make all causes of a merchant wait for each other.
    sequence = models.PositiveBigIntegerField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["type", "cause_id"], name="one_webhook_event_per_cause"
            ),
            models.UniqueConstraint(
                fields=["merchant", "sequence"], name="one_webhook_event_per_merchant_and_number"
            ),
            models.CheckConstraint(
                condition=Q(type__in=list(EVENT_TYPES)), name="webhook_event_has_a_known_type"
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["id"], condition=Q(sequence__isnull=True), name="webhook_event_to_number"
            ),
            # What is emptied when it is old.
            models.Index(fields=["at"], condition=HAS_DATA, name="webhook_event_with_data"),
        ]
        triggers: ClassVar = [
            pgtrigger.Protect(name="webhook_event_is_never_deleted", operation=pgtrigger.Delete),
            erasing.ReadOnly(
                name="webhook_event_never_changes",
                exclude=["sequence"],
                names_people=("data",),
                can_be_emptied=("data",),
                emptied_if="OLD.sequence IS NOT NULL",
            ),
            erasing.Protect(
                name="webhook_event_is_numbered_once",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__sequence__isnull=False),
                names_people=("data",),
                can_be_emptied=("data",),
                emptied_if="OLD.sequence IS NOT NULL",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.uid}"


class WebhookDelivery(models.Model):
    class Status(models.TextChoices):
        PENDING = "PENDING", "On its way"
        DELIVERED = "DELIVERED", "Delivered"
        PARKED = "PARKED", "Parked"

    event = models.ForeignKey(WebhookEvent, on_delete=models.PROTECT, related_name="deliveries")
    endpoint = models.ForeignKey(
        WebhookEndpoint, on_delete=models.PROTECT, related_name="deliveries", db_index=False
    )
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.PENDING)
    attempts = models.PositiveIntegerField(default=0)  # how many WebhookAttempts it has
    # Of this round: three days after it the delivery is parked. Sent again by hand, it has another.
    first_attempt_at = models.DateTimeField(null=True, blank=True)
    next_attempt_at = models.DateTimeField(null=True, blank=True)  # exactly while it is PENDING
    ended_at = models.DateTimeField(null=True, blank=True)  # when it was delivered or parked last

    class Meta:
        verbose_name_plural = "webhook deliveries"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["event", "endpoint"], name="one_delivery_per_event_and_endpoint"
            ),
            models.CheckConstraint(
                condition=Q(status="PENDING", next_attempt_at__isnull=False)
                | (~Q(status="PENDING") & Q(next_attempt_at__isnull=True, ended_at__isnull=False)),
                name="delivery_has_a_next_attempt_exactly_while_it_is_pending",
            ),
        ]
        indexes: ClassVar = [
            # What an endpoint is told next, in the order of the events.
            models.Index(
                fields=["endpoint", "id"],
                condition=Q(status="PENDING"),
                name="delivery_to_attempt",
            ),
            # What waits for an operator.
            models.Index(fields=["ended_at"], condition=Q(status="PARKED"), name="delivery_parked"),
            models.Index(fields=["endpoint", "-id"], name="delivery_history"),
        ]
        triggers: ClassVar = [
            pgtrigger.Protect(name="delivery_is_never_deleted", operation=pgtrigger.Delete),
            pgtrigger.ReadOnly(name="delivery_stays_its_events", fields=["event", "endpoint"]),
        ]

    def __str__(self) -> str:
        return f"Delivery #{self.pk}"

    @property
    def is_pending(self) -> bool:
        """Whether it is still to be tried: it was neither delivered nor parked."""
        return self.status == self.Status.PENDING


class WebhookAttempt(models.Model):
    delivery = models.ForeignKey(WebhookDelivery, on_delete=models.PROTECT, related_name="log")
    at = models.DateTimeField()
    milliseconds = models.PositiveIntegerField()  # until the answer, or until it was given up
    status = models.PositiveSmallIntegerField(null=True, blank=True)  # of HTTP; null: no answer
    answer = models.CharField(max_length=500, blank=True)  # how its body begins
    error = models.CharField(max_length=500, blank=True)  # why there is no answer

    class Meta:
        triggers: ClassVar = [
            erasing.Protect(
                name="attempt_is_append_only",
                operation=pgtrigger.Update | pgtrigger.Delete,
                can_be_emptied=("answer", "error"),
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["at"], condition=HAS_ANSWER, name="webhook_attempt_with_answer"),
        ]

    def __str__(self) -> str:
        return f"Attempt #{self.pk}"

    @property
    def was_taken(self) -> bool:
        """Whether the receiver accepted the event: it answered with any 2xx."""
        return self.status is not None and 200 <= self.status < 300
