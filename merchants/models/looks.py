"""Looks: when an operator saw a merchant's pages as its people do."""

from datetime import timedelta
from typing import ClassVar

import pgtrigger
from django.db import models
from django.db.models import F, Q

from lib.texts import LONGEST_WORDS
from merchants.models.merchants import Merchant
from merchants.models.people import User

LASTS = timedelta(minutes=30)


class Look(models.Model):
    """An operator looks at a merchant's pages as its people see them, for a while and with a
    reason. Nothing can be changed there meanwhile.
    """

    operator = models.ForeignKey(User, on_delete=models.PROTECT, related_name="looks")
    merchant = models.ForeignKey(Merchant, on_delete=models.PROTECT, related_name="looks")
    reason = models.CharField(max_length=LONGEST_WORDS)
    started_at = models.DateTimeField()
    ends_at = models.DateTimeField()  # by itself
    ended_at = models.DateTimeField(null=True, blank=True)  # set once, by the operator

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(ends_at__gt=F("started_at"), ends_at__lte=F("started_at") + LASTS),
                name="a_look_lasts_half_an_hour_at_most",
            ),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True) | Q(ended_at__gte=F("started_at")),
                name="a_look_ends_after_it_started",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["operator", "merchant", "-ends_at"], name="look_of_operator"),
        ]
        triggers: ClassVar = [
            pgtrigger.Protect(name="look_is_never_deleted", operation=pgtrigger.Delete),
            pgtrigger.ReadOnly(name="look_never_changes", exclude=["ended_at"]),
            pgtrigger.Protect(
                name="look_is_ended_once",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__ended_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"Look #{self.pk}"
