"""Changes who belongs to a merchant, in which role, and who is invited (rule 21.1).

Owners do it for their own merchant, our administrators for all, with a reason. Each change locks
the merchant, so that of two owners who take each other's role at once one remains. Access is looked
up at each request, so a change counts from the next one on. A person whose role somebody else has
changed is signed out.
"""

import logging
import secrets
from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from lib import form_keys, wording
from lib.refusals import Invalid, Refused
from merchants import invitation_letter, queries
from merchants.models import Invitation, Membership, Merchant, SecurityMail, User
from merchants.operations import invitations, security_mails, sessions
from merchants.roles import MANAGES_MEMBERS
from merchants.trail import Action
from trail import operations as trail

log = logging.getLogger(__name__)

VALID_FOR = timedelta(days=7)
MOST_INVITATIONS = 100  # of a merchant within that time: it is no way to write to the whole world


class NotAnOwner(Refused):
    """The person is neither an owner of this merchant nor one of our administrators, or no longer
    is.
    """

    code = "not_an_owner"
    sentence = _("Only owners change the team, and you are not one any more.")


class UnknownMember(Refused):
    """The merchant has no such member; they may have been removed in the meantime."""

    code = "unknown_member"
    sentence = _("This person is not on the team any more.")


class LastOwner(Refused):
    """This is the last owner who can sign in, and one has to remain."""

    code = "last_owner"
    sentence = _("A merchant needs an owner who can sign in: make somebody else owner first.")


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
    """Invite the owner of this address to the team in `role`, by an e-mail with a link. An open
    invitation to the address is replaced. A form that is sent twice, with the same `request_key`,
    makes one invitation and one e-mail.

    Raises FormConflict, NotAnOwner, OperatorsAddress, AlreadyMember, TooManyInvitations, Invalid;
    and InvitationNotSent after the invitation is saved.
    """
    if role not in Membership.Role.values:
        raise Invalid("role", f"{role!r} is no role")
    email, token = wording.address("email", email), secrets.token_urlsafe(32)
    with transaction.atomic():
        merchant = _lock(merchant_id, actor)
        invited = merchant.invitations.all()
        if known := form_keys.sent_before(invited, request_key, email=email, role=role):
            return known
        check_address(email)
        if Membership.objects.filter(merchant=merchant, user__email__iexact=email).exists():
            raise AlreadyMember(f"email: {email} belongs to the merchant")
        lately = invited.filter(invited_at__gt=now - VALID_FOR)
        if lately.count() >= MOST_INVITATIONS:
            raise TooManyInvitations(f"more than {MOST_INVITATIONS} invitations within a week")
        replaced = invitations.open_of(merchant_id).filter(email=email)
        before = replaced.values_list("role", flat=True).first() or ""
        replaced.update(revoked_at=now)
        invitation = Invitation.objects.create(
            merchant=merchant,
            email=email,
            role=role,
            token_digest=queries.digest(token),
            invited_by=actor,
            invited_at=now,
            request_key=request_key,
            expires_at=now + VALID_FOR,
        )
        invitations.note_role(
            Action.MEMBER_INVITED, invitation, before, str(role), actor, now, reason
        )
    _send(invitation, token)
    return invitation


def invite_first_owner(*, merchant_id: int, email: str, actor: str, now: datetime) -> bool:
    """Invite the first owner of a merchant, for a system of ours that took the merchant in. Does
    nothing if the merchant has an owner, or an open invitation of one.

    Returns False if the mail server did not take the e-mail; then the invitation is revoked, and
    the next call tries anew. Also returns False for an operator's address, which nobody is invited
    by. Otherwise returns True. Raises Invalid.
    """
    email, token = wording.address("owner_email", email), secrets.token_urlsafe(32)
    with transaction.atomic():
        merchant = Merchant.objects.select_for_update(no_key=True).get(pk=merchant_id)
        owner = Membership.Role.OWNER
        if Membership.objects.filter(merchant=merchant, role=owner).exists():
            return True
        open_ones = invitations.open_of(merchant_id)
        if open_ones.filter(role=owner, expires_at__gt=now).exists():
            return True
        if queries.is_operator(email):
            log.warning("the first owner of %s is not invited: an operator's address", merchant)
            return False
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
        return False
    return True


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
    """Replace an open invitation by one with a new link, valid for another week, and e-mail the
    link. Owners need no `reason`.

    Raises InvitationClosed, and what `invite` raises.
    """
    old = invitations.open_of(merchant_id).filter(pk=invitation_id).first()
    if old is None:
        raise invitations.InvitationClosed("the invitation was taken up or revoked")
    role = Membership.Role(old.role)
    return invite(
        merchant_id=merchant_id, actor=actor, email=old.email, role=role, reason=reason, now=now
    )


def revoke(
    *, merchant_id: int, actor: User, invitation_id: int, reason: str = "", now: datetime
) -> Invitation:
    """Revoke an open invitation, so that its link can't be used any more. Owners need no `reason`.
    Raises NotAnOwner, InvitationClosed, Invalid.
    """
    with transaction.atomic():
        _lock(merchant_id, actor)
        if not invitations.open_of(merchant_id).filter(pk=invitation_id).update(revoked_at=now):
            raise invitations.InvitationClosed("the invitation was taken up or revoked")
        invitation = Invitation.objects.get(pk=invitation_id)
        invitations.note_role(
            Action.INVITATION_REVOKED, invitation, invitation.role, "", actor, now, reason
        )
        return invitation


def change_role(
    *,
    merchant_id: int,
    actor: User,
    membership_id: int,
    role: Membership.Role,
    reason: str = "",
    now: datetime,
) -> Membership:
    """Give a member another role, and notify the owners. A member other than `actor` is signed out.
    Does nothing if the member has that role.

    Raises NotAnOwner, UnknownMember, LastOwner, Invalid.
    """
    if role not in Membership.Role.values:
        raise Invalid("role", f"{role!r} is no role")
    with transaction.atomic():
        _lock(merchant_id, actor)
        membership = _member(merchant_id, membership_id)
        if role == membership.role:
            return membership
        if membership.is_owner:
            _give_up_ownership(membership, now)
        invitations.note_role(
            Action.ROLE_CHANGED, membership, membership.role, str(role), actor, now, reason
        )
        before, membership.role = membership.role, role
        membership.save(update_fields=["role"])
        _notify(SecurityMail.Kind.ROLE_CHANGED, membership, actor, now, before=before)
        _sign_out(membership.user, actor)
        return membership


def remove(
    *, merchant_id: int, actor: User, membership_id: int, reason: str = "", now: datetime
) -> Membership:
    """Remove a member from the team, and notify the owners. Their roles at other merchants stay. A
    member other than `actor` is signed out.

    Raises NotAnOwner, UnknownMember, LastOwner.
    """
    with transaction.atomic():
        _lock(merchant_id, actor)
        membership = _member(merchant_id, membership_id)
        if membership.is_owner:
            _give_up_ownership(membership, now)
        # Before the row is deleted, so that an owner who is removed gets the e-mail, too.
        _notify(SecurityMail.Kind.MEMBER_LEFT, membership, actor, now)
        membership.delete()
        invitations.note_role(
            Action.ROLE_TAKEN, membership, membership.role, "", actor, now, reason
        )
        _sign_out(membership.user, actor)
        return membership


def require_second_factor(
    *, merchant_id: int, actor: User, wanted: bool, now: datetime
) -> Merchant:
    """Set whether the merchant's pages are shown only to members with a second factor, and notify
    the owners. Does nothing if it is set so already.

    Raises NotAnOwner.
    """
    with transaction.atomic():
        merchant = _lock(merchant_id, actor)
        if merchant.requires_second_factor == wanted:
            return merchant
        merchant.requires_second_factor = wanted
        merchant.save(update_fields=["requires_second_factor"])
        trail.write(
            Action.FACTOR_REQUIRED,
            merchant_id=merchant.pk,
            subject="team",
            before={"second_factor_required": not wanted},
            after={"second_factor_required": wanted},
            actor=actor.email,
            now=now,
        )
        security_mails.write_to_owners(
            SecurityMail.Kind.FACTOR_REQUIRED,
            merchant.pk,
            now=now,
            is_on="yes" if wanted else "no",
            by=invitations.name_for_owners(actor),
        )
        return merchant


def _notify(
    kind: SecurityMail.Kind, membership: Membership, actor: User, now: datetime, **more: str
) -> None:
    """E-mail the owners about what `actor` has done to the member."""
    security_mails.write_to_owners(
        kind,
        membership.merchant_id,
        now=now,
        who=membership.user.email,
        role=membership.role,
        by=invitations.name_for_owners(actor),
        **more,
    )


def hold(merchant_id: int) -> Merchant:
    """Lock the merchant against other changes of its team until the transaction ends, and return
    it.
    """
    return Merchant.objects.select_for_update(no_key=True).get(pk=merchant_id)


def _lock(merchant_id: int, actor: User) -> Merchant:
    """Lock the merchant against other changes of its team, and return it.

    Raises NotAnOwner if `actor` is neither one of its owners nor an administrator.
    """
    merchant = hold(merchant_id)
    owners = Membership.objects.filter(merchant=merchant, role=Membership.Role.OWNER)
    if not (owners.filter(user=actor, user__is_active=True).exists() or _is_administrator(actor)):
        raise NotAnOwner("only owners and our administrators change the team")
    return merchant


def _is_administrator(actor: User) -> bool:
    found = User.objects.filter(pk=actor.pk, is_active=True, is_staff=True).first()
    return found is not None and found.has_perm(MANAGES_MEMBERS)


def _sign_out(user: User, actor: User) -> None:
    """Sign the person out everywhere. Does nothing if they are `actor`."""
    if user.pk != actor.pk:
        sessions.end(user)


def _member(merchant_id: int, membership_id: int) -> Membership:
    """The merchant's member with this membership. Raises UnknownMember."""
    found = Membership.objects.select_related("user").filter(merchant=merchant_id, pk=membership_id)
    membership = found.first()
    if membership is None:
        raise UnknownMember("the merchant has no such member")
    return membership


def _give_up_ownership(membership: Membership, now: datetime) -> None:
    """Revoke the open invitations sent by an owner who is about to lose that role. Raises LastOwner
    if no other owner can sign in.
    """
    others = Membership.objects.filter(
        merchant=membership.merchant_id, role=Membership.Role.OWNER, user__is_active=True
    ).exclude(pk=membership.pk)
    if not others.exists():
        raise LastOwner("the last owner stays one")
    invitations.open_of(membership.merchant_id).filter(invited_by=membership.user_id).update(
        revoked_at=now
    )


def _send(invitation: Invitation, token: str) -> None:
    """E-mail the invitation with its link. Raises InvitationNotSent."""
    try:
        invitation_letter.write(invitation, token).send()
    except Exception as error:  # whatever a mail backend raises: they have no common ancestor
        log.exception("Invitation %s was not sent", invitation.pk)
        raise InvitationNotSent("the mail server did not take the e-mail") from error
