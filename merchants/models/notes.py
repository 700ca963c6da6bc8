"""Our people's notes about merchants."""

from typing import ClassVar

import pgtrigger
from django.db import models

from lib import erasing
from lib.fields import FormKeyField
from lib.form_keys import one_row_per_form
from lib.texts import LONGEST_WORDS
from merchants.models.merchants import Merchant


class Note(models.Model):
    """What our people note about a merchant for their colleagues. No merchant sees it."""

    merchant = models.ForeignKey(Merchant, on_delete=models.PROTECT, related_name="notes")
    text = models.CharField(max_length=LONGEST_WORDS)
    request_key = FormKeyField()
    written_at = models.DateTimeField()
    written_by = models.CharField(max_length=254)

    class Meta:
        constraints: ClassVar = [one_row_per_form("merchant", "one_note_per_submitted_form")]
        indexes: ClassVar = [models.Index(fields=["merchant", "-id"], name="note_of_merchant")]
        triggers: ClassVar = [
            erasing.Protect(
                name="note_is_append_only", operation=pgtrigger.Update | pgtrigger.Delete
            ),
        ]

    def __str__(self) -> str:
        return self.text
