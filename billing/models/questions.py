"""Merchants' questions about charges and bills, and their answers."""

from typing import ClassVar

import pgtrigger
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from billing.models.accounts import BillingAccount
from lib.fields import FormKeyField
from lib.form_keys import one_row_per_form


class BillingQuestion(models.Model):
    """A merchant's question about its charges or bills, and the operator's answer (rule 15.32)."""

    class Status(models.TextChoices):
        PENDING = "PENDING", _("Waits for an answer")
        ANSWERED = "ANSWERED", _("Answered")

    account = models.ForeignKey(BillingAccount, on_delete=models.PROTECT, related_name="questions")
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.PENDING)
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
                condition=Q(status="PENDING", answer="", answered_at__isnull=True)
                | Q(status="ANSWERED", answer__gt="", answered_at__isnull=False),
                name="billing_question_has_an_answer_exactly_when_answered",
            ),
            one_row_per_form("account", "one_billing_question_per_submitted_form"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["account", "-id"], name="billing_question_history"),
            models.Index(
                fields=["asked_at"], condition=Q(status="PENDING"), name="billing_question_pending"
            ),
        ]
        triggers: ClassVar = [
            pgtrigger.Protect(name="billing_question_is_never_deleted", operation=pgtrigger.Delete),
            pgtrigger.FSM(
                name="billing_question_is_answered_once",
                field="status",
                transitions=[("PENDING", "ANSWERED")],
            ),
        ]

    def __str__(self) -> str:
        return f"Question #{self.pk}"

    @property
    def is_pending(self) -> bool:
        """Whether it waits for an answer."""
        return self.status == self.Status.PENDING
