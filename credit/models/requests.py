"""Merchants' requests about their limit, and flags for people to look at."""

from typing import ClassVar

import pgtrigger
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from credit.models.lines import CreditLine
from lib.fields import AmountField, CurrencyField, FormKeyField, currency_never_changes
from lib.form_keys import one_row_per_form


class LimitRequest(models.Model):
    """A merchant's question about its limit, or its request for a higher one, and the operator's
    answer.
    """

    class Kind(models.TextChoices):
        RAISE = "RAISE", _("A higher limit")
        QUESTION = "QUESTION", _("A question")

    class Status(models.TextChoices):
        PENDING = "PENDING", _("Waits for an answer")
        APPROVED = "APPROVED", _("Approved")
        REJECTED = "REJECTED", _("Rejected")
        ANSWERED = "ANSWERED", _("Answered")

    line = models.ForeignKey(CreditLine, on_delete=models.PROTECT, related_name="requests")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.PENDING)
    currency = CurrencyField()
    limit_wanted = AmountField(null=True, blank=True)  # of a RAISE
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
                condition=Q(kind="RAISE", limit_wanted__gt=0)
                | Q(kind="QUESTION", limit_wanted__isnull=True),
                name="limit_request_names_a_limit_exactly_for_a_raise",
            ),
            models.UniqueConstraint(
                fields=["line"],
                condition=Q(kind="RAISE", status="PENDING"),
                name="one_raise_is_asked_for_at_a_time",
            ),
            one_row_per_form("line", "one_limit_request_per_submitted_form"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["line", "-id"], name="limit_request_history"),
            models.Index(
                fields=["asked_at"], condition=Q(status="PENDING"), name="limit_request_pending"
            ),
        ]
        triggers: ClassVar = [
            pgtrigger.Protect(name="limit_request_is_never_deleted", operation=pgtrigger.Delete),
            currency_never_changes("limit_request"),
            pgtrigger.FSM(
                name="limit_request_is_decided_once",
                field="status",
                transitions=[
                    ("PENDING", "APPROVED"),
                    ("PENDING", "REJECTED"),
                    ("PENDING", "ANSWERED"),
                ],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} #{self.pk}"

    @property
    def is_answered(self) -> bool:
        """Whether it waits no more: it was approved, rejected or answered."""
        return self.status != self.Status.PENDING


class OrderFlag(models.Model):
    """A reason for a person to look at some orders. It changes nothing by itself."""

    class Kind(models.TextChoices):
        MANY_FROM_ONE_BUYER = "MANY_FROM_ONE_BUYER", _("Many orders of one buyer within a day")
        NOT_DELIVERED = "NOT_DELIVERED", _("Shipped long ago, not delivered")

    class Status(models.TextChoices):
        OPEN = "OPEN", _("To be looked at")
        DISMISSED = "DISMISSED", _("Nothing wrong")
        CONFIRMED = "CONFIRMED", _("Confirmed")

    line = models.ForeignKey(CreditLine, on_delete=models.PROTECT, related_name="flags")
    kind = models.CharField(max_length=20, choices=Kind.choices)
    cause = models.CharField(max_length=150)  # the same cause flags once
    buyer = models.CharField(max_length=100, blank=True)
    # Orders as they were seen, a list: "order", "buyer", "placed_at", "shipped_at" (or null),
    # "amount", "currency", "status", all text. Grows while it is OPEN and more orders come.
    evidence = models.JSONField()
    at = models.DateTimeField()
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.OPEN)
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.CharField(max_length=254, blank=True)
    reason = models.CharField(max_length=500, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["line", "kind", "cause"], name="one_flag_per_line_and_cause"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["at"], condition=Q(status="OPEN"), name="order_flag_open"),
        ]
        triggers: ClassVar = [
            pgtrigger.Protect(name="order_flag_is_never_deleted", operation=pgtrigger.Delete),
            pgtrigger.FSM(
                name="order_flag_is_decided_once",
                field="status",
                transitions=[("OPEN", "DISMISSED"), ("OPEN", "CONFIRMED")],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} #{self.pk}"
