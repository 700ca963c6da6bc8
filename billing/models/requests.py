"""Merchants' requests for a higher billing threshold."""

from typing import ClassVar

import pgtrigger
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from billing.models.accounts import BillingAccount
from lib.fields import AmountField, CurrencyField, FormKeyField, currency_never_changes
from lib.form_keys import one_row_per_form

# Every step a request can take.
TRANSITIONS = [("PENDING", "APPROVED"), ("PENDING", "REJECTED")]


class ThresholdRequest(models.Model):
    """A merchant asks for a higher threshold; an operator answers with a reason."""

    class Status(models.TextChoices):
        PENDING = "PENDING", _("Waits for an answer")
        APPROVED = "APPROVED", _("Approved")
        REJECTED = "REJECTED", _("Rejected")

    account = models.ForeignKey(
        BillingAccount, on_delete=models.PROTECT, related_name="threshold_requests"
    )
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.PENDING)
    currency = CurrencyField()
    threshold_before = AmountField()  # when it was asked
    threshold_wanted = AmountField()
    # What an approval set; the operator may give less or more than was wanted.
    threshold_given = AmountField(null=True, blank=True)
    message = models.CharField(max_length=2000)
    request_key = FormKeyField()
    asked_at = models.DateTimeField()
    asked_by = models.CharField(max_length=254)
    answer = models.CharField(max_length=2000, blank=True)  # as the merchant reads it
    answered_at = models.DateTimeField(null=True, blank=True)
    answered_by = models.CharField(max_length=254, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(threshold_wanted__gt=models.F("threshold_before")),
                name="threshold_request_asks_for_more",
            ),
            models.CheckConstraint(
                condition=Q(status="APPROVED", threshold_given__isnull=False)
                | (~Q(status="APPROVED") & Q(threshold_given__isnull=True)),
                name="threshold_request_gives_exactly_when_approved",
            ),
            models.UniqueConstraint(
                fields=["account"],
                condition=Q(status="PENDING"),
                name="one_threshold_is_asked_for_at_a_time",
            ),
            one_row_per_form("account", "one_threshold_request_per_submitted_form"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["account", "-id"], name="threshold_request_history"),
            models.Index(
                fields=["asked_at"], condition=Q(status="PENDING"), name="threshold_request_pending"
            ),
        ]
        triggers: ClassVar = [
            pgtrigger.Protect(
                name="threshold_request_is_never_deleted", operation=pgtrigger.Delete
            ),
            currency_never_changes("threshold_request"),
            pgtrigger.FSM(
                name="threshold_request_is_decided_once", field="status", transitions=TRANSITIONS
            ),
        ]

    def __str__(self) -> str:
        return f"Threshold request #{self.pk}"

    @property
    def is_pending(self) -> bool:
        """Whether it waits for an answer."""
        return self.status == self.Status.PENDING
