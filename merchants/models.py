"""Who: the people who sign in, the merchants, and who may act for whom.

User        one person, known by e-mail address.
Merchant    one shop; its reference is the platform's name for it, unique and kept for ever.
Membership  a person's role at a merchant; at most one for each pair.
Invitation  a role offered to whoever reads a mailbox; taken up once, within a week.
Profile     what a merchant says of itself, and whether an operator confirmed it.
Notice      something a merchant's people are told; one per cause.
NoticeMail  a notice on its way to one person by e-mail; sent once.
TrailEntry  who changed what, from what to what, and why; never changed or deleted.
"""

from typing import Any, ClassVar

import pgtrigger
from django.contrib.auth.models import AbstractUser, BaseUserManager
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _


class UserManager(BaseUserManager["User"]):
    """Creates people by e-mail address; there are no user names."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        return self.create_user(email, password, **fields, is_staff=True, is_superuser=True)


class User(AbstractUser):
    username = None  # type: ignore[assignment]
    email = models.EmailField(_("e-mail address"), unique=True)
    # Of what we write to this person; empty is the language of the merchant it is about.
    language = models.CharField(max_length=10, blank=True)

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    objects: ClassVar[UserManager] = UserManager()  # type: ignore[assignment]

    class Meta(AbstractUser.Meta):
        # Two spellings of one address would be two people with one mailbox.
        constraints: ClassVar = [
            models.UniqueConstraint(Lower("email"), name="one_user_per_email_address"),
        ]

    def __str__(self) -> str:
        return self.email


class Merchant(models.Model):
    reference = models.CharField(max_length=100, unique=True)
    name = models.CharField(max_length=200)
    language = models.CharField(max_length=10, default="en")  # of the documents we make for it
    timezone = models.CharField(max_length=64)  # IANA name; its days and months are counted there
    joined_at = models.DateTimeField()
    # What the platform sent when it joined, to tell a repeat from a conflict. Never changes.
    joined_with = models.JSONField(default=dict, editable=False)

    members = models.ManyToManyField(User, through="Membership", related_name="merchants")

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


class Membership(models.Model):
    class Role(models.TextChoices):
        OWNER = "OWNER", _("Owner")  # everything, the team included
        FINANCE = "FINANCE", _("Finance")  # view, export, pay, withdraw, request
        VIEWER = "VIEWER", _("Viewer")  # view

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    merchant = models.ForeignKey(Merchant, on_delete=models.PROTECT, related_name="memberships")
    role = models.CharField(max_length=10, choices=Role.choices, default=Role.VIEWER)
    # Kinds of notices this person wants no e-mail of; in the application all are shown.
    muted = ArrayField(models.CharField(max_length=20), default=list, blank=True)
    # The id of the latest notice that this person has seen in the list of them; 0 is none.
    seen_notice = models.BigIntegerField(default=0)

    latest_notice: int | None = None  # id of the merchant's, where queries.membership looked it up

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["user", "merchant"], name="one_role_per_person_and_merchant"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_role_display()} #{self.pk}"

    @property
    def may_act(self) -> bool:
        """Export, pay, withdraw and ask; a viewer only looks."""
        return self.role in (self.Role.OWNER, self.Role.FINANCE)

    @property
    def may_export(self) -> bool:
        return self.may_act

    @property
    def is_owner(self) -> bool:
        return self.role == self.Role.OWNER

    @property
    def has_news(self) -> bool:
        """Whether the merchant has a notice that this person has not seen."""
        return (self.latest_notice or 0) > self.seen_notice


class Invitation(models.Model):
    """A role at a merchant for whoever has the link; we keep only the link's digest."""

    merchant = models.ForeignKey(Merchant, on_delete=models.PROTECT, related_name="invitations")
    email = models.EmailField()  # in lower case, as those of people are
    role = models.CharField(max_length=10, choices=Membership.Role.choices)
    # SHA-256 of what the e-mail had; nobody needs to look at it.
    token_digest = models.CharField(max_length=64, unique=True, editable=False)
    invited_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    invited_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    # At most one of the two, set once. What is replaced by a newer one is revoked too.
    accepted_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["merchant", "email"],
                condition=models.Q(accepted_at__isnull=True, revoked_at__isnull=True),
                name="one_open_invitation_per_address",
            ),
            models.CheckConstraint(
                condition=models.Q(accepted_at__isnull=True) | models.Q(revoked_at__isnull=True),
                name="invitation_accepted_or_revoked",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["merchant", "invited_at"], name="invitations_lately"),
        ]

    def __str__(self) -> str:
        return f"Invitation #{self.pk}"

    @property
    def inviter(self) -> str:
        """Who invites, as merchants are told: never the address of one of our people."""
        by = self.invited_by
        return str(by) if by and not by.is_staff else gettext("Our team")


class Profile(models.Model):
    """The merchant's own words about itself; an operator confirms them."""

    merchant = models.OneToOneField(
        Merchant, on_delete=models.PROTECT, primary_key=True, related_name="profile"
    )
    licence_number = models.CharField(max_length=100, blank=True)
    licence_document = models.BinaryField(blank=True, default=b"")  # PDF, PNG or JPEG, ≤ 5 MB
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


class Notice(models.Model):
    class Kind(models.TextChoices):
        LIMIT_80 = "LIMIT_80", _("Four fifths of the limit are used")
        LIMIT_100 = "LIMIT_100", _("The whole limit is used")
        ORDER_DECLINED = "ORDER_DECLINED", _("An order was declined")
        FREEZE_PLACED = "FREEZE_PLACED", _("The credit line was frozen")
        FREEZE_LIFTED = "FREEZE_LIFTED", _("A freeze was lifted")
        REVIEW = "REVIEW", _("The limit was reviewed")
        ORDER_OVERDUE = "ORDER_OVERDUE", _("An order is overdue")
        WITHDRAWAL_DONE = "WITHDRAWAL_DONE", _("A withdrawal was paid")
        WITHDRAWAL_FAILED = "WITHDRAWAL_FAILED", _("A withdrawal failed")
        DESTINATION_ADDED = "DESTINATION_ADDED", _("A payout destination was added")
        REQUEST_ANSWERED = "REQUEST_ANSWERED", _("A request was answered")
        STATEMENT_CLOSED = "STATEMENT_CLOSED", _("A statement was closed")
        BILL_ISSUED = "BILL_ISSUED", _("A bill was issued")
        PAYMENT_FAILED = "PAYMENT_FAILED", _("A payment failed")
        THRESHOLD_ANSWERED = "THRESHOLD_ANSWERED", _("A threshold request was answered")
        CREDIT_ANSWERED = "CREDIT_ANSWERED", _("A credit was decided")

    merchant = models.ForeignKey(Merchant, on_delete=models.PROTECT, related_name="notices")
    kind = models.CharField(max_length=20, choices=Kind.choices)
    cause = models.CharField(max_length=150)  # what it is about; told once
    details = models.JSONField(default=dict)  # figures and references for the sentence, as text
    at = models.DateTimeField()
    # When its e-mails were made out, to whoever belonged to the merchant then. Set once.
    addressed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["merchant", "kind", "cause"], name="one_notice_per_cause"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["merchant", "-id"], name="notice_history"),
            # The mailing job's question; what a replay wrote long ago stays in it, unread.
            models.Index(
                fields=["at"],
                condition=models.Q(addressed_at__isnull=True),
                name="notice_to_address",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} #{self.pk}"


class NoticeMail(models.Model):
    notice = models.ForeignKey(Notice, on_delete=models.CASCADE, related_name="mails")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    sent_at = models.DateTimeField(null=True, blank=True)
    # How often sending it failed: what failed waits behind what did not.
    failures = models.PositiveSmallIntegerField(default=0)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["notice", "user"], name="one_mail_per_notice_and_person"
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["id"], condition=models.Q(sent_at__isnull=True), name="mail_to_send"
            ),
        ]

    def __str__(self) -> str:
        return f"Mail #{self.pk}"


class TrailEntry(models.Model):
    """One change that a person made, written in the transaction of the change.

    What rules do by themselves is in the books: entries, reviews, freezes, bills.
    """

    at = models.DateTimeField()
    actor = models.CharField(max_length=254)  # e-mail address, or the name of a key or command
    action = models.CharField(max_length=40)  # a code of merchants.trail.Action
    merchant = models.ForeignKey(
        Merchant,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,  # the first column of one below
    )
    subject = models.CharField(max_length=200)  # what was changed, by its reference
    before = models.JSONField(default=dict)  # {what: value}, money as "12.50 USD"
    after = models.JSONField(default=dict)
    reason = models.CharField(max_length=1000, blank=True)

    class Meta:
        verbose_name_plural = "trail entries"
        indexes: ClassVar = [
            # Newest first, all of it or by one of these; each also between two days.
            models.Index(fields=["-at", "-id"], name="trail_by_time"),
            models.Index(fields=["merchant", "-at", "-id"], name="trail_of_merchant"),
            models.Index(fields=["actor", "-at", "-id"], name="trail_of_actor"),
            models.Index(fields=["action", "-at", "-id"], name="trail_of_action"),
            models.Index(fields=["subject", "-at", "-id"], name="trail_of_subject"),
        ]
        triggers: ClassVar = [
            pgtrigger.Protect(
                name="trail_is_append_only", operation=pgtrigger.Update | pgtrigger.Delete
            ),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.subject}"
