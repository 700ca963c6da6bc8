from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from merchants.models.merchants import Merchant
from merchants.models.people import User


class Notice(models.Model):
    class Kind(models.TextChoices):
        LIMIT_80 = "LIMIT_80", _("Four fifths of the limit are used")
        LIMIT_100 = "LIMIT_100", _("The whole limit is used")
        ORDER_DECLINED = "ORDER_DECLINED", _("An order was declined")
        FREEZE_PLACED = "FREEZE_PLACED", _("The credit line was frozen")
        FREEZE_LIFTED = "FREEZE_LIFTED", _("A freeze was lifted")
        REVIEW = "REVIEW", _("The limit was reviewed")
        ORDER_OVERDUE = "ORDER_OVERDUE", _("An order is overdue")
        WITHDRAWAL_DONE = "WITHDRAWAL_DONE", _("A withdrawal was paid")
        WITHDRAWAL_FAILED = "WITHDRAWAL_FAILED", _("A withdrawal failed")
        DESTINATION_ADDED = "DESTINATION_ADDED", _("A payout destination was added")
        AUTOMATIC_SET_UP = "AUTOMATIC_SET_UP", _("Automatic withdrawals were set up")
        REQUEST_ANSWERED = "REQUEST_ANSWERED", _("A request was answered")
        STATEMENT_CLOSED = "STATEMENT_CLOSED", _("A statement was closed")
        BILL_ISSUED = "BILL_ISSUED", _("A bill was issued")
        PAYMENT_FAILED = "PAYMENT_FAILED", _("A payment failed")
        THRESHOLD_ANSWERED = "THRESHOLD_ANSWERED", _("A threshold request was answered")
        CREDIT_ANSWERED = "CREDIT_ANSWERED", _("A credit was decided")
        PAYMENT_REVERSED = "PAYMENT_REVERSED", _("A payment was taken back")
        UNAPPLIED = "UNAPPLIED", _("Money came that no bill wanted, was used or went back")

    merchant = models.ForeignKey(Merchant, on_delete=models.PROTECT, related_name="notices")
    kind = models.CharField(max_length=20, choices=Kind.choices)
    cause = models.CharField(max_length=150)  # what it is about; told once
    details = models.JSONField(default=dict)  # figures and references for the sentence, as text
    at = models.DateTimeField()
    # When its e-mails were made out, to whoever belonged to the merchant then. Set once.
    addressed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["merchant", "kind", "cause"], name="one_notice_per_cause"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["merchant", "-id"], name="notice_history"),
            # The mailing job's question; what a replay wrote long ago stays in it, unread.
            models.Index(
                fields=["at"],
                condition=models.Q(addressed_at__isnull=True),
                name="notice_to_address",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} #{self.pk}"


class NoticeMail(models.Model):
    notice = models.ForeignKey(Notice, on_delete=models.CASCADE, related_name="mails")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    sent_at = models.DateTimeField(null=True, blank=True)
    # How often sending it failed: what failed waits behind what did not.
    failures = models.PositiveSmallIntegerField(default=0)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["notice", "user"], name="one_mail_per_notice_and_person"
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["id"], condition=models.Q(sent_at__isnull=True), name="mail_to_send"
            ),
        ]

    def __str__(self) -> str:
        return f"Mail #{self.pk}"
