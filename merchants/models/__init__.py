"""People who sign in, merchants, and who may act for which merchant.

User        one person, known by e-mail address.
Merchant    one shop; its reference is the platform's name for it, unique and kept for ever.
Membership  a person's role at a merchant; at most one for each pair.
SavedView   what a member asks a list for, under a name; private to that person and merchant.
Invitation  a role offered to an e-mail address; accepted once, within a week.
Profile     a merchant's licence and contacts, and whether an operator confirmed them.
ProfileStep a change, confirmation or rejection of a part of a profile; append-only.
Erasure     that a person was erased, and the pseudonym since; append-only.
Move        that a merchant's books go to another cell, and until when nothing is written.
MovedName   a number or reference that left a cell with them.
Look        an operator looks at a merchant's pages for a while; ended once.
Note        what our people note about a merchant for colleagues; append-only.
Proposal    a decision that takes two people, and what became of it; decided once.
OperatorPolicy  how far one operator goes alone; a version never changes.
OperatorFigure  one figure of such a version, for one sort of decisions; append-only.
OperatorDecision  what an operator gave or set, of which such a policy speaks; append-only.
SignIn      a sign-in, sign-out, or attempt; never changed, and deleted only when old.
EnrolledFactor  from when on a second factor opens what takes money out.
SecurityMail  an e-mail about how somebody signs in, or who is on a team; sent once.
Installation  the prefix by which others know this installation, and its place; one row.
TimeZoneData  the version of the time-zone data by which the books count days; one row.
"""

from merchants.models.erasures import Erasure
from merchants.models.installation import Installation
from merchants.models.looks import Look
from merchants.models.merchants import (
    Merchant,
    Profile,
    ProfilePart,
    ProfileStep,
    Standing,
    TimeZonePeriod,
)
from merchants.models.moves import Move, MovedName
from merchants.models.notes import Note
from merchants.models.people import Invitation, Membership, User, UserManager
from merchants.models.policies import OperatorDecision, OperatorFigure, OperatorPolicy
from merchants.models.proposals import Proposal
from merchants.models.saved_views import SavedView
from merchants.models.sign_ins import EnrolledFactor, SecurityMail, SignIn
from merchants.models.time_zones import TimeZoneData

__all__ = [
    "EnrolledFactor",
    "Erasure",
    "Installation",
    "Invitation",
    "Look",
    "Membership",
    "Merchant",
    "Move",
    "MovedName",
    "Note",
    "OperatorDecision",
    "OperatorFigure",
    "OperatorPolicy",
    "Profile",
    "ProfilePart",
    "ProfileStep",
    "Proposal",
    "SavedView",
    "SecurityMail",
    "SignIn",
    "Standing",
    "TimeZoneData",
    "TimeZonePeriod",
    "User",
    "UserManager",
]
