"""Changes who belongs to a merchant, and in which role (rule 21.1); inviting.py invites others.

Owners do it for their own merchant, our administrators for all, with a reason. Each change locks
the merchant, so that of two owners who take each other's role at once one remains. Access is looked
up at each request, so a change counts from the next one on. A person whose role somebody else has
changed is signed out.
"""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from lib.refusals import Invalid, Refused
from merchants.models import Membership, Merchant, SecurityMail, User
from merchants.operations import invitations, security_mails, sessions
from merchants.roles import MANAGES_MEMBERS
from merchants.trail import Action
from trail import operations as trail


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


class RoleChanged(Refused):
    """Somebody has changed the member's role since who changes it looked at it."""

    code = "role_changed"
    sentence = _(
        "This role was changed while you had the page open. See above which it is now; if it is to"
        " be another, save again."
    )


def change_role(
    *,
    merchant_id: int,
    actor: User,
    membership_id: int,
    role: Membership.Role,
    reason: str = "",
    seen: str | None = None,
    now: datetime,
) -> Membership:
    """Give a member another role, with a trail row, and e-mail those who are owners before or then:
    the member, too, if made an owner or one no longer. `actor` is one of the owners or an
    administrator of ours. A member other than `actor` is signed out, and open invitations that a
    former owner sent are revoked, without trail rows. Does nothing if the member has that role.
    `seen` is the role that the page showed on which this one was chosen; None skips that check.

    Raises NotAnOwner for any other actor, UnknownMember, RoleChanged if the member has neither that
    role nor the one that was `seen`, LastOwner if no other owner could sign in, and Invalid for an
    unknown role or a reason that the trail does not take. It locks the merchant against other
    changes of its team.
    """
    if role not in Membership.Role.values:
        raise Invalid("role", f"{role!r} is no role")
    with transaction.atomic():
        lock(merchant_id, actor)
        membership = _member(merchant_id, membership_id)
        if role == membership.role:
            return membership
        if seen is not None and seen != membership.role:
            raise RoleChanged(f"role: it was changed meanwhile, and is {membership.role}")
        former = membership.user if membership.is_owner else None
        if former is not None:
            _give_up_ownership(membership, now)
        invitations.note_role(
            Action.ROLE_CHANGED, membership, membership.role, str(role), actor, now, reason
        )
        before, membership.role = membership.role, role
        membership.save(update_fields=["role"])
        # Whoever has got into one owner's session must not take the role from others unnoticed.
        kind = SecurityMail.Kind.ROLE_CHANGED
        _notify(kind, membership, actor, now, also=former, before=before)
        _sign_out(membership.user, actor)
        return membership


def remove(
    *, merchant_id: int, actor: User, membership_id: int, reason: str = "", now: datetime
) -> Membership:
    """Remove a member from the team, with a trail row, and e-mail the owners, also one who is
    removed. `actor` is one of the owners or an administrator of ours. The member's roles at other
    merchants stay. A member other than `actor` is signed out, and open invitations that a former
    owner sent are revoked, without trail rows.

    Raises NotAnOwner for any other actor, UnknownMember, LastOwner if no other owner could sign in,
    and Invalid for a reason that the trail does not take. Returns the membership, which is deleted.
    It locks the merchant against other changes of its team.
    """
    with transaction.atomic():
        lock(merchant_id, actor)
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
    """Set whether the merchant's pages are shown only to members with a second factor, as `wanted`
    says, with a trail row, and e-mail the owners. `actor` is one of the owners or an administrator
    of ours. Does nothing if it is set so already.

    Raises NotAnOwner for any other actor. It locks the merchant's row.
    """
    with transaction.atomic():
        merchant = lock(merchant_id, actor)
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
    kind: SecurityMail.Kind,
    membership: Membership,
    actor: User,
    now: datetime,
    also: User | None = None,
    **more: str,
) -> None:
    """Write those who are owners now, and `also`, who was one before, an e-mail, which a job sends,
    about what `actor` has done to the member; `more` are details besides member, role and `actor`.
    """
    security_mails.write_to_owners(
        kind,
        membership.merchant_id,
        now=now,
        also=also,
        who=membership.user.email,
        role=membership.role,
        by=invitations.name_for_owners(actor),
        **more,
    )


def hold(merchant_id: int) -> Merchant:
    """Lock the merchant against other changes of its team until the transaction ends, and return
    it. Raises Merchant.DoesNotExist.
    """
    return Merchant.objects.select_for_update(no_key=True).get(pk=merchant_id)


def lock(merchant_id: int, actor: User) -> Merchant:
    """Lock the merchant against other changes of its team until the transaction ends, and return
    it.

    Raises NotAnOwner if `actor` is neither one of its owners nor an administrator, and
    Merchant.DoesNotExist.
    """
    merchant = hold(merchant_id)
    owners = Membership.objects.filter(merchant=merchant, role=Membership.Role.OWNER)
    if not (owners.filter(user=actor, user__is_active=True).exists() or _is_administrator(actor)):
        raise NotAnOwner("only owners and our administrators change the team")
    return merchant


def _is_administrator(actor: User) -> bool:
    """Look up whether the person is an active operator who may change merchants' teams."""
    found = User.objects.filter(pk=actor.pk, is_active=True, is_staff=True).first()
    return found is not None and found.has_perm(MANAGES_MEMBERS)


def _sign_out(user: User, actor: User) -> None:
    """Sign the person out everywhere. Does nothing if they are `actor`."""
    if user.pk != actor.pk:
        sessions.end(user)


def _member(merchant_id: int, membership_id: int) -> Membership:
    """Look up the merchant's member with this membership. Raises UnknownMember."""
    found = Membership.objects.select_related("user").filter(merchant=merchant_id, pk=membership_id)
    membership = found.first()
    if membership is None:
        raise UnknownMember("the merchant has no such member")
    return membership


def _give_up_ownership(membership: Membership, now: datetime) -> None:
    """Revoke the open invitations that were sent by an owner who is about to lose that role,
    without trail rows; the role itself is changed by the caller. Raises LastOwner if no other owner
    can sign in.
    """
    others = Membership.objects.filter(
        merchant=membership.merchant_id, role=Membership.Role.OWNER, user__is_active=True
    ).exclude(pk=membership.pk)
    if not others.exists():
        raise LastOwner("the last owner stays one")
    invitations.open_of(membership.merchant_id).filter(invited_by=membership.user_id).update(
        revoked_at=now
    )
