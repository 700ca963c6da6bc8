"""Credits: money to be given back on a charge or to an account."""

from typing import ClassVar

import pgtrigger
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from billing.models.accounts import BillingAccount
from billing.models.charges import Charge
from billing.models.fees import Fee
from lib import erasing
from lib.fields import AmountField, CurrencyField, FormKeyField
from lib.form_keys import one_row_per_form

# Every step a credit can take.
TRANSITIONS = [("REQUESTED", "APPROVED"), ("REQUESTED", "REJECTED"), ("APPROVED", "UNDONE")]


class BillingCredit(models.Model):
    """Money to be given back on a charge, or to an account, as asked for or granted; once it is
    approved, there is a negative charge for it, and once it is undone, another charge that takes
    it back.
    """

    class Status(models.TextChoices):
        REQUESTED = "REQUESTED", _("Waits for an answer")
        APPROVED = "APPROVED", _("Approved")
        REJECTED = "REJECTED", _("Rejected")
        UNDONE = "UNDONE", _("Taken back")

    # Those that leave so much less to be credited of their charge.
    COUNTED: ClassVar = (Status.REQUESTED, Status.APPROVED)

    account = models.ForeignKey(BillingAccount, on_delete=models.PROTECT, related_name="credits")
    # The charge that it corrects; an operator may also grant a credit that corrects none.
    charge = models.ForeignKey(
        Charge, on_delete=models.PROTECT, null=True, blank=True, related_name="credits"
    )
    fee = models.ForeignKey(Fee, on_delete=models.PROTECT, related_name="+")  # the reason, by code
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.REQUESTED)
    currency = CurrencyField()
    amount = AmountField()  # positive; the charge it becomes is negative
    message = models.CharField(max_length=2000)  # why, as the merchant wrote or reads it
    request_key = FormKeyField()
    asked_at = models.DateTimeField()
    asked_by = models.CharField(max_length=254)
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.CharField(max_length=254, blank=True)
    reason = models.CharField(max_length=2000, blank=True)  # the answer, for the merchant
    # The negative charge that approval made.
    made = models.OneToOneField(
        Charge, on_delete=models.PROTECT, null=True, blank=True, related_name="made_by_credit"
    )

    undone_at = models.DateTimeField(null=True, blank=True)
    undone_by = models.CharField(max_length=254, blank=True, default="", db_default="")
    undone_reason = models.CharField(  # written for the merchant
        max_length=2000, blank=True, default="", db_default=""
    )
    # The charge that takes it back, of the same amount.
    taken_back = models.OneToOneField(
        Charge, on_delete=models.PROTECT, null=True, blank=True, related_name="undoes_credit"
    )

    class Meta:
        constraints: ClassVar = [
            one_row_per_form("account", "one_credit_per_submitted_form"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="billing_credit_positive"),
            models.CheckConstraint(
                condition=Q(status__in=["APPROVED", "UNDONE"], made__isnull=False)
                | (~Q(status__in=["APPROVED", "UNDONE"]) & Q(made__isnull=True)),
                name="billing_credit_has_its_charge_exactly_when_approved",
            ),
            models.CheckConstraint(
                condition=Q(
                    status="UNDONE",
                    undone_at__isnull=False,
                    undone_by__gt="",
                    undone_reason__gt="",
                    taken_back__isnull=False,
                )
                | (
                    ~Q(status="UNDONE")
                    & Q(undone_at__isnull=True, undone_by="", undone_reason="")
                    & Q(taken_back__isnull=True)
                ),
                name="billing_credit_is_taken_back_by_a_charge_exactly_when_undone",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["account", "-id"], name="billing_credit_history"),
            models.Index(
                fields=["asked_at"],
                condition=Q(status="REQUESTED"),
                name="billing_credit_pending",
            ),
        ]
        triggers: ClassVar = [
            pgtrigger.Protect(name="billing_credit_is_never_deleted", operation=pgtrigger.Delete),
            pgtrigger.FSM(
                name="billing_credit_is_decided_once", field="status", transitions=TRANSITIONS
            ),
            erasing.ReadOnly(
                name="billing_credit_never_changes",
                exclude=[
                    *("status", "decided_at", "decided_by", "reason", "made"),
                    *("undone_at", "undone_by", "undone_reason", "taken_back"),
                ],
            ),
        ]

    def __str__(self) -> str:
        return f"Credit #{self.pk}"

    @property
    def is_pending(self) -> bool:
        """Whether it waits for an operator's answer."""
        return self.status == self.Status.REQUESTED

    @property
    def is_given(self) -> bool:
        """Whether it was approved and is not taken back."""
        return self.status == self.Status.APPROVED

    @property
    def is_undone(self) -> bool:
        """Whether it was approved, and taken back since."""
        return self.status == self.Status.UNDONE
