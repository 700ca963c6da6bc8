"""The admin pages of merchants, their teams, time zones and profiles, and the decisions about
profiles.
"""

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html

from backoffice.briefs import Brief
from backoffice.columns import related
from backoffice.decision_pages import Deciding
from backoffice.decisions import Call, Decision, Download, Reasoned, Telling
from backoffice.filters import one_of, waiting
from backoffice.list_pages import OfMerchant, ReadOnly, ReadOnlyInline
from backoffice.outcomes import LastDecision
from lib import words
from merchants import briefs
from merchants.admin import erasures, member_decisions, merchant_decisions
from merchants.forms import ProfileLookedAt
from merchants.models import (
    Invitation,
    Look,
    Membership,
    Merchant,
    Note,
    Profile,
    ProfilePart,
    ProfileStep,
    Standing,
    TimeZonePeriod,
)
from merchants.operations import inviting, profiles, team
from merchants.queues import PROFILES

# How a merchant is added takes the terms of all books: who knows them adds that decision.
LIST_DECISIONS: list[Decision] = []
# Who knows of something that is decided about a merchant and that is no person's adds it here.
ROW_DECISIONS: list[Decision] = [
    member_decisions.OF_MERCHANT,
    *merchant_decisions.OF_MERCHANT,
    erasures.OF_CONTACTS,
]


@admin.display(description="name", ordering="name")
def _overview(merchant: Merchant) -> str:
    """The merchant's name, as a link to its overview page."""
    address = reverse("backoffice:merchant", args=[merchant.reference])
    return format_html('<a href="{}">{}</a>', address, merchant.name)


class MembershipInline(ReadOnlyInline):
    model = Membership
    fields = readonly_fields = ("user", "role")


@admin.register(Note)
class NoteAdmin(OfMerchant):
    merchant = "merchant"
    reference = ""
    list_display = ("text", "merchant", "written_by", "written_at")
    list_select_related = ("merchant",)


@admin.register(Look)
class LookAdmin(OfMerchant):
    merchant = "merchant"
    reference = ""
    list_display = ("operator", "merchant", "reason", "started_at", "ends_at", "ended_at")
    list_select_related = ("operator", "merchant")


@admin.register(Merchant)
class MerchantAdmin(Deciding, ReadOnly):
    list_display = (_overview, "reference", "timezone", "language", "joined_at")
    list_display_links = None  # a name leads to all there is about the merchant
    list_filter = (one_of("language", settings.LANGUAGES),)
    search_fields = ("pk",)  # makes the box appear
    search_help_text = "Beginnings of words of the name or reference."
    inlines = (MembershipInline,)
    change_form_outer_before_template = "admin/backoffice/link.html"
    decisions = ROW_DECISIONS
    downloads = (erasures.DATA_OF_CONTACTS,)
    list_decisions = LIST_DECISIONS

    def brief(self, row: Any, name: str) -> Brief | None:
        """What operators read of the merchant before any decision about it (merchants.briefs)."""
        return briefs.of_merchant(row)

    def get_search_results(
        self, request: HttpRequest, queryset: "QuerySet[Merchant]", search_term: str
    ) -> tuple["QuerySet[Merchant]", bool]:
        """The merchants that the search finds: without a term all of them, otherwise those of which
        each of the term's first words (lib.words.begin) begins a word of the name or reference;
        none for a term of punctuation alone. The second value is Django's: whether a row may come
        twice.
        """
        if not search_term.strip():
            return super().get_search_results(request, queryset, "")
        return queryset.filter(words.begin(search_term, *Merchant.NAMED_BY)), False

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

    def brief(self, row: Any, name: str) -> Brief | None:
        """What operators read of the person and the team before the decision `name`
        (merchants.briefs).
        """
        return briefs.of_member(row, name)

    def lock(self, row: Any, now: datetime) -> None:
        """Take the lock of the merchant's team (team.hold), until the transaction ends."""
        team.hold(row.merchant_id)


def _open_or_not(invitation: Invitation) -> dict[str, bool]:
    """Whether the invitation was accepted, and whether it was revoked, each under its label."""
    return {
        "Accepted": invitation.accepted_at is not None,
        "Revoked": invitation.revoked_at is not None,
    }


def _is_open(invitation: Invitation) -> bool:
    """Whether the invitation was neither accepted nor revoked. One that expired counts as open,
    since it can be sent again.
    """
    return invitation.accepted_at is None and invitation.revoked_at is None


@admin.register(Invitation)
class InvitationAdmin(Deciding, OfMerchant):
    merchant = "merchant"
    reference = "email"
    list_display = ("email", "merchant", "role", "invited_at", "accepted_at", "revoked_at")
    list_select_related = ("merchant",)
    decisions = (
        Decision(
            "send-again",
            "Send again",
            takes_second_factor=True,
            form=Reasoned,
            effect=lambda invitation: (
                f"{invitation.email} gets a mail with a new link to become"
                f" {invitation.get_role_display()} of {invitation.merchant}, good for seven days;"
                " the one before opens nothing any more. We never see the link."
            ),
            shown=_open_or_not,
            carry_out=Call(
                inviting.send_again,
                "invitation_id",
                columns={"merchant_id": "merchant_id"},
                takes_person=True,
            ),
            commits_itself=True,  # it mails
            done="The invitation is sent again.",
            is_open=_is_open,
        ),
        Decision(
            "revoke",
            "Revoke",
            form=Reasoned,
            effect=lambda invitation: (
                f"The link that {invitation.email} got to become {invitation.get_role_display()} of"
                f" {invitation.merchant} opens nothing any more. Nobody is written to."
            ),
            shown=_open_or_not,
            carry_out=Call(
                inviting.revoke,
                "invitation_id",
                columns={"merchant_id": "merchant_id"},
                takes_person=True,
            ),
            done="The invitation is revoked.",
            is_open=_is_open,
        ),
    )

    def brief(self, row: Any, name: str) -> Brief | None:
        """What operators read of the invitation and the team before any decision
        (merchants.briefs).
        """
        return briefs.of_invitation(row)

    def lock(self, row: Any, now: datetime) -> None:
        """Take the lock of the merchant's team (team.hold), until the transaction ends."""
        team.hold(row.merchant_id)


@admin.register(TimeZonePeriod)
class TimeZonePeriodAdmin(OfMerchant):
    merchant = "merchant"
    reference = ""
    list_display = ("timezone", "merchant", "starts_on", "starts_at")
    list_select_related = ("merchant",)


@admin.register(ProfileStep)
class ProfileStepAdmin(OfMerchant):
    merchant = "profile__merchant"
    reference = ""
    list_display = ("__str__", related("profile__merchant"), "standing", "at", "actor", "reason")
    list_filter = ("part", "standing")
    list_select_related = ("profile__merchant",)


class ProfileRejected(Telling, ProfileLookedAt):
    """The form that rejects a part of a profile: the version that the operator looked at, and the
    two reasons.
    """


def _confirm(part: ProfilePart) -> Decision:
    """The decision that confirms this part of a profile, which writes a trail row
    (profiles.confirm). It is offered while the part waits or is rejected.
    """
    name = part.lower()
    return Decision(
        f"confirm-{name}",
        f"Confirm {name}",
        form=ProfileLookedAt,
        effect=lambda profile: (
            f"The {name} counts as confirmed by you, until the merchant changes it."
        ),
        initial=_seen,
        shown=partial(_shown, part),
        carry_out=Call(partial(profiles.confirm, part=part), "merchant_id"),
        done=f"The {name} is confirmed.",
        is_open=lambda profile: profile.standing(part) in (Standing.WAITING, Standing.REJECTED),
    )


def _reject(part: ProfilePart) -> Decision:
    """The decision that rejects this part of a profile, with a trail row (profiles.reject). Its
    form asks for a reason, for colleagues, and for another text, which the merchant reads on its
    page. It is offered while the part waits or is confirmed.
    """
    name = part.lower()
    return Decision(
        f"reject-{name}",
        f"Reject {name}",
        form=ProfileRejected,
        effect=lambda profile: (
            f"The {name} counts as rejected until the merchant changes it: reviews take the profile"
            " as half complete at most. The merchant is told why."
        ),
        initial=_seen,
        shown=partial(_shown, part),
        carry_out=Call(partial(profiles.reject, part=part), "merchant_id"),
        done=f"The {name} is rejected.",
        is_open=lambda profile: profile.standing(part) in (Standing.WAITING, Standing.CONFIRMED),
    )


def _seen(profile: Profile) -> dict[str, Any]:
    """The form's initial value `seen`, the instant of the profile's last change as text, or None
    if it was never changed: by it the operation knows which version the operator looked at.
    """
    return {"seen": profile.changed_at and profile.changed_at.isoformat()}


def _shown(part: ProfilePart, profile: Profile) -> dict[str, Any]:
    """How we stand to this part of the profile, and the fields of the part but for the licence
    document, each under its label.
    """
    names = [name for name in profiles.FIELDS[part] if name != "licence_document"]
    said = {name.replace("_", " ").capitalize(): getattr(profile, name) for name in names}
    standing = profile.standing(part)
    return {part.capitalize(): Standing(standing).label if standing else "", **said}


class ProfileStepInline(ReadOnlyInline):
    model = ProfileStep
    fields = readonly_fields = ("part", "standing", "at", "actor", "reason")


@admin.register(Profile)
class ProfileAdmin(Deciding, OfMerchant):
    merchant = "merchant"
    reference = ""
    list_display = (
        *("merchant", "licence_number", "licence_standing", "contact_name", "contacts_standing"),
        "changed_at",
    )
    list_filter = (waiting(PROFILES), "licence_standing", "contacts_standing")
    inlines = (ProfileStepInline,)
    list_select_related = ("merchant",)
    downloads = (
        Download(
            "licence",
            "Licence document",
            is_there=lambda profile: bool(profile.licence_document_name),
            effect=lambda profile: (
                "The document is kept encrypted. That you took it, and why, is on the trail."
            ),
            content=Call(profiles.licence, "merchant_id"),
        ),
    )
    decisions = tuple(decide(part) for part in ProfilePart for decide in (_confirm, _reject))

    def brief(self, row: Any, name: str) -> Brief | None:
        """What operators read of the profile before the decision `name` (merchants.briefs)."""
        return briefs.of_profile(row, name)

    def last_decision(self, row: Any) -> LastDecision | None:
        """The latest step of the profile, which may be a change by the merchant itself: which part
        it was about, how that stands since, who made it and when. None without a step.
        """
        step = row.steps.order_by("pk").last()
        if step is None:
            return None
        standing = step.get_standing_display() or "Empty"
        return LastDecision(f"{step.get_part_display()}: {standing}", step.actor, step.at)

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Profile]":
        found: QuerySet[Profile] = super().get_queryset(request)
        return found.defer("licence_document")  # up to 5 MB each
