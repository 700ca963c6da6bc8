"""The version of the time-zone data that the books count days by."""

from typing import ClassVar

import pgtrigger
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now


class TimeZoneData(models.Model):
    """The version of the time-zone data by which the books count days; one row.

    Each process reads it when it connects, and `manage.py timezones --take` changes it.
    """

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    version = models.CharField(max_length=40)  # of the tzdata package
    taken_at = models.DateTimeField(db_default=Now())
    taken_by = models.CharField(max_length=254, blank=True)

    class Meta:
        verbose_name_plural = "time-zone data"
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(id=1), name="books_have_one_time_zone_data"),
        ]
        triggers: ClassVar = [
            pgtrigger.Protect(name="time_zone_data_is_never_deleted", operation=pgtrigger.Delete),
        ]

    def __str__(self) -> str:
        return self.version
