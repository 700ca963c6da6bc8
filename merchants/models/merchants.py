"""Merchants, with their time zones and profiles."""

from typing import ClassVar

import pgtrigger
from django.db import models
from django.utils.translation import gettext_lazy as _

from lib import erasing, words
from lib.fields import EncryptedField


class Merchant(models.Model):
    reference = models.CharField(max_length=100, unique=True)
    name = models.CharField(max_length=200)
    language = models.CharField(max_length=10, default="en")  # of the documents we make for it
    # Whether years on its documents in Thai are those of the Buddhist era; its people decide.
    buddhist_years = models.BooleanField(default=False, db_default=False)
    timezone = models.CharField(max_length=64)  # IANA name; its days and months are counted there
    joined_at = models.DateTimeField()  # when we heard of it: its first day
    joined_said_at = models.DateTimeField()  # when it joined the marketplace, as that said
    # Set when the books took another version of the time-zone data: the end of the day that was
    # open then. Days before it stay as they were worked off, and `audit` does not recount them.
    recounted_from = models.DateTimeField(null=True, blank=True, editable=False)
    # What the platform sent when it joined, to tell a repeat from a conflict. Never changes.
    joined_with = models.JSONField(default=dict, editable=False)
    # Whether members see its pages only with a second factor; its owners decide.
    requires_second_factor = models.BooleanField(default=False)
    # The cell that its books are in (lib.cells), chosen when it joins; only a move changes it.
    cell = models.SmallIntegerField(default=1, db_default=1, editable=False)

    members = models.ManyToManyField(
        "merchants.User", through="merchants.Membership", related_name="merchants"
    )

    # By the beginnings of whose words operators find a merchant.
    NAMED_BY: ClassVar = ("name", "reference")

    class Meta:
        indexes: ClassVar = [words.index("merchant_by_words", "name", "reference")]

    def __str__(self) -> str:
        return self.name


class TimeZonePeriod(models.Model):
    """A time zone in which the merchant's days are counted from `starts_on` on, until the next
    period starts.
    """

    merchant = models.ForeignKey(Merchant, on_delete=models.PROTECT, related_name="time_zones")
    timezone = models.CharField(max_length=64)
    # The first local day of the period, and the instant at which the day before it ended in the
    # former zone. A merchant's first period has the earliest day and instant that there are.
    starts_on = models.DateField()
    starts_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["merchant", "starts_on"], name="one_time_zone_per_merchant_and_day"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.timezone} from {self.starts_on}"


class ProfilePart(models.TextChoices):
    """A part of a profile, which operators confirm or reject by itself."""

    LICENCE = "LICENCE", _("Licence")
    CONTACTS = "CONTACTS", _("Contacts")


class Standing(models.TextChoices):
    """Our decision about a part of a profile. When the merchant changes the part, it becomes
    WAITING again.
    """

    WAITING = "WAITING", _("Not confirmed yet")
    CONFIRMED = "CONFIRMED", _("Confirmed")
    REJECTED = "REJECTED", _("Rejected")


class Profile(models.Model):
    """A merchant's licence and contacts as it entered them; an operator confirms or rejects each
    part.
    """

    merchant = models.OneToOneField(
        Merchant, on_delete=models.PROTECT, primary_key=True, related_name="profile"
    )
    licence_number = models.CharField(max_length=100, blank=True)
    # PDF, PNG or JPEG, of 5 MB at most; empty where none was uploaded.
    licence_document = EncryptedField(
        blank=True, default=b"", bound_to=("merchant_id",), called="licence documents"
    )
    licence_document_name = models.CharField(max_length=200, blank=True)
    contact_name = models.CharField(max_length=200, blank=True)
    contact_email = models.EmailField(blank=True)
    contact_phone = models.CharField(max_length=50, blank=True)
    changed_at = models.DateTimeField(null=True, blank=True)
    changed_by = models.CharField(max_length=254, blank=True)
    # The standing of each part's latest ProfileStep; empty while nothing is filled in.
    licence_standing = models.CharField(max_length=9, choices=Standing.choices, blank=True)
    contacts_standing = models.CharField(max_length=9, choices=Standing.choices, blank=True)

    class Meta:
        indexes: ClassVar = [
            # The operators' queue.
            models.Index(
                fields=["changed_at"],
                condition=models.Q(licence_standing="WAITING")
                | models.Q(contacts_standing="WAITING"),
                name="profile_to_confirm",
            ),
        ]

    def __str__(self) -> str:
        return f"Profile #{self.pk}"

    def standing(self, part: str) -> str:
        """The Standing of this ProfilePart (WAITING, CONFIRMED or REJECTED); "" while nothing of it
        is filled in.
        """
        return str(getattr(self, f"{part.lower()}_standing"))

    @property
    def waits(self) -> bool:
        """Whether a part of it waits for an operator's decision."""
        return Standing.WAITING in (self.licence_standing, self.contacts_standing)

    @property
    def is_confirmed(self) -> bool:
        """Whether both parts are confirmed."""
        return self.licence_standing == self.contacts_standing == Standing.CONFIRMED


class ProfileStep(models.Model):
    """A change, confirmation or rejection of a part of a profile, and its instant.

    All steps are kept, since reviews and audits ask how the profile stood at an earlier instant.
    """

    profile = models.ForeignKey(Profile, on_delete=models.PROTECT, related_name="steps")
    part = models.CharField(max_length=8, choices=ProfilePart.choices)
    standing = models.CharField(max_length=9, choices=Standing.choices, blank=True)
    at = models.DateTimeField()
    actor = models.CharField(max_length=254)
    reason = models.CharField(max_length=500, blank=True)  # of a rejection; the merchant reads it

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(standing="REJECTED", reason__gt="")
                | (~models.Q(standing="REJECTED") & models.Q(reason="")),
                name="profile_is_rejected_with_a_reason",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["profile", "part", "-at", "-id"], name="profile_history"),
        ]
        triggers: ClassVar = [
            erasing.Protect(
                name="profile_step_is_append_only", operation=pgtrigger.Update | pgtrigger.Delete
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_part_display()} #{self.pk}"

    @property
    def is_confirmed(self) -> bool:
        """Whether the part was confirmed by this step."""
        return self.standing == Standing.CONFIRMED

    @property
    def is_rejected(self) -> bool:
        """Whether the part was rejected by this step."""
        return self.standing == Standing.REJECTED
