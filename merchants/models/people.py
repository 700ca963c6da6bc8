"""People: users, their roles at merchants, and invitations."""

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

import pgtrigger
from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.contrib.auth.models import AbstractUser, BaseUserManager, Permission
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.models.functions import Lower
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from lib import locks, words
from lib.fields import FormKeyField
from lib.form_keys import one_row_per_form
from merchants.models.merchants import Merchant
from merchants.roles import ADMINISTRATOR

if TYPE_CHECKING:
    from merchants.models.looks import Look

ENOUGH_ADMINISTRATORS = 2  # one proposes, the other confirms
DECIDING_ON_PEOPLE = "deciding who may what"  # the lock that whoever decides so waits for


class UserManager(BaseUserManager["User"]):
    """Creates people, who are known by their e-mail addresses; there are no user names."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """Create and save a person, with the address in lower case. The password is taken as it is:
        forms check it before. Without one they cannot sign in until they have set one. Raises
        IntegrityError if somebody has this address.
        """
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    @transaction.atomic
    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """Create an administrator from the command line (`manage.py createsuperuser`).

        Raises ValidationError if two administrators can sign in already: they decide together who
        becomes one. Others who decide about people wait until the transaction ends.
        """
        locks.wait_for_advisory_lock(DECIDING_ON_PEOPLE)
        if self.administrators().count() >= ENOUGH_ADMINISTRATORS:
            raise ValidationError(
                "Two administrators can sign in already: one of them adds this person in the"
                " admin, and another one confirms it."
            )
        return self.create_user(email, password, **fields, is_staff=True, is_superuser=True)

    def administrators(self) -> "models.QuerySet[User]":
        """The administrators who can sign in: active, and with a password that they chose."""
        administers = models.Q(groups__name=ADMINISTRATOR) | models.Q(is_superuser=True)
        return (
            self.filter(administers, is_active=True, is_staff=True)
            .exclude(password__startswith=UNUSABLE_PASSWORD_PREFIX)
            .distinct()
        )


# By the beginnings of whose words operators find a person: of the e-mail address what stands before
# its @, since many share the rest.
NAMED_BY = (words.Before("email", "@"), "first_name", "last_name")


class User(AbstractUser):
    username = None  # type: ignore[assignment]
    email = models.EmailField(_("e-mail address"), unique=True)
    # The language of pages and e-mails for this person; empty means the merchant's.
    language = models.CharField(max_length=10, blank=True)
    # The time zone in which an operator reads the admin; empty means UTC.
    timezone = models.CharField(max_length=64, blank=True, default="", db_default="")

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    objects: ClassVar[UserManager] = UserManager()  # type: ignore[assignment]

    class Meta(AbstractUser.Meta):
        # Two spellings of one address would be two people with one mailbox.
        constraints: ClassVar = [
            models.UniqueConstraint(Lower("email"), name="one_user_per_email_address"),
        ]
        indexes: ClassVar = [words.index("person_by_words", *NAMED_BY)]
        triggers: ClassVar = [
            # deploy/roles.sql: Tael itself runs as a role that owns nothing.
            pgtrigger.Trigger(
                name="only_the_owner_of_the_tables_makes_superusers",
                operation=pgtrigger.Insert | pgtrigger.UpdateOf("is_superuser"),
                when=pgtrigger.Before,
                condition=pgtrigger.Q(new__is_superuser=True),
                func=(
                    "IF NOT pg_has_role(current_user, (SELECT relowner FROM pg_class"
                    " WHERE oid = TG_RELID), 'MEMBER') AND (TG_OP = 'INSERT' OR NOT"
                    " OLD.is_superuser) THEN RAISE EXCEPTION 'only the owner of the tables makes"
                    " superusers' USING ERRCODE = 'insufficient_privilege'; END IF; RETURN NEW;"
                ),
            ),
        ]

    def __str__(self) -> str:
        return self.email

    def has_perm(self, perm: str, obj: Any = None) -> bool:
        """Whether the person has the permission; of one about a single object (`obj`) nobody has
        any. A superuser has only those of the administrators' role, and so decides about no money.
        """
        if self.is_active and self.is_superuser:
            return obj is None and perm in self._of_administrators
        return super().has_perm(perm, obj)

    def has_module_perms(self, app_label: str) -> bool:
        """Whether the person has any permission in this app; a superuser has those of the
        administrators' role.
        """
        if self.is_active and self.is_superuser:
            return any(perm.startswith(f"{app_label}.") for perm in self._of_administrators)
        return super().has_module_perms(app_label)

    @cached_property
    def _of_administrators(self) -> frozenset[str]:
        """Read the permissions of the administrators' role, as "app.codename"."""
        given = Permission.objects.filter(group__name=ADMINISTRATOR)
        named = given.values_list("content_type__app_label", "codename")
        return frozenset(f"{app}.{codename}" for app, codename in named)


class Membership(models.Model):
    class Role(models.TextChoices):
        OWNER = "OWNER", _("Owner")  # everything, the team included
        FINANCE = "FINANCE", _("Finance")  # view, export, and act with money
        VIEWER = "VIEWER", _("Viewer")  # view

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    merchant = models.ForeignKey(Merchant, on_delete=models.PROTECT, related_name="memberships")
    role = models.CharField(max_length=10, choices=Role.choices, default=Role.VIEWER)
    # Kinds of notices this person wants no e-mail of; in the application all are shown.
    muted = ArrayField(models.CharField(max_length=20), default=list, blank=True)
    # The id of the latest notice that this person has seen in the list of them; 0 is none.
    seen_notice = models.BigIntegerField(default=0)

    # The look by which an operator is taken for a member (merchants.access). Such a membership is
    # never saved.
    look: "Look | None" = None
    # The person's other merchants by name, each as its reference and name; a few of them, and only
    # where queries.membership looked them up.
    others: Sequence[dict[str, str]] = ()
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
        """Whether the role may export, ask, and act with money; a viewer only looks."""
        return self.role in (self.Role.OWNER, self.Role.FINANCE)

    @property
    def may_export(self) -> bool:
        """Whether the role may take files; operators who look at the pages may, too."""
        return self.may_act or self.look is not None

    @property
    def is_owner(self) -> bool:
        """Whether the role is that of an owner, who may do everything, also with the team."""
        return self.role == self.Role.OWNER

    @property
    def has_news(self) -> bool:
        """Whether the merchant's latest notice, by its key, is later than the last one that
        this person has seen. It goes by `latest_notice`, which the query of memberships adds,
        and looks nothing up: it is False if that was not added, or there is no notice.
        """
        return (self.latest_notice or 0) > self.seen_notice


class Invitation(models.Model):
    """A role at a merchant, offered to an e-mail address by a link. Only the digest of the link's
    token is kept.
    """

    merchant = models.ForeignKey(Merchant, on_delete=models.PROTECT, related_name="invitations")
    email = models.EmailField()  # in lower case, as those of people are
    role = models.CharField(max_length=10, choices=Membership.Role.choices)
    # The SHA-256 digest of the token in the link.
    token_digest = models.CharField(max_length=64, unique=True, editable=False)
    invited_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    invited_at = models.DateTimeField()
    request_key = FormKeyField()
    expires_at = models.DateTimeField()
    # At most one of the two is set, once. An invitation that a newer one replaces is revoked.
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
            one_row_per_form("merchant", "one_invitation_per_submitted_form"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["merchant", "invited_at"], name="invitations_lately"),
        ]

    def __str__(self) -> str:
        return f"Invitation #{self.pk}"

    @property
    def inviter(self) -> str:
        """Who invites, as the merchant's people are told: an operator is "Our team", and so is
        whoever has no account any more.
        """
        by = self.invited_by
        return str(by) if by and not by.is_staff else gettext("Our team")
