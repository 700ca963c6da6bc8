"""The operators' view of people and merchants, and the ground all books' admin pages stand on."""

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any, ClassVar

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib import admin
from django.contrib.admin import ShowFacets
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin, TabularInline
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm
from unfold.paginator import InfinitePaginator

from merchants import money
from merchants.decisions import Act, Deciding, Decision, Download
from merchants.fields import AmountField
from merchants.forms import ConfirmedProfile
from merchants.models import (
    Invitation,
    Membership,
    Merchant,
    Notice,
    NoticeMail,
    Profile,
    TimeZonePeriod,
    User,
)
from merchants.operations import profiles

Column = Callable[[Any], str]


def figure(value: Decimal, currency: str) -> str:
    """An amount in a sentence or a table."""
    return f"{money.text(value, currency)}\N{NO-BREAK SPACE}{currency}"


def amount(field: str, currency: str = "currency") -> Column:
    """A column of money; `currency` is where the row names it, `__` leading to related rows."""

    @admin.display(description=field.replace("_", " "))
    def column(row: Any) -> str:
        value = getattr(row, field)
        return "-" if value is None else figure(value, _follow(row, currency))

    column.__name__ = field
    return column


def related(path: str) -> Column:
    """A column that shows a row further away. Its rows belong into list_select_related."""

    @admin.display(description=path.rpartition("__")[2])
    def column(row: Any) -> str:
        return str(_follow(row, path))

    column.__name__ = path
    return column


def _follow(row: Any, path: str) -> Any:
    for step in path.split("__"):
        row = getattr(row, step)
    return row


class Bounded(ModelAdmin):
    """A list that costs the same however long it is: it is never counted."""

    paginator = InfinitePaginator
    show_full_result_count = False
    show_facets = ShowFacets.NEVER
    list_per_page = 50


class ReadOnly(Bounded):
    """Rows that only operations write: nobody adds, edits or deletes them here."""

    currency: ClassVar[str] = "currency"  # where a row names the currency of its amounts

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> Sequence[Any]:
        """Every column; amounts with their currency's digits, which the columns do not know."""
        return [
            amount(field.name, self.currency) if isinstance(field, AmountField) else field.name
            for field in self.model._meta.fields
            if field.editable and not (field.primary_key and not field.is_relation)
        ]


class OfMerchant(ReadOnly):
    """Rows with a reference unique to their merchant: found by both, as they are indexed."""

    merchant: ClassVar[str]  # the path from the row to the merchant
    reference: ClassVar[str] = "reference"  # the path to its own; "" where it has none
    # Makes the box appear; get_search_results says what it finds.
    search_fields = ("pk",)
    search_help_text = _("Merchant's reference, own reference")

    def get_search_results(
        self, request: HttpRequest, queryset: "QuerySet[Any]", search_term: str
    ) -> tuple["QuerySet[Any]", bool]:
        merchant, _space, reference = search_term.strip().partition(" ")
        if merchant:
            queryset = queryset.filter(**{f"{self.merchant}__reference": merchant})
        if reference and self.reference:
            queryset = queryset.filter(**{self.reference: reference})
        return queryset, False


class ReadOnlyInline(TabularInline):
    """A few rows under the one they belong to. Only for rows that are few by nature."""

    extra = 0
    can_delete = False
    show_change_link = True

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class MembershipInline(TabularInline):
    model = Membership
    extra = 0
    autocomplete_fields = ("user",)


@admin.register(Merchant)
class MerchantAdmin(Bounded):
    list_display = ("name", "reference", "timezone", "language", "joined_at")
    search_fields = ("reference__startswith", "name__istartswith")
    readonly_fields = ("reference", "name", "timezone", "language", "joined_at")
    inlines = (MembershipInline,)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


@admin.register(Membership)
class MembershipAdmin(Bounded):
    list_display = ("user", "merchant", "role")
    list_filter = ("role",)
    list_select_related = ("user", "merchant")
    search_fields = ("user__email__startswith", "merchant__reference__exact")
    autocomplete_fields = ("user", "merchant")


@admin.register(Invitation)
class InvitationAdmin(OfMerchant):
    merchant = "merchant"
    reference = "email"
    list_display = ("email", "merchant", "role", "invited_at", "accepted_at", "revoked_at")
    list_select_related = ("merchant",)


@admin.register(TimeZonePeriod)
class TimeZonePeriodAdmin(OfMerchant):
    merchant = "merchant"
    reference = ""
    list_display = ("timezone", "merchant", "starts_on", "starts_at")
    list_select_related = ("merchant",)


def _confirm(act: Act) -> Profile:
    return profiles.confirm(merchant_id=act.row.pk, seen=act.said["seen"], **act.by)


@admin.register(Profile)
class ProfileAdmin(Deciding, OfMerchant):
    merchant = "merchant"
    reference = ""
    list_display = ("merchant", "licence_number", "contact_name", "changed_at", "confirmed_at")
    list_filter = (("confirmed_at", admin.EmptyFieldListFilter),)
    list_select_related = ("merchant",)
    downloads = (
        Download(
            "licence",
            _("Licence document"),
            is_there=lambda profile: bool(profile.licence_document_name),
            content=lambda profile: (
                profile.licence_document_name,
                bytes(profile.licence_document),
            ),
        ),
    )
    decisions = (
        Decision(
            "confirm",
            _("Confirm"),
            form=ConfirmedProfile,
            effect=lambda profile: _(
                "The profile counts as confirmed by you, until the merchant changes it."
            ),
            initial=lambda profile: {"seen": profile.changed_at and profile.changed_at.isoformat()},
            carry_out=_confirm,
            done=_("The profile is confirmed."),
            is_open=lambda profile: bool(profile.changed_at and not profile.confirmed_at),
        ),
    )

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Profile]":
        found: QuerySet[Profile] = super().get_queryset(request)
        return found.defer("licence_document")  # up to 5 MB each


@admin.register(Notice)
class NoticeAdmin(OfMerchant):
    merchant = "merchant"
    reference = "cause"
    list_display = ("__str__", "merchant", "cause", "at", "addressed_at")
    list_filter = ("kind",)
    list_select_related = ("merchant",)


@admin.register(NoticeMail)
class NoticeMailAdmin(OfMerchant):
    merchant = "notice__merchant"
    reference = "notice__cause"
    list_display = ("__str__", related("notice__merchant"), "notice", "user", "sent_at", "failures")
    list_filter = (("sent_at", admin.EmptyFieldListFilter),)
    list_select_related = ("notice__merchant", "user")


@admin.register(User)
class UserAdmin(DjangoUserAdmin, Bounded):
    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    ordering = ("email",)
    list_display = ("email", "first_name", "last_name", "is_staff", "is_active", "last_login")
    list_filter = ("is_staff", "is_superuser", "is_active")
    search_fields = ("email__startswith", "last_name__istartswith")
    readonly_fields = ("last_login", "date_joined")
    fieldsets = (
        (None, {"fields": ("email", "password", "first_name", "last_name")}),
        (
            _("Permissions"),
            {"fields": ("is_active", "is_staff", "is_superuser", "groups", "user_permissions")},
        ),
        (_("Dates"), {"fields": ("last_login", "date_joined")}),
    )
    add_fieldsets = ((None, {"fields": ("email", "usable_password", "password1", "password2")}),)


admin.site.unregister(Group)


@admin.register(Group)
class GroupAdmin(DjangoGroupAdmin, ModelAdmin):
    pass


for registered in (EmailAddress, Authenticator, UserSession):
    if admin.site.is_registered(registered):
        admin.site.unregister(registered)


@admin.register(EmailAddress)
class EmailAddressAdmin(Bounded):
    list_display = ("email", "user", "primary", "verified")
    list_select_related = ("user",)
    search_fields = ("email__startswith",)
    autocomplete_fields = ("user",)


@admin.register(Authenticator)
class AuthenticatorAdmin(Bounded):
    """Second factors: may be taken away from who lost one. Their secrets are not shown."""

    list_display = ("user", "type", "created_at", "last_used_at")
    list_filter = ("type",)
    list_select_related = ("user",)
    search_fields = ("user__email__startswith",)
    fields = ("user", "type", "created_at", "last_used_at")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False
