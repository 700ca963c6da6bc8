"""Sign-ins, second factors, and mails about both."""

from typing import ClassVar

import pgtrigger
from django.db import models

from lib import erasing
from merchants.models.merchants import Merchant
from merchants.models.people import User


class SignIn(models.Model):
    """A sign-in, a sign-out or an attempt at one; never changed."""

    class Kind(models.TextChoices):
        SIGNED_IN = "SIGNED_IN", "Signed in"
        FAILED = "FAILED", "Wrong password"
        FACTOR_USED = "FACTOR_USED", "Second factor confirmed"
        FACTOR_FAILED = "FACTOR_FAILED", "Wrong second factor"
        LOCKED_OUT = "LOCKED_OUT", "Address locked"
        SIGNED_OUT = "SIGNED_OUT", "Signed out"

    at = models.DateTimeField()
    kind = models.CharField(max_length=20, choices=Kind.choices)
    # The person; null where no account has the address that was typed.
    user = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    # In lower case. Empty where what was typed is no address: it may have been a password.
    address = models.CharField(max_length=254, blank=True)
    ip = models.GenericIPAddressField(null=True, blank=True)
    browser = models.CharField(max_length=200, blank=True)  # as it names itself
    detail = models.CharField(max_length=40, blank=True)  # which kind of factor

    class Meta:
        verbose_name = "sign-in"
        verbose_name_plural = "sign-ins"
        indexes: ClassVar = [
            # Newest first: the whole log, or that of one column's value; each also between two
            # days.
            models.Index(fields=["-at", "-id"], name="sign_ins_by_time"),
            models.Index(fields=["address", "-at", "-id"], name="sign_ins_of_address"),
            models.Index(fields=["ip", "-at", "-id"], name="sign_ins_from_ip"),
            models.Index(fields=["user", "kind", "-at"], name="sign_ins_of_user"),
        ]
        triggers: ClassVar = [
            erasing.Protect(
                name="sign_ins_never_change",
                operation=pgtrigger.Update,
                names_people=("address",),
                can_be_emptied=("ip", "browser"),
            ),
            # As merchants.sign_in.settings.LEAST_KEPT_DAYS.
            pgtrigger.Protect(
                name="sign_ins_are_kept_ninety_days",
                operation=pgtrigger.Delete,
                condition=pgtrigger.Condition("OLD.at > now() - interval '90 days'"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} #{self.pk}"


class EnrolledFactor(models.Model):
    """From which instant on a second factor opens what takes money out. The row is kept when the
    factor is removed.
    """

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="enrolled_factors")
    # allauth's key. No foreign key, since the row outlives the factor: one that replaces it counts
    # from the same instant.
    authenticator_id = models.BigIntegerField(unique=True)
    kind = models.CharField(max_length=20)  # totp, webauthn, recovery_codes
    enrolled_at = models.DateTimeField()
    # The instant of the enrolment or a day after it: at once only where the session had proved
    # another factor that counted.
    counts_from = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(counts_from__gte=models.F("enrolled_at")),
                name="a_factor_counts_from_its_enrolment_at_the_earliest",
            ),
        ]
        triggers: ClassVar = [
            pgtrigger.Protect(name="enrolled_factors_never_change", operation=pgtrigger.Update),
        ]

    def __str__(self) -> str:
        return f"{self.kind} #{self.authenticator_id}"


class SecurityMail(models.Model):
    """An e-mail about how somebody signs in, or about who belongs to a merchant.

    It is written in the transaction of the change that it tells of, and sent by the next run of its
    job, whatever e-mails the reader has chosen to get.
    """

    class Kind(models.TextChoices):
        FACTOR_ADDED = "FACTOR_ADDED", "Second factor added"
        FACTOR_REMOVED = "FACTOR_REMOVED", "Second factor removed"
        FACTORS_TAKEN = "FACTORS_TAKEN", "Second factors taken away"
        CODES_MADE = "CODES_MADE", "Recovery codes made"
        CODES_SEEN = "CODES_SEEN", "Recovery codes looked at"
        CODE_USED = "CODE_USED", "Recovery code used"
        PASSWORD_CHANGED = "PASSWORD_CHANGED", "Password changed"
        ADDRESS_ASKED = "ADDRESS_ASKED", "New address asked for"
        ADDRESS_CHANGED = "ADDRESS_CHANGED", "Address changed"
        NEW_BROWSER = "NEW_BROWSER", "Sign-in from an unknown browser"
        LOCKED_OUT = "LOCKED_OUT", "Address locked"
        FIRST_FACTOR = "FIRST_FACTOR", "A member's first second factor"
        MEMBER_JOINED = "MEMBER_JOINED", "Member joined"
        ROLE_CHANGED = "ROLE_CHANGED", "Role changed"
        MEMBER_LEFT = "MEMBER_LEFT", "Member taken off the team"
        FACTOR_REQUIRED = "FACTOR_REQUIRED", "Whether members need a second factor"

    kind = models.CharField(max_length=20, choices=Kind.choices)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")  # who reads it
    address = models.EmailField()  # where it goes: theirs, or the one before a change
    merchant = models.ForeignKey(
        Merchant, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    details = models.JSONField(default=dict)  # for the sentence, as text; never a secret
    at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True, blank=True)
    failures = models.PositiveSmallIntegerField(default=0)

    names_people: ClassVar = ("address", "details")

    class Meta:
        indexes: ClassVar = [
            models.Index(
                fields=["at"],
                condition=models.Q(sent_at__isnull=True),
                name="security_mail_to_send",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} #{self.pk}"
