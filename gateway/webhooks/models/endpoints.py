"""Webhook endpoints, and the secrets that their deliveries are signed with."""

from datetime import datetime
from typing import ClassVar

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from lib import erasing
from lib.fields import EncryptedField, FormKeyField
from lib.form_keys import one_row_per_form
from merchants.models import Merchant


class WebhookEndpoint(models.Model):
    url = models.CharField(max_length=500)  # never changes: another address is another endpoint
    # Whose events it is told of; null: those of all merchants.
    merchant = models.ForeignKey(
        Merchant, on_delete=models.PROTECT, null=True, blank=True, related_name="webhook_endpoints"
    )
    types = ArrayField(models.CharField(max_length=40))  # of events; see event_types
    description = models.CharField(max_length=200, blank=True)
    is_on = models.BooleanField(default=True)  # one that is off is told nothing
    added_at = models.DateTimeField()  # it is told of what happened from then on
    added_by = models.CharField(max_length=254)
    request_key = FormKeyField()

    class Meta:
        constraints: ClassVar = [
            one_row_per_form("added_by", "one_endpoint_per_submitted_form"),
            models.CheckConstraint(
                condition=Q(types__len__gt=0), name="endpoint_is_told_of_some_type"
            ),
        ]
        triggers: ClassVar = [
            pgtrigger.Protect(name="endpoint_is_never_deleted", operation=pgtrigger.Delete),
            erasing.ReadOnly(
                name="endpoint_keeps_its_address",
                fields=["url", "merchant", "added_at", "added_by"],
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.pk} {self.url}"


class WebhookSecret(models.Model):
    endpoint = models.ForeignKey(WebhookEndpoint, on_delete=models.PROTECT, related_name="secrets")
    secret = EncryptedField(
        bound_to=("endpoint.merchant_id", "endpoint_id", "id"), called="webhook secrets"
    )
    made_at = models.DateTimeField()
    # Set when another one takes its place: until then requests are signed with both.
    valid_until = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["endpoint"],
                condition=Q(valid_until__isnull=True),
                name="one_current_secret_per_endpoint",
            ),
        ]
        triggers: ClassVar = [
            pgtrigger.Protect(name="webhook_secret_is_never_deleted", operation=pgtrigger.Delete),
            pgtrigger.ReadOnly(
                name="webhook_secret_stays_its_endpoints", fields=["endpoint", "made_at"]
            ),
        ]

    def __str__(self) -> str:
        return f"Secret #{self.pk}"

    def is_valid(self, now: datetime) -> bool:
        """Whether requests to the endpoint are signed with this secret at `now`: one that ends is
        valid before `valid_until`, but not at that instant.
        """
        return self.valid_until is None or now < self.valid_until
