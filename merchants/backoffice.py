"""The part of people and profiles in the operators' pages."""

from collections.abc import Iterator
from typing import Any

from backoffice.briefs import OF_PROPOSALS
from backoffice.checklist import ENTRIES, Entry, Item
from backoffice.columns import list_of, page_of
from backoffice.merchant_page import FEW, MANY, PARTS, Area, Part, Placed, Section, Visit
from backoffice.panels import Panel
from backoffice.queues import QUEUES
from merchants import briefs, queries
from merchants.models import Invitation, Membership, Note, Profile
from merchants.proposals import OPERATOR_POLICY, OPERATOR_ROLES
from merchants.queues import PROFILES, ROLES_AND_POLICIES
from merchants.roles import WRITES_NOTES


def register() -> None:
    """Register the queues of profiles and proposals, what is shown beside proposals of roles and
    policies, the first steps of what a merchant still needs, and the part of a merchant's page that
    shows its people. Called once, when a program starts.
    """
    QUEUES.register(PROFILES, ROLES_AND_POLICIES)
    OF_PROPOSALS[OPERATOR_ROLES.code] = briefs.of_roles
    OF_PROPOSALS[OPERATOR_POLICY.code] = briefs.of_policy_proposed
    ENTRIES.register(Entry(10, _owner), Entry(20, _profile))
    licence = "profile__licence_document"  # up to 5 MB
    PARTS.register(Part(50, _of_merchant, related=["profile"], deferred=[licence]))


def _of_merchant(visit: Visit) -> Section:
    """The part of a merchant's page that shows its profile, at most MANY people, and the latest FEW
    notes of colleagues. Of these, operators see only what they may see by their roles: profiles,
    memberships and notes.
    """
    people: list[Any] = []
    if visit.may_see(Membership):
        people = list(queries.members(visit.merchant).order_by("role", "pk")[:MANY])
    shown = {"people": people, "profile": visit.own("profile", Profile)}
    return Section(
        panels=[
            Placed(Area.ROWS, 50, Panel("admin/backoffice/people.html", shown)),
            *_notes(visit),
        ]
    )


def _notes(visit: Visit) -> Iterator[Placed]:
    """Yield the panel of the latest FEW notes of colleagues, for who may see them."""
    if not visit.may_see(Note):
        return
    shown = {
        "notes": visit.merchant.notes.order_by("-pk")[:FEW],
        "may_write": visit.request.user.has_perm(WRITES_NOTES),
    }
    yield Placed(Area.ROWS, 55, Panel("admin/backoffice/notes.html", shown))


# Until the merchant trades.


def _owner(visit: Visit) -> Item | None:
    """The step "an owner has accepted" of a list of what a merchant still needs, done if the
    merchant has an owner, even one who cannot sign in; if not, it says who is invited and leads to
    the invitations. None if the operator may not see memberships.
    """
    if not visit.may_see(Membership):
        return None
    owner = Membership.Role.OWNER
    title, merchant = "An owner has accepted", visit.merchant
    if merchant.memberships.filter(role=owner).exists():
        return Item(title, True)
    invited = queries.open_invitations(merchant, visit.now).filter(role=owner).first()
    note = f"{invited.email} is invited" if invited else "nobody is invited"
    return Item(title, False, note, list_of(merchant, Invitation))


def _profile(visit: Visit) -> Item | None:
    """The step "the profile is confirmed" of a list of what a merchant still needs, done if both of
    its parts are; if not, it says whether the profile is empty or a part waits for an operator's
    decision, and nothing if neither, as when one was rejected. None if the operator may not see
    profiles.
    """
    if not visit.may_see(Profile):
        return None
    title = "The profile is confirmed"
    profile = visit.own("profile", Profile)
    if profile is None or not profile.changed_at:
        return Item(title, False, "it is empty", list_of(visit.merchant, Profile))
    note = "it waits for you" if profile.waits else ""
    return Item(title, profile.is_confirmed, note, page_of(profile))
