"""Keys of the API (docs/api.md)."""

from datetime import datetime
from typing import ClassVar

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from lib import erasing
from lib.fields import FormKeyField
from lib.form_keys import one_row_per_form


class Scope(models.TextChoices):
    """What a key of the API may be used for."""

    ORDERS = "orders", "Orders: place them, and report their steps, payments and refunds"
    CHARGES = "charges", "Charges: record them"
    MERCHANTS = "merchants", "Merchants: add and change them"
    METRICS = "metrics", "Shop metrics: report them"
    READ = "read", "Reading: the books, and what came in"


class ApiKey(models.Model):
    """A key of the API; its text is `tael_<prefix>_<secret>`. What a key may do never changes:
    another key is made instead.
    """

    name = models.CharField(max_length=100)  # whose it is, for operators and the trail
    prefix = models.CharField(max_length=12, unique=True)  # by which it is found
    digest = models.CharField(max_length=64, editable=False)  # SHA-256 of the whole key, in hex
    scopes = ArrayField(models.CharField(max_length=20, choices=Scope.choices))
    # Whose books it reaches; none: those of all merchants.
    merchant = models.ForeignKey(
        "merchants.Merchant", null=True, on_delete=models.PROTECT, related_name="+"
    )
    networks = ArrayField(models.CharField(max_length=50), default=list)  # empty: from anywhere
    requests_per_minute = models.PositiveIntegerField()
    made_at = models.DateTimeField()
    made_by = models.CharField(max_length=254)
    expires_at = models.DateTimeField(null=True)  # a rotation brings it forward
    revoked_at = models.DateTimeField(null=True)  # from when nobody gets in with it
    replaced_by = models.OneToOneField(
        "self", null=True, on_delete=models.PROTECT, related_name="replaces"
    )
    last_used_at = models.DateTimeField(null=True)  # exact to a minute
    request_key = FormKeyField()

    class Meta:
        verbose_name = "API key"
        constraints: ClassVar = [
            one_row_per_form("made_by", "one_api_key_per_submitted_form"),
            models.CheckConstraint(
                condition=Q(scopes__len__gt=0) & Q(scopes__contained_by=list(Scope.values)),
                name="api_key_has_known_scopes",
            ),
            models.CheckConstraint(
                condition=Q(requests_per_minute__gt=0), name="api_key_allows_some_requests"
            ),
            models.CheckConstraint(
                condition=Q(replaced_by=None) | ~Q(replaced_by=F("id")),
                name="api_key_replaced_by_another",
            ),
        ]
        triggers: ClassVar = [
            erasing.ReadOnly(
                name="api_key_stays_what_it_is",
                fields=["prefix", "digest", "scopes", "merchant", "networks", "made_at", "made_by"],
            ),
            erasing.Protect(
                name="api_key_stays_revoked",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__revoked_at__isnull=False)
                & pgtrigger.Q(new__revoked_at__df=pgtrigger.F("old__revoked_at")),
            ),
            pgtrigger.Protect(name="api_keys_are_never_deleted", operation=pgtrigger.Delete),
        ]

    def __str__(self) -> str:
        return f"{self.name} (tael_{self.prefix}_…)"

    def is_valid(self, now: datetime) -> bool:
        """Return whether the key is accepted at `now`. A key that was revoked is not, whenever
        that was, and one that expires is accepted before `expires_at` but not at that instant.
        """
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)
