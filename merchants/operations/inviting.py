"""Invites people to a merchant's team, and takes invitations back (rule 21.1).

Owners do it for their own merchant, our administrators for all, with a reason; a system of ours
that took a merchant in invites its first owner. What becomes of an invitation that is taken up is
in invitations.py.
"""

import logging
import secrets
from datetime import datetime, timedelta
from enum import StrEnum

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from lib import form_keys, wording
from lib.refusals import Invalid, Refused
from merchants import invitation_letter, queries
from merchants.models import Invitation, Membership, Merchant, User
from merchants.operations import invitations
from merchants.operations.team import lock
from merchants.trail import Action
from trail import operations as trail

log = logging.getLogger(__name__)

VALID_FOR = timedelta(days=7)
MOST_INVITATIONS = 100  # of a merchant within that time: it is no way to write to the whole world


class FirstOwner(StrEnum):
    """What became of inviting a merchant's first owner."""

    INVITED = "invited"
    NOT_SENT = "not_sent"  # the mail server did not take it
    HAS_OWNER = "has_owner"
    IS_INVITED = "is_invited"  # an owner's invitation was open already
    OPERATORS = "operators_address"  # nobody is invited by it

    @property
    def is_invited(self) -> bool:
        """Whether the merchant has an owner now, or an open invitation of one."""
        return self not in (FirstOwner.NOT_SENT, FirstOwner.OPERATORS)


class AlreadyMember(Refused):
    """The person belongs to the merchant already."""

    code = "already_member"
    sentence = _("This person belongs to the team already.")


class OperatorsAddress(Refused):
    """The address is one of our operators', who belong to no merchant."""

    code = "operators_address"
    sentence = _("This address cannot be invited.")


class TooManyInvitations(Refused):
    """The merchant has sent 100 invitations within a week, and may not send more."""

    code = "too_many_invitations"
    sentence = _("You have sent as many invitations as you may in a week.")


class InvitationNotSent(Refused):
    """The mail server did not take the e-mail. The invitation is saved, and can be sent again."""

    code = "invitation_not_sent"
    sentence = _(
        "The invitation is kept, but its e-mail could not be sent. Send it again in a while."
    )


def invite(
    *,
    merchant_id: int,
    actor: User,
    email: str,
    role: Membership.Role,
    reason: str = "",
    request_key: str = "",
    now: datetime,
) -> Invitation:
    """Invite the owner of this address to the team in `role`, by an e-mail with a link, with a
    trail row. `actor` is one of the merchant's owners or an administrator of ours; that these give
    a reason is up to their form. An open invitation to the address is revoked, without a trail row
    of its own. A form that is sent twice, with the same `request_key`, makes one invitation and one
    e-mail; if the e-mail could not be sent, the form sent again makes another.

    Raises FormConflict, NotAnOwner for any other actor, OperatorsAddress, AlreadyMember,
    TooManyInvitations, Invalid; and InvitationNotSent after the invitation is saved. It locks the
    merchant against other changes of its team.
    """
    if role not in Membership.Role.values:
        raise Invalid("role", f"{role!r} is no role")
    email, token = wording.address("email", email), secrets.token_urlsafe(32)
    with transaction.atomic():
        merchant = lock(merchant_id, actor)
        invited = merchant.invitations.all()
        if known := form_keys.sent_before(invited, request_key, email=email, role=role):
            return known
        new = Invitation(
            merchant=merchant,
            email=email,
            role=role,
            token_digest=queries.digest(token),
            invited_by=actor,
            invited_at=now,
            request_key=request_key,
            expires_at=now + VALID_FOR,
        )
        _save(new, actor, reason)
    try:
        _send(new, token)
    except InvitationNotSent:
        # The same form sent once more is a new attempt, and no repeat of what has not gone out.
        Invitation.objects.filter(pk=new.pk).update(request_key="")
        raise
    return new


def _save(new: Invitation, actor: User, reason: str) -> None:
    """Save the new invitation of a merchant that is locked, with a trail row, and revoke an open
    one to the address, without one of its own. Nothing is mailed. Raises OperatorsAddress,
    AlreadyMember, TooManyInvitations, and Invalid for a reason that the trail does not take.
    """
    check_address(new.email)
    if Membership.objects.filter(merchant=new.merchant, user__email__iexact=new.email).exists():
        raise AlreadyMember(f"email: {new.email} belongs to the merchant")
    lately = new.merchant.invitations.filter(invited_at__gt=new.invited_at - VALID_FOR)
    if lately.count() >= MOST_INVITATIONS:
        raise TooManyInvitations(f"more than {MOST_INVITATIONS} invitations within a week")
    replaced = invitations.open_of(new.merchant_id).filter(email=new.email)
    before = replaced.values_list("role", flat=True).first() or ""
    replaced.update(revoked_at=new.invited_at)
    new.save()
    invitations.note_role(
        Action.MEMBER_INVITED, new, before, str(new.role), actor, new.invited_at, reason
    )


def invite_first_owner(*, merchant_id: int, email: str, actor: str, now: datetime) -> FirstOwner:
    """Invite the first owner of a merchant, with a trail row, for a system of ours that took the
    merchant in. Does nothing if the merchant has an owner, or an open invitation of one that has
    not expired. Other open invitations to the address are revoked.

    Returns what became of it. If the mail server did not take the e-mail, the invitation is
    revoked, and the next call tries anew; by an operator's address nobody is ever invited. Raises
    Invalid for what is no e-mail address, Merchant.DoesNotExist. It locks the merchant's row. A
    failure to mail is logged.
    """
    email, token = wording.address("owner_email", email), secrets.token_urlsafe(32)
    with transaction.atomic():
        merchant = Merchant.objects.select_for_update(no_key=True).get(pk=merchant_id)
        owner = Membership.Role.OWNER
        if Membership.objects.filter(merchant=merchant, role=owner).exists():
            return FirstOwner.HAS_OWNER
        open_ones = invitations.open_of(merchant_id)
        if open_ones.filter(role=owner, expires_at__gt=now).exists():
            return FirstOwner.IS_INVITED
        if queries.is_operator(email):
            log.warning("the first owner of %s is not invited: an operator's address", merchant)
            return FirstOwner.OPERATORS
        open_ones.filter(email=email).update(revoked_at=now)
        invitation = Invitation.objects.create(
            merchant=merchant,
            email=email,
            role=owner,
            token_digest=queries.digest(token),
            invited_by=None,
            invited_at=now,
            expires_at=now + VALID_FOR,
        )
        trail.write(
            Action.MEMBER_INVITED,
            merchant_id=merchant_id,
            subject=email,
            before={"role": ""},
            after={"role": str(owner)},
            actor=actor,
            now=now,
        )
    try:
        _send(invitation, token)
    except InvitationNotSent as error:
        _take_back(invitation, str(error), actor, now)
        return FirstOwner.NOT_SENT
    return FirstOwner.INVITED


def check_address(email: str) -> None:
    """Raise OperatorsAddress if the address is an operator's."""
    if queries.is_operator(email):
        raise OperatorsAddress(
            f"email: {email} is an operator's, and operators belong to no merchant"
        )


@transaction.atomic
def _take_back(invitation: Invitation, reason: str, actor: str, now: datetime) -> None:
    """Revoke an invitation whose e-mail did not go out, with a trail row. Does nothing if that was
    done meanwhile.
    """
    still_open = invitations.open_of(invitation.merchant_id).filter(pk=invitation.pk)
    if still_open.update(revoked_at=now):
        trail.write(
            Action.INVITATION_REVOKED,
            merchant_id=invitation.merchant_id,
            subject=invitation.email,
            before={"role": invitation.role},
            after={"role": ""},
            reason=reason,
            actor=actor,
            now=now,
        )


def send_again(
    *, merchant_id: int, actor: User, invitation_id: int, reason: str = "", now: datetime
) -> Invitation:
    """Replace an open invitation, also one that has expired, by one with a new link, valid for
    another week, and e-mail the link; the old one is revoked. A trail row is written. `actor` is
    one of the merchant's owners or an administrator of ours. The returned invitation is the new
    one.

    Raises InvitationClosed, also for one that the merchant does not have, NotAnOwner,
    AlreadyMember, OperatorsAddress, TooManyInvitations, Invalid; and InvitationNotSent after the
    invitation is saved. It locks the merchant against other changes of its team, and looks at the
    invitation then, so that one revoked meanwhile stays so.
    """
    token = secrets.token_urlsafe(32)
    with transaction.atomic():
        merchant = lock(merchant_id, actor)
        open_ones = invitations.open_of(merchant_id).select_for_update()  # nobody accepts it now
        old = open_ones.filter(pk=invitation_id).first()
        if old is None:
            raise invitations.InvitationClosed("the invitation was taken up or revoked")
        new = Invitation(
            merchant=merchant,
            email=old.email,
            role=old.role,
            token_digest=queries.digest(token),
            invited_by=actor,
            invited_at=now,
            expires_at=now + VALID_FOR,
        )
        _save(new, actor, reason)
    _send(new, token)
    return new


def revoke(
    *, merchant_id: int, actor: User, invitation_id: int, reason: str = "", now: datetime
) -> Invitation:
    """Revoke an open invitation, with a trail row, so that its link can't be used any more. Owners
    need no `reason`.

    Raises NotAnOwner, Invalid, and InvitationClosed for one that was accepted or revoked before, or
    that the merchant does not have. It locks the merchant against other changes of its team.
    """
    with transaction.atomic():
        lock(merchant_id, actor)
        if not invitations.open_of(merchant_id).filter(pk=invitation_id).update(revoked_at=now):
            raise invitations.InvitationClosed("the invitation was taken up or revoked")
        invitation = Invitation.objects.get(pk=invitation_id)
        invitations.note_role(
            Action.INVITATION_REVOKED, invitation, invitation.role, "", actor, now, reason
        )
        return invitation


def _send(invitation: Invitation, token: str) -> None:
    """E-mail the invitation with the link that has `token`. Whatever the mail server raises is
    logged, and raised as InvitationNotSent.
    """
    try:
        invitation_letter.write(invitation, token).send()
    except Exception as error:  # whatever a mail backend raises: they have no common ancestor
        log.exception("Invitation %s was not sent", invitation.pk)
        raise InvitationNotSent("the mail server did not take the e-mail") from error
