"""What a merchant says of itself, and what people make of it (rule 8.4)."""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING

from .refusals import Refused

if TYPE_CHECKING:
    from .model import Merchant

OF_A_PART = 50  # of what is confirmed, in points of 100


@dataclass
class Profile:
    """By part (licence, contacts) what is said, and how it stands: WAITING, CONFIRMED, REJECTED."""

    said: dict[str, str] = field(default_factory=dict)
    standing: dict[str, str] = field(default_factory=dict)

    def figure(self, reported: Decimal) -> Decimal:
        """How complete it is, up to 100; half at most while a part stands rejected."""
        standings = list(self.standing.values())
        found = max(reported, Decimal(OF_A_PART * standings.count("CONFIRMED")))
        return min(found, Decimal(OF_A_PART)) if "REJECTED" in standings else found


def say(owner: "Merchant", what: tuple[str, str]) -> None:
    """Fill in a part of the profile: something else takes the decision about it away; nothing has
    none.
    """
    (part, said), profile = what, owner.profile
    if profile.said.get(part, "") != said:
        profile.said[part] = said
        profile.standing[part] = "WAITING" if said else ""


def confirm(owner: "Merchant", part: str) -> None:
    """Confirm this part of the profile. Raises Refused."""
    decide(owner, part, "CONFIRMED")


def reject(owner: "Merchant", part: str) -> None:
    """Reject a part of the profile, also one that was confirmed. Raises Refused."""
    decide(owner, part, "REJECTED")


def decide(owner: "Merchant", part: str, standing: str) -> None:
    """Set how this part of the profile stands. Raises Refused."""
    profile = owner.profile
    if not profile.said.get(part):
        raise Refused("profile_incomplete")
    if profile.standing[part] == standing:
        raise Refused("already_decided")
    profile.standing[part] = standing
