"""The operators' view of merchants, their roles, profiles and notices."""

from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from merchants.admin import member_decisions
from merchants.admin.bases import OfMerchant, ReadOnly, ReadOnlyInline, related, waiting
from merchants.decisions import Act, Deciding, Decision, Download
from merchants.forms import ConfirmedProfile
from merchants.models import (
    Invitation,
    Membership,
    Merchant,
    Notice,
    NoticeMail,
    Profile,
    TimeZonePeriod,
)
from merchants.operations import profiles
from merchants.waiting import PROFILES


class MembershipInline(ReadOnlyInline):
    model = Membership
    fields = readonly_fields = ("user", "role")


@admin.register(Merchant)
class MerchantAdmin(Deciding, ReadOnly):
    list_display = ("name", "reference", "timezone", "language", "joined_at")
    search_fields = ("reference__startswith", "name__istartswith")
    inlines = (MembershipInline,)
    change_form_outer_before_template = "admin/desk/link.html"
    decisions = (member_decisions.OF_MERCHANT,)

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> Sequence[Any]:
        return (
            *("reference", "name", "timezone", "language"),
            *("joined_at", "joined_said_at"),
        )


@admin.register(Membership)
class MembershipAdmin(Deciding, ReadOnly):
    merchant = "merchant"
    list_display = ("user", "merchant", "role")
    list_filter = ("role",)
    list_select_related = ("user", "merchant")
    search_fields = ("user__email__startswith", "merchant__reference__exact")
    decisions = member_decisions.OF_MEMBER
    list_decisions = (member_decisions.OF_LIST,)


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


def _licence(act: Act) -> tuple[str, bytes]:
    return profiles.licence(merchant_id=act.row.pk, reason=act.reason, **act.by)


@admin.register(Profile)
class ProfileAdmin(Deciding, OfMerchant):
    merchant = "merchant"
    reference = ""
    list_display = ("merchant", "licence_number", "contact_name", "changed_at", "confirmed_at")
    list_filter = (waiting(PROFILES), ("confirmed_at", admin.EmptyFieldListFilter))
    list_select_related = ("merchant",)
    downloads = (
        Download(
            "licence",
            _("Licence document"),
            is_there=lambda profile: bool(profile.licence_document_name),
            effect=lambda profile: (
                "The document is kept encrypted. That you took it, and why, is on the trail."
            ),
            content=_licence,
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
    is_long = True
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
