"""By which prefix this installation is known to others."""

from typing import ClassVar

import pgtrigger
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now


class Installation(models.Model):
    """The prefix by which others know this installation, and the place that it was given for. There
    is one row, created when it is first needed.
    """

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    # Stands before numbers and keys that others see. Keys that were sent keep the prefix they had.
    prefix = models.CharField(max_length=8)
    # The place for which the prefix was given; differs for a copy (merchants.installation.place).
    place = models.CharField(max_length=300)
    set_at = models.DateTimeField(db_default=Now())
    set_by = models.CharField(max_length=254, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(id=1), name="there_is_one_installation"),
            models.CheckConstraint(
                condition=Q(prefix__regex=r"^[A-Z][A-Z0-9]{0,7}$"),
                name="prefix_is_up_to_eight_capitals_and_digits",
            ),
        ]
        triggers: ClassVar = [
            pgtrigger.Protect(name="installation_is_never_deleted", operation=pgtrigger.Delete),
        ]

    def __str__(self) -> str:
        return self.prefix
