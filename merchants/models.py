"""Who: the people who sign in, the merchants, and who may act for whom.

User        one person, known by e-mail address.
Merchant    one shop; its reference is the platform's name for it, unique and kept for ever.
Membership  a person's role at a merchant; at most one for each pair.
"""

from typing import Any, ClassVar

from django.contrib.auth.models import AbstractUser, BaseUserManager
from django.db import models
from django.db.models.functions import Lower
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


class Membership(models.Model):
    class Role(models.TextChoices):
        OWNER = "OWNER", _("Owner")  # everything, the team included
        FINANCE = "FINANCE", _("Finance")  # view, export, pay, withdraw, request
        VIEWER = "VIEWER", _("Viewer")  # view

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    merchant = models.ForeignKey(Merchant, on_delete=models.PROTECT, related_name="memberships")
    role = models.CharField(max_length=10, choices=Role.choices, default=Role.VIEWER)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["user", "merchant"], name="one_role_per_person_and_merchant"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_role_display()} #{self.pk}"

    @property
    def may_export(self) -> bool:
        return self.role in (self.Role.OWNER, self.Role.FINANCE)
