"""Notices to a merchant's people, and their e-mails."""

from typing import ClassVar

from django.contrib.postgres.indexes import BrinIndex
from django.db import models

from merchants.models.merchants import Merchant
from merchants.models.people import User
from notices import kinds

MOST_AGAIN = 3  # times that our people have the same mail sent again


class Notice(models.Model):
    merchant = models.ForeignKey(Merchant, on_delete=models.PROTECT, related_name="notices")
    kind = models.CharField(max_length=kinds.LONGEST_CODE, choices=kinds.choices)
    cause = models.CharField(max_length=150)  # what it is about; told once
    details = models.JSONField(default=dict)  # figures and references for the sentence, as text
    at = models.DateTimeField()
    # When its e-mails were created, for the people who belonged to the merchant then. Set once.
    addressed_at = models.DateTimeField(null=True, blank=True)

    names_people: ClassVar = ("details",)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["merchant", "kind", "cause"], name="one_notice_per_cause"
            ),
        ]
        indexes: ClassVar = [
            # Days of the operators' list.
            BrinIndex(fields=["at"], name="notices_lately", autosummarize=True),
            models.Index(fields=["merchant", "-id"], name="notice_history"),
            # The mailing job's query. Old notices that a replay wrote stay in the index and are not
            # read.
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
    # How often sending it failed; e-mails that failed less often are sent first.
    failures = models.PositiveSmallIntegerField(default=0)
    # How often our people had it sent again, and when last; `sent_at` is of the last time.
    asked_again = models.PositiveSmallIntegerField(default=0, db_default=0)
    asked_again_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["notice", "user"], name="one_mail_per_notice_and_person"
            ),
            models.CheckConstraint(
                condition=models.Q(asked_again__lte=MOST_AGAIN),
                name="a_mail_is_sent_again_three_times_at_most",
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["id"], condition=models.Q(sent_at__isnull=True), name="mail_to_send"
            ),
        ]

    def __str__(self) -> str:
        return f"Mail #{self.pk}"
