"""The admin pages of people, roles, addresses and second factors.

Nothing is edited here: administrators decide, and operations carry it out.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib import admin
from django.contrib.auth.models import Group
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from backoffice.briefs import Brief
from backoffice.decision_pages import Deciding
from backoffice.list_pages import ReadOnly, ReadOnlyInline
from merchants import briefs, queries
from merchants.admin import erasures
from merchants.admin.person_decisions import ABOUT_PERSON, ADD_OPERATOR
from merchants.models import Membership, User
from merchants.operations import operators
from merchants.queries import called

for registered in (Group, EmailAddress, Authenticator, UserSession):
    if admin.site.is_registered(registered):
        admin.site.unregister(registered)


class OwnMembershipInline(ReadOnlyInline):
    model = Membership
    verbose_name_plural = "roles at merchants"
    fields = readonly_fields = ("merchant", "role")


@admin.register(User)
class UserAdmin(Deciding, ReadOnly):
    ordering = ("email",)
    list_display = ("email", "roles", "may_sign_in", "last_login")
    list_filter = ("groups", "is_staff", "is_superuser", "is_active")
    search_fields = ("pk",)  # makes the box appear
    search_help_text = "The beginning of the e-mail address, or of words of the name."
    inlines = (OwnMembershipInline,)
    decisions = (*ABOUT_PERSON, erasures.OF_PERSON)
    downloads = (erasures.DATA_OF_PERSON,)
    list_decisions = (ADD_OPERATOR,)

    def lock(self, row: Any, now: datetime) -> None:
        """Wait for the lock under which all decisions about people are taken, until the transaction
        ends.
        """
        operators.wait_turn()

    def brief(self, row: Any, name: str) -> Brief | None:
        """What operators read of the person before the decision `name`: how they sign in,
        what they may do, what happened to their access lately, and what the decision
        changes (briefs.of_person). It is never None; a decision that changes none of that
        has the same brief without changes.
        """
        return briefs.of_person(row, name)

    def get_search_results(
        self, request: HttpRequest, queryset: "QuerySet[User]", search_term: str
    ) -> tuple["QuerySet[User]", bool]:
        """All people without a term; otherwise those whose e-mail address begins with the term or
        in whose name or address its words begin words (merchants.queries.called). The second value
        is Django's: whether a row may come twice.
        """
        if not search_term.strip():
            return super().get_search_results(request, queryset, "")
        return queryset.filter(called(search_term.strip())), False

    def get_queryset(self, request: HttpRequest) -> "QuerySet[User]":
        found: QuerySet[User] = super().get_queryset(request)
        return found.prefetch_related("groups")

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> Sequence[Any]:
        return (
            "email",
            self.roles,
            self.may_sign_in,
            "language",
            "timezone",
            "last_login",
            "date_joined",
            self.second_factors,
            self.address_is_proved,
        )

    @admin.display(description="roles with us")
    def roles(self, user: User) -> str:
        """The names of the operator's roles, sorted and with commas, after "Superuser" if the
        person is one; "-" without any.
        """
        names = sorted(group.name for group in user.groups.all())
        return ", ".join((["Superuser"] if user.is_superuser else []) + names) or "-"

    @admin.display(boolean=True, description="may sign in", ordering="is_active")
    def may_sign_in(self, user: User) -> bool:
        """Whether the person is active: one who is not cannot sign in."""
        return user.is_active

    @admin.display(description="second factors")
    def second_factors(self, user: User) -> str:
        """The names of the person's second factors, recovery codes among them, with commas; "-"
        without any.
        """
        return ", ".join(queries.factor_names(user)) or "-"

    @admin.display(boolean=True, description="address is proved")
    def address_is_proved(self, user: User) -> bool:
        """Whether the person's present address is verified."""
        own = EmailAddress.objects.filter(user=user, email__iexact=user.email)
        return bool(own.filter(verified=True).exists())


@admin.register(Group)
class RoleAdmin(ReadOnly):
    """The admin page of roles and their permissions. Migrations write both, so that they are the
    same in every installation.
    """

    list_display = ("name",)
    ordering = ("name",)

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> Sequence[Any]:
        return ("name", self.sees, self.decides)

    @admin.display(description="looks at")
    def sees(self, group: Group) -> SafeString:
        """The models whose rows the role may look at."""
        return _permissions(group, "view_")

    @admin.display(description="decides about")
    def decides(self, group: Group) -> SafeString:
        """The models about whose rows the role may decide."""
        return _permissions(group, "change_")


def _permissions(group: Group, prefix: str) -> SafeString:
    """HTML with the models, one on a line, for which the role has a permission whose code name
    starts with `prefix`, such as "view_".
    """
    found = group.permissions.filter(codename__startswith=prefix).select_related("content_type")
    kinds = [permission.content_type for permission in found]
    named = sorted((kind.app_label, kind.name) for kind in kinds)
    return format_html_join("", "<div>{}: {}</div>", named)


@admin.register(EmailAddress)
class EmailAddressAdmin(ReadOnly):
    list_display = ("email", "user", "primary", "verified")
    list_select_related = ("user",)
    search_fields = ("email__startswith",)


@admin.register(Authenticator)
class AuthenticatorAdmin(ReadOnly):
    """The admin page of second factors, without their secrets. Lost ones are removed on the page of
    their person.
    """

    list_display = ("user", "type", "created_at", "last_used_at")
    list_filter = ("type",)
    list_select_related = ("user",)
    search_fields = ("user__email__startswith",)

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> Sequence[Any]:
        return ("user", "type", "created_at", "last_used_at")
