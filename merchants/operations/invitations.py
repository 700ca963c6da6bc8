"""Accepts invitations to merchants' teams (rule 21.1)."""

from datetime import datetime

from allauth.account.models import EmailAddress
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from lib.refusals import Refused
from merchants import queries, security_letter
from merchants.models import Invitation, Membership, SecurityMail, User
from merchants.operations import security_mails
from merchants.trail import Action
from trail import operations as trail

HAS_ACCOUNT = "somebody with this address has an account"


class IsOperator(Refused):
    """The person is an operator, and operators belong to no merchant. Its sentence is that of
    WrongPerson.
    """

    code = "is_operator"
    sentence = _("This invitation is for another e-mail address than yours.")


class InvitationClosed(Refused):
    """There is no invitation to accept: it is unknown, expired, revoked or used."""

    code = "invitation_closed"
    sentence = _("This invitation has been taken up or revoked already.")


class WrongPerson(Refused):
    """The invitation is for another address than the person's."""

    code = "wrong_person"
    sentence = _("This invitation is for another e-mail address than yours.")


class AccountExists(Refused):
    """Somebody with this address has an account, and must sign in to accept."""

    code = "account_exists"
    sentence = _("You have an account already: sign in to accept the invitation.")


def accept(*, token: str, user: User, now: datetime) -> Membership:
    """Accept the invitation with this link's token as `user`, who has an account. A trail row is
    written, and the owners are e-mailed by a job.

    A person who has got a role at the merchant in the meantime keeps that role, and nobody is told;
    the invitation is used up all the same. Raises InvitationClosed, WrongPerson for another address
    than the account's, IsOperator. It locks the person's row, as whoever makes them an operator or
    erases them does, and looks at it then: of two at once, the second is refused.
    """
    with transaction.atomic():
        user = User.objects.select_for_update(no_key=True).get(pk=user.pk)
        invitation = _take_up(token, now)
        if user.email.lower() != invitation.email:
            raise WrongPerson("the invitation is for another address")
        if user.is_staff:
            raise IsOperator("operators belong to no merchant")
        return _join(invitation, user, now)


def accept_as_new(*, token: str, password: str, now: datetime) -> Membership:
    """Accept the invitation with this link's token, and create the account for it, with its address
    as verified, since the link has proved it. The password is taken as it is: the form checks it. A
    trail row is written, and the owners are e-mailed by a job. Nobody is signed in here.

    Raises InvitationClosed, and AccountExists, also if another invitation of the address creates
    the account at the same instant.
    """
    with transaction.atomic():
        invitation = _take_up(token, now)
        if queries.has_account(invitation.email):
            raise AccountExists(HAS_ACCOUNT)
        try:
            with transaction.atomic():
                user = User.objects.create_user(invitation.email, password)
        except IntegrityError as error:  # by another merchant's invitation, at this moment
            raise AccountExists(HAS_ACCOUNT) from error
        EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
        return _join(invitation, user, now)


def open_of(merchant_id: int) -> "QuerySet[Invitation]":
    """The query for the merchant's invitations that were neither accepted nor revoked, expired ones
    included.
    """
    return Invitation.objects.filter(
        merchant=merchant_id, accepted_at__isnull=True, revoked_at__isnull=True
    )


def _take_up(token: str, now: datetime) -> Invitation:
    """Mark the invitation with this token as accepted, and return it. Raises InvitationClosed, also
    for the second of two attempts at once.
    """
    invitation = queries.open_invitation(token, now)
    if invitation is None or not (
        open_of(invitation.merchant_id).filter(pk=invitation.pk).update(accepted_at=now)
    ):
        raise InvitationClosed("there is no such invitation to take up")
    return invitation


def _join(invitation: Invitation, user: User, now: datetime) -> Membership:
    """Give the person the role of the invitation, with a trail row, and e-mail the owners. Somebody
    who is a member already keeps their role, and nobody is written to. Returns the membership.
    """
    membership, is_new = Membership.objects.get_or_create(
        merchant=invitation.merchant, user=user, defaults={"role": invitation.role}
    )
    if is_new:
        note_role(Action.ROLE_GIVEN, membership, "", membership.role, user, now)
        security_mails.write_to_owners(
            SecurityMail.Kind.MEMBER_JOINED,
            membership.merchant_id,
            now=now,
            who=user.email,
            role=membership.role,
            by=name_for_owners(invitation.invited_by),
        )
    return membership


def name_for_owners(person: User | None) -> str:
    """What the details of e-mails to owners call whoever did something: the person's e-mail
    address, or OUR_TEAM for an operator and for None. The e-mail says OUR_TEAM in its reader's
    language.
    """
    if person is None or person.is_staff:
        return security_letter.OUR_TEAM
    return person.email


def note_role(
    action: Action,
    of: Invitation | Membership,
    before: str,
    after: str,
    actor: User,
    now: datetime,
    reason: str = "",
) -> None:
    """Write a trail row, as an act of `actor`, about the role of the person whom `of` is about:
    what it was `before` and is `after`; "" means no role. Raises Invalid for a reason that the
    trail does not take; "" is one that it does.
    """
    trail.write(
        action,
        merchant_id=of.merchant_id,
        subject=of.email if isinstance(of, Invitation) else of.user.email,
        before={"role": before},
        after={"role": after},
        actor=actor.email,
        reason=reason,
        now=now,
    )
