"""Who belongs to a merchant, in which role, and who is invited (domain: people).

What takes an owner's rights away first locks the merchant, so that two owners who do it to each
other at once leave one. Access is looked up at each request: a change is in force with the next.
"""

import logging
import secrets
from datetime import datetime, timedelta

from allauth.account.models import EmailAddress
from django.db import transaction
from django.db.models import QuerySet

from merchants import invitation_letter, queries, wording
from merchants.models import Invitation, Membership, Merchant, User
from merchants.operations import trail
from merchants.refusals import Invalid, Refused
from merchants.trail import Action

log = logging.getLogger(__name__)

VALID_FOR = timedelta(days=7)
MOST_INVITATIONS = 100  # of a merchant within that time: it is no way to write to the whole world


class NotAnOwner(Refused):
    """Only owners change the team, and this person is not one any more."""

    code = "not_an_owner"


class UnknownMember(Refused):
    """The merchant has no such member: removed meanwhile, perhaps."""

    code = "unknown_member"


class LastOwner(Refused):
    """Without this owner nobody who can sign in could manage the team."""

    code = "last_owner"


class AlreadyMember(Refused):
    """The person belongs to the merchant already."""

    code = "already_member"


class TooManyInvitations(Refused):
    """The merchant has sent as many invitations as it may within their days of validity."""

    code = "too_many_invitations"


class InvitationNotSent(Refused):
    """The mail server did not take the e-mail. The invitation stays, and can be sent again."""

    code = "invitation_not_sent"


class InvitationClosed(Refused):
    """There is no such invitation to take up: unknown, too old, revoked or used."""

    code = "invitation_closed"


class WrongPerson(Refused):
    """The invitation is for another address than the person's."""

    code = "wrong_person"


class AccountExists(Refused):
    """Somebody with this address has an account, and must sign in to it."""

    code = "account_exists"


def invite(
    *, merchant_id: int, actor: User, email: str, role: Membership.Role, now: datetime
) -> Invitation:
    """Offer the role to whoever reads this mailbox; an open invitation of theirs is replaced.

    Raises NotAnOwner, AlreadyMember, TooManyInvitations, Invalid; InvitationNotSent.
    """
    if role not in Membership.Role.values:
        raise Invalid("role", f"{role!r} is no role")
    email, token = wording.address("email", email), secrets.token_urlsafe(32)
    with transaction.atomic():
        merchant = _lock(merchant_id, actor)
        if Membership.objects.filter(merchant=merchant, user__email__iexact=email).exists():
            raise AlreadyMember(f"email: {email} belongs to the merchant")
        lately = Invitation.objects.filter(merchant=merchant, invited_at__gt=now - VALID_FOR)
        if lately.count() >= MOST_INVITATIONS:
            raise TooManyInvitations(f"more than {MOST_INVITATIONS} invitations within a week")
        replaced = _open(merchant_id).filter(email=email)
        before = replaced.values_list("role", flat=True).first() or ""
        replaced.update(revoked_at=now)
        invitation = Invitation.objects.create(
            merchant=merchant,
            email=email,
            role=role,
            token_digest=queries.digest(token),
            invited_by=actor,
            invited_at=now,
            expires_at=now + VALID_FOR,
        )
        _note(Action.MEMBER_INVITED, invitation, before, str(role), actor, now)
    _send(invitation, token)
    return invitation


def send_again(*, merchant_id: int, actor: User, invitation_id: int, now: datetime) -> Invitation:
    """Replace the invitation by the same one with a new link, good for another week.

    Raises InvitationClosed, and whatever inviting does.
    """
    old = _open(merchant_id).filter(pk=invitation_id).first()
    if old is None:
        raise InvitationClosed("the invitation was taken up or revoked")
    role = Membership.Role(old.role)
    return invite(merchant_id=merchant_id, actor=actor, email=old.email, role=role, now=now)


def revoke(*, merchant_id: int, actor: User, invitation_id: int, now: datetime) -> None:
    """Make the link useless. Raises NotAnOwner; InvitationClosed if it is so already."""
    with transaction.atomic():
        _lock(merchant_id, actor)
        if not _open(merchant_id).filter(pk=invitation_id).update(revoked_at=now):
            raise InvitationClosed("the invitation was taken up or revoked")
        invitation = Invitation.objects.get(pk=invitation_id)
        _note(Action.INVITATION_REVOKED, invitation, invitation.role, "", actor, now)


def accept(*, token: str, user: User, now: datetime) -> Membership:
    """Take up the invitation as somebody who has an account.

    Who has got a role meanwhile keeps it. Raises InvitationClosed, WrongPerson.
    """
    with transaction.atomic():
        invitation = _take_up(token, now)
        if user.email.lower() != invitation.email:
            raise WrongPerson("the invitation is for another address")
        return _join(invitation, user, now)


def accept_as_new(*, token: str, password: str, now: datetime) -> Membership:
    """Take up the invitation as somebody new; its link has proved the address.

    Raises InvitationClosed, AccountExists.
    """
    with transaction.atomic():
        invitation = _take_up(token, now)
        if queries.has_account(invitation.email):
            raise AccountExists("somebody with this address has an account")
        user = User.objects.create_user(invitation.email, password)
        EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
        return _join(invitation, user, now)


def change_role(
    *, merchant_id: int, actor: User, membership_id: int, role: Membership.Role, now: datetime
) -> Membership:
    """Give a member another role. Raises NotAnOwner, UnknownMember, LastOwner, Invalid."""
    if role not in Membership.Role.values:
        raise Invalid("role", f"{role!r} is no role")
    with transaction.atomic():
        _lock(merchant_id, actor)
        membership = _member(merchant_id, membership_id)
        if membership.is_owner and role != Membership.Role.OWNER:
            _give_up_ownership(membership, now)
        if role != membership.role:
            _note(Action.ROLE_CHANGED, membership, membership.role, str(role), actor, now)
        membership.role = role
        membership.save(update_fields=["role"])
        return membership


def remove(*, merchant_id: int, actor: User, membership_id: int, now: datetime) -> Membership:
    """Take somebody off the team; they stay signed in for what else they belong to.

    Raises NotAnOwner, UnknownMember, LastOwner.
    """
    with transaction.atomic():
        _lock(merchant_id, actor)
        membership = _member(merchant_id, membership_id)
        if membership.is_owner:
            _give_up_ownership(membership, now)
        membership.delete()
        _note(Action.ROLE_TAKEN, membership, membership.role, "", actor, now)
        return membership


def _lock(merchant_id: int, actor: User) -> Merchant:
    """The merchant, whose team nobody else changes now; `actor` may have lost the right to."""
    merchant = Merchant.objects.select_for_update(no_key=True).get(pk=merchant_id)
    owners = Membership.objects.filter(merchant=merchant, role=Membership.Role.OWNER)
    if not owners.filter(user=actor, user__is_active=True).exists():
        raise NotAnOwner("only owners change the team")
    return merchant


def _member(merchant_id: int, membership_id: int) -> Membership:
    found = Membership.objects.select_related("user").filter(merchant=merchant_id, pk=membership_id)
    membership = found.first()
    if membership is None:
        raise UnknownMember("the merchant has no such member")
    return membership


def _give_up_ownership(membership: Membership, now: datetime) -> None:
    """Refuse it to the last owner, and let no invitation of this one work any longer."""
    others = Membership.objects.filter(
        merchant=membership.merchant_id, role=Membership.Role.OWNER, user__is_active=True
    ).exclude(pk=membership.pk)
    if not others.exists():
        raise LastOwner("the last owner stays one")
    _open(membership.merchant_id).filter(invited_by=membership.user_id).update(revoked_at=now)


def _open(merchant_id: int) -> "QuerySet[Invitation]":
    return Invitation.objects.filter(
        merchant=merchant_id, accepted_at__isnull=True, revoked_at__isnull=True
    )


def _take_up(token: str, now: datetime) -> Invitation:
    """Mark the invitation as used; of two at once, the second finds it so."""
    invitation = queries.open_invitation(token, now)
    if invitation is None or not (
        _open(invitation.merchant_id).filter(pk=invitation.pk).update(accepted_at=now)
    ):
        raise InvitationClosed("there is no such invitation to take up")
    return invitation


def _join(invitation: Invitation, user: User, now: datetime) -> Membership:
    membership, is_new = Membership.objects.get_or_create(
        merchant=invitation.merchant, user=user, defaults={"role": invitation.role}
    )
    if is_new:
        _note(Action.ROLE_GIVEN, membership, "", membership.role, user, now)
    return membership


def _note(
    action: Action, of: Invitation | Membership, before: str, after: str, actor: User, now: datetime
) -> None:
    """Write on the trail which role somebody had, and has now."""
    trail.write(
        action,
        merchant_id=of.merchant_id,
        subject=of.email if isinstance(of, Invitation) else of.user.email,
        before={"role": before},
        after={"role": after},
        actor=actor.email,
        now=now,
    )


def _send(invitation: Invitation, token: str) -> None:
    try:
        invitation_letter.write(invitation, token).send()
    except Exception as error:  # whatever a mail backend raises: they have no common ancestor
        log.exception("Invitation %s was not sent", invitation.pk)
        raise InvitationNotSent("the mail server did not take the e-mail") from error
