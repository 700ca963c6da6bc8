"""The part of people and profiles in the operators' pages."""

from collections.abc import Iterator
from typing import Any

from backoffice.merchant_page import FEW, MANY, PARTS, Area, Part, Placed, Section, Visit
from backoffice.panels import Panel
from backoffice.queues import QUEUES
from merchants import queries
from merchants.models import Membership, Note, Profile
from merchants.queues import PROFILES, ROLES_AND_POLICIES
from merchants.roles import WRITES_NOTES


def register() -> None:
    """Register the queues of profiles and proposals, and the part of a merchant's page that shows
    its people. Called once, when a program starts.
    """
    QUEUES.register(PROFILES, ROLES_AND_POLICIES)
    licence = "profile__licence_document"  # up to 5 MB
    PARTS.register(Part(50, _of_merchant, related=["profile"], deferred=[licence]))


def _of_merchant(visit: Visit) -> Section:
    """The part of a merchant's page that shows its profile and at most MANY people. Operators who
    may not see memberships see no people.
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
