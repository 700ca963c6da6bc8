"""The decisions about people, and those that wait for a second one, with what each leaves on the
trail.
"""

from django.db.models import Model

from merchants.models import User
from notices.models import Notice, NoticeMail
from tests.billing import operator_decisions as billing
from tests.billing.operator_decisions import DECIDER, WHY
from tests.factories import (
    AuthenticatorFactory,
    InvitationFactory,
    ProposalFactory,
    member,
    operator,
)
from tests.shops import Shop, instant
from tests.trail.trail_case import FORM, Case, changed, status

NEW, ROLE = "new@shop.example", "Auditor"


def person(shop: Shop) -> Model:
    """One of our own, who has lost a telephone."""
    user = operator("Credit officer", email=NEW)
    AuthenticatorFactory.create(user=user)
    return user


def kept_out(shop: Shop) -> Model:
    """An operator who is deactivated."""
    return operator("Credit officer", email=NEW, is_active=False)


def colleague(shop: Shop) -> Model:
    """A viewer's membership."""
    return member(shop, "VIEWER", email=NEW).memberships.get()


def invited(shop: Shop) -> Model:
    """An invitation that is open."""
    return InvitationFactory.create(shop=shop, at="2026-11-03 10:00", email=NEW, role="FINANCE")


def mailed(shop: Shop) -> Model:
    """A message that a member got by mail."""
    at = instant(billing.BEFORE)
    notice = Notice.objects.create(
        merchant=shop.merchant, kind="MESSAGE", cause="n-1", details={"text": "Hello."}, at=at,
        addressed_at=at,
    )  # fmt: skip
    reader = member(shop, "OWNER", email=NEW)
    return NoticeMail.objects.create(notice=notice, user=reader, sent_at=at)


def merchant(shop: Shop) -> Model:
    return shop.merchant


INVITED = {"email": NEW, "role": "FINANCE", **FORM}
ANOTHER = "another@tael.example"


def proposed(shop: Shop, by: str = DECIDER) -> Model:
    """A proposal to add an operator, by this administrator."""
    now = instant(billing.BEFORE)
    actor = User.objects.get(email=by)
    return ProposalFactory.create(email=NEW, roles=[ROLE], actor=actor, now=now, **WHY)


def proposed_by_another(shop: Shop) -> Model:
    """A proposal to add an operator, by another administrator."""
    return proposed(shop, ANOTHER)


PEOPLE = [
    Case("merchant", "note", merchant, {"text": "Rang about the parcel.", "request_key": "form-9"},
         [("NOTE_WRITTEN", "note", {}, {"text": "Rang about the parcel."})], reason=""),
    Case("merchant", "invite", merchant, INVITED,
         [("MEMBER_INVITED", NEW, *changed("role", "", "FINANCE"))]),
    Case("merchant", "details", merchant, {"name": "Rose & Wood", "language": "th", **WHY},
         [("MERCHANT_CHANGED", "rosewood",
           {"name": "Rosewood Dresses", "language": "en"},
           {"name": "Rose & Wood", "language": "th"})]),
    Case("merchant", "contacts", merchant,
         {"contact_name": "Mei", "contact_email": "mei@rosewood.example", "contact_phone": "",
          **WHY},
         [("PROFILE_CHANGED", "profile",
           {"contact_name": "", "contact_email": "", "contacts": ""},
           {"contact_name": "Mei", "contact_email": "mei@rosewood.example",
            "contacts": "WAITING"})]),
    Case("notice", "write", None, {"merchant": "rosewood", "text": "We are closed.", **FORM},
         [("MESSAGE_SENT", "message", {}, {"text": "We are closed."})]),
    Case("membership", "invite", None, {"merchant": "rosewood", **INVITED},
         [("MEMBER_INVITED", NEW, *changed("role", "", "FINANCE"))]),
    Case("noticemail", "again", mailed, WHY,
         [("MAIL_SENT_AGAIN", NEW, {"sent_at": "2026-11-03T10:00:00+00:00"},
           {"sent_at": "", "notice": "MESSAGE n-1"})]),
    Case("invitation", "send-again", invited, WHY,
         [("MEMBER_INVITED", NEW, *changed("role", "FINANCE", "FINANCE"))]),
    Case("invitation", "revoke", invited, WHY,
         [("INVITATION_REVOKED", NEW, *changed("role", "FINANCE", ""))]),
    Case("membership", "role", colleague, {"role": "FINANCE", **WHY},
         [("ROLE_CHANGED", NEW, *changed("role", "VIEWER", "FINANCE"))]),
    Case("membership", "remove", colleague, WHY,
         [("ROLE_TAKEN", NEW, *changed("role", "VIEWER", ""))]),
    Case("user", "add-operator", None, {"email": NEW, "roles": [ROLE], **WHY},
         [("PROPOSED", NEW, *changed("roles", "", ROLE))], of_merchant=False),
    Case("user", "roles", person, {"roles": [ROLE], **WHY},
         [("OPERATOR_ROLES_CHANGED", NEW, *changed("roles", "Credit officer", "")),
          ("PROPOSED", NEW, *changed("roles", "", ROLE))], of_merchant=False),
    Case("proposal", "confirm", proposed_by_another, {},
         [("OPERATOR_ADDED", NEW, {}, {"roles": ROLE, "proposed_by": ANOTHER}),
          ("PROPOSAL_CONFIRMED", NEW, *status("PROPOSED", "CONFIRMED"))], of_merchant=False),
    Case("proposal", "refuse", proposed_by_another, WHY,
         [("PROPOSAL_REFUSED", NEW, *status("PROPOSED", "REFUSED"))], of_merchant=False),
    Case("proposal", "withdraw", proposed, WHY,
         [("PROPOSAL_WITHDRAWN", NEW, *status("PROPOSED", "WITHDRAWN"))], of_merchant=False),
    Case("user", "link", person, {}, [("OPERATOR_WRITTEN_TO", NEW, {}, {})],
         of_merchant=False, reason="", acts_again=True),
    Case("user", "second-factors", person, WHY,
         [("SECOND_FACTORS_TAKEN", NEW, *changed("second_factors", "totp", ""))],
         of_merchant=False),
    Case("user", "sessions", person, WHY, [("SESSIONS_ENDED", NEW, {"sessions": 0}, {})],
         of_merchant=False, acts_again=True),
    Case("user", "deactivate", person, WHY,
         [("PERSON_DEACTIVATED", NEW, *changed("may_sign_in", True, False))], of_merchant=False),
    Case("user", "reactivate", kept_out, WHY,
         [("PERSON_REACTIVATED", NEW, *changed("may_sign_in", False, True))], of_merchant=False),
]  # fmt: skip
