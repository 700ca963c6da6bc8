"""What merchants and people add to the operators' pages."""

from typing import Any

from backoffice.merchant_page import MANY, PARTS, Area, Part, Placed, Section, Visit
from backoffice.panels import Panel
from backoffice.queues import QUEUES
from merchants import queries
from merchants.models import Membership, Profile
from merchants.queues import PROFILES, PROPOSALS


def register() -> None:
    """Add all of it; once, when the programs start."""
    QUEUES.register(PROFILES, PROPOSALS)
    licence = "profile__licence_document"  # up to 5 MB
    PARTS.register(Part(50, _of_merchant, related=["profile"], deferred=[licence]))


def _of_merchant(visit: Visit) -> Section:
    """Who belongs to the merchant, and its profile."""
    people: list[Any] = []
    if visit.may_see(Membership):
        people = list(queries.members(visit.merchant).order_by("role", "pk")[:MANY])
    shown = {"people": people, "profile": visit.own("profile", Profile)}
    return Section(panels=[Placed(Area.ROWS, 50, Panel("admin/backoffice/people.html", shown))])
