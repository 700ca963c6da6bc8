"""The trail: changes that people made, and why."""

from typing import ClassVar

import pgtrigger
from django.db import models

from lib import erasing


class TrailEntry(models.Model):
    """A change that a person made, written in the transaction of the change.

    What rules change by themselves is in the books: entries, reviews, freezes, bills.
    """

    at = models.DateTimeField()
    actor = models.CharField(max_length=254)  # e-mail address, or the name of a key or command
    action = models.CharField(max_length=40)  # the code of an action that an app has declared
    merchant = models.ForeignKey(
        "merchants.Merchant",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,  # the first column of one below
    )
    subject = models.CharField(max_length=254)  # what was changed, by its reference
    before = models.JSONField(default=dict)  # {what: value}, money as "12.50 USD"
    after = models.JSONField(default=dict)
    reason = models.CharField(max_length=1000, blank=True)

    class Meta:
        verbose_name_plural = "trail entries"
        indexes: ClassVar = [
            # Newest first: the whole trail, or that of one column's value; each also between two
            # days.
            models.Index(fields=["-at", "-id"], name="trail_by_time"),
            models.Index(fields=["merchant", "-at", "-id"], name="trail_of_merchant"),
            models.Index(fields=["actor", "-at", "-id"], name="trail_of_actor"),
            models.Index(fields=["action", "-at", "-id"], name="trail_of_action"),
            models.Index(fields=["subject", "-at", "-id"], name="trail_of_subject"),
        ]
        triggers: ClassVar = [
            erasing.Protect(
                name="trail_is_append_only",
                operation=pgtrigger.Update | pgtrigger.Delete,
                names_people=("subject", "before", "after"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.subject}"
