from typing import Any, ClassVar

from django.contrib.auth.models import AbstractUser, BaseUserManager
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from merchants.models.merchants import Merchant


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
