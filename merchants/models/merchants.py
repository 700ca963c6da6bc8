from typing import ClassVar

from django.db import models

from merchants.fields import EncryptedField


class Merchant(models.Model):
    reference = models.CharField(max_length=100, unique=True)
    name = models.CharField(max_length=200)
    language = models.CharField(max_length=10, default="en")  # of the documents we make for it
    timezone = models.CharField(max_length=64)  # IANA name; its days and months are counted there
    joined_at = models.DateTimeField()  # when we heard of it: its first day
    joined_said_at = models.DateTimeField()  # when it joined the marketplace, as that said
    # Where the books took another version of the time-zone data: the end of the day that was open
    # then. Days before it stand as they were worked off, and `audit` does not count them again.
    recounted_from = models.DateTimeField(null=True, blank=True, editable=False)
    # What the platform sent when it joined, to tell a repeat from a conflict. Never changes.
    joined_with = models.JSONField(default=dict, editable=False)
    # Whether members see its pages only with a second factor; its owners decide.
    requires_second_factor = models.BooleanField(default=False)

    members = models.ManyToManyField(
        "merchants.User", through="merchants.Membership", related_name="merchants"
    )

    def __str__(self) -> str:
        return self.name


class TimeZonePeriod(models.Model):
    """Since when the merchant's days are counted in a time zone; the latest is open-ended."""

    merchant = models.ForeignKey(Merchant, on_delete=models.PROTECT, related_name="time_zones")
    timezone = models.CharField(max_length=64)
    # The first local day that is counted so, and the instant at which the day before it ended in
    # the zone before. The first period has the earliest instant there is an event of.
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


class Profile(models.Model):
    """The merchant's own words about itself; an operator confirms them."""

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
    # Emptied by every change: what was confirmed is what is shown.
    confirmed_at = models.DateTimeField(null=True, blank=True)
    confirmed_by = models.CharField(max_length=254, blank=True)

    class Meta:
        indexes: ClassVar = [
            # What waits for an operator.
            models.Index(
                fields=["changed_at"],
                condition=models.Q(confirmed_at__isnull=True, changed_at__isnull=False),
                name="profile_to_confirm",
            ),
        ]

    def __str__(self) -> str:
        return f"Profile #{self.pk}"
