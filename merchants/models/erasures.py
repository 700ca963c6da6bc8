"""Erasures: who was erased from Tael on request."""

from typing import ClassVar

import pgtrigger
from django.db import models

from lib import erasing
from lib.texts import LONGEST_WORDS
from merchants.models.merchants import Merchant


class Erasure(models.Model):
    """That a person was erased from Tael on request, and by which pseudonym their rows are known
    since. Whose name it was is nowhere.
    """

    class Kind(models.TextChoices):
        PERSON = "PERSON", "Person who signs in, or was invited"
        BUYER = "BUYER", "Buyer"
        CONTACTS = "CONTACTS", "Merchant's contacts and licence"
        PAYER = "PAYER", "Payer"

    kind = models.CharField(max_length=8, choices=Kind.choices)
    pseudonym = models.CharField(max_length=30, unique=True)
    # Whose contacts they were.
    merchant = models.ForeignKey(
        Merchant, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    rows = models.JSONField(default=dict)  # {table: how many rows have the pseudonym, or are gone}
    reason = models.CharField(max_length=LONGEST_WORDS)
    erased_at = models.DateTimeField()
    erased_by = models.CharField(max_length=254)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(kind="CONTACTS", merchant__isnull=False)
                | (~models.Q(kind="CONTACTS") & models.Q(merchant__isnull=True)),
                name="erasure_names_a_merchant_exactly_for_its_contacts",
            ),
            models.CheckConstraint(
                condition=models.Q(pseudonym__regex=f"^{erasing.PATTERN}$"),
                name="erasure_has_a_pseudonym",
            ),
        ]
        triggers: ClassVar = [
            erasing.Protect(
                name="erasure_is_append_only", operation=pgtrigger.Update | pgtrigger.Delete
            ),
        ]

    def __str__(self) -> str:
        return self.pseudonym
