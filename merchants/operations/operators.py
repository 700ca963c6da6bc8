"""Administrators' decisions about operators: who is one, with which roles, and the link by which
they first sign in.

Adding roles takes two administrators (merchants.operations.proposals); taking them away takes one.
All decisions that change somebody's rights wait for each other, so that of two administrators who
take each other's role at once one remains. A person whose rights have changed is signed out.
"""

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from allauth.account.models import EmailAddress
from django.contrib.auth.models import Group
from django.db import IntegrityError, transaction

from lib import locks, wording
from lib.refusals import ChangedMeanwhile, Invalid, Refused
from merchants import operator_letter
from merchants.models import Proposal, User
from merchants.models.people import DECIDING_ON_PEOPLE, ENOUGH_ADMINISTRATORS
from merchants.operations import proposals, sessions
from merchants.proposals import OPERATOR_ROLES
from merchants.roles import ADMINISTRATOR, MANAGES_PEOPLE, names, of_money
from merchants.trail import Action
from trail import operations as trail

log = logging.getLogger(__name__)


class NotAnAdministrator(Refused):
    """The person who decides is not an administrator, or is not one any more."""

    code = "not_an_administrator"


class OnOneself(Refused):
    """Administrators do not decide about themselves; another one has to."""

    code = "on_oneself"


class LastAdministrator(Refused):
    """This is the last administrator who can sign in, and one has to remain."""

    code = "last_administrator"


class UnknownPerson(Refused):
    """There is no such person."""

    code = "unknown_person"


class BelongsToMerchant(Refused):
    """The person belongs to a merchant, and so can't be an operator as well."""

    code = "belongs_to_merchant"


class AlreadyOperator(Refused):
    """The person is an operator already."""

    code = "already_operator"


class NotAnOperator(Refused):
    """The person is not an operator."""

    code = "not_an_operator"


class Deactivated(Refused):
    """The person is deactivated and has to be reactivated first."""

    code = "deactivated"


class LetterNotSent(Refused):
    """The mail server did not take the e-mail. The person's account is kept, and the link can be
    sent again.
    """

    code = "letter_not_sent"


class NobodyToConfirm(Refused):
    """Fewer than two administrators can sign in, so nobody could confirm it."""

    code = "nobody_to_confirm"


def add(*, email: str, roles: Iterable[str], reason: str, actor: User, now: datetime) -> Proposal:
    """Propose, with a trail row, that the owner of this address becomes an operator with these
    roles.

    Once another administrator has confirmed it, they are mailed a link to set a password. Raises
    NotAnAdministrator, NobodyToConfirm, AlreadyOperator, BelongsToMerchant, Deactivated,
    ProposalWaits, Invalid. Others who decide about people wait until the transaction ends.
    """
    email, chosen = wording.address("email", email), _checked(roles)
    if not chosen:
        raise Invalid("roles", "an operator needs one at least")
    with transaction.atomic():
        check(actor)
        user = User.objects.filter(email__iexact=email).first()
        if user is not None:
            _fit(user)
        return _propose(email, [], chosen, reason, actor, now)


def _propose(
    email: str, before: list[str], after: list[str], reason: str, actor: User, now: datetime
) -> Proposal:
    """Propose to another administrator, with a trail row, that the roles of the operator with this
    address change from `before` to `after`. Of two calls at once for the operator, the second
    waits. Raises NobodyToConfirm, ProposalWaits, MayNotDecide, Invalid.
    """
    if User.objects.administrators().count() < ENOUGH_ADMINISTRATORS:
        raise NobodyToConfirm(
            "Roles are added by two administrators, and only one can sign in: make another one"
            " with manage.py createsuperuser on the machine."
        )
    return proposals.propose(
        OPERATOR_ROLES,
        subject=email,
        before={"roles": before},
        after={"roles": after},
        reason=reason,
        actor=actor,
        now=now,
    )


def carry_out(proposal: Proposal, *, actor: User, now: datetime) -> None:
    """Give the operator of a proposal the proposed roles in place of their former ones, in the
    caller's transaction; `actor` is who confirms it.

    Creates the account if there is none, deletes the person's other addresses, signs the person
    out, and writes a trail row. The link to set a password is not mailed here (`write_to_new`).
    Raises NotAnAdministrator, OnOneself, ChangedMeanwhile, AlreadyOperator, BelongsToMerchant,
    Deactivated, Invalid. It locks the person's row.
    """
    check(actor)
    chosen, before = _checked(proposal.after["roles"]), proposal.before["roles"]
    user = User.objects.select_for_update().filter(email__iexact=proposal.subject).first()
    if user is not None and user.pk == actor.pk:
        raise OnOneself("Nobody decides about themselves: ask another administrator.")
    present = roles_of(user) if user is not None and user.is_staff else []
    if present != before:
        raise ChangedMeanwhile(
            f"{proposal.subject} has other roles now than when this was proposed: refuse it, and"
            " propose anew."
        )
    if user is None:
        try:
            with transaction.atomic():
                user = User.objects.create_user(proposal.subject)
        except IntegrityError:  # who took up an invitation at this instant
            raise ChangedMeanwhile(
                f"{proposal.subject} has just got an account: look at it, and confirm again."
            ) from None
    elif not before:
        _fit(user)
    if not user.is_active:
        raise Deactivated(f"{user} is deactivated; reactivate this person first.")
    _keep_address(user)
    _give(user, chosen)
    sessions.end(user)
    trail.write(
        Action.OPERATOR_ROLES_CHANGED if before else Action.OPERATOR_ADDED,
        actor=actor.email,
        subject=user.email,
        before={"roles": _named(before)} if before else {},
        after={"roles": _named(chosen), "proposed_by": proposal.proposed_by},
        reason=proposal.reason,
        now=now,
    )


def write_to_new(proposal: Proposal) -> None:
    """Mail, here and now, the operator of a confirmed proposal a link to set a password. Does
    nothing if they have a password. Raises LetterNotSent; the roles are in force all the same.
    """
    user = User.objects.get(email__iexact=proposal.subject)
    if not user.has_usable_password():
        _send_link(user)


def _fit(user: User) -> User:
    """Return the person, if they can become an operator. Raises AlreadyOperator, Deactivated, and
    BelongsToMerchant for somebody with a role at a merchant.
    """
    if user.is_staff:
        raise AlreadyOperator(f"{user} is an operator already; change the roles instead.")
    if not user.is_active:
        raise Deactivated(f"{user} is deactivated; reactivate this person first.")
    if user.memberships.exists():
        raise BelongsToMerchant(
            f"{user} belongs to a merchant, and nobody decides about their own shop: use another"
            " address, or take that role away first."
        )
    return user


def _keep_address(user: User) -> None:
    """Delete all e-mail addresses of the person but the one of their account: an operator has one
    address, which never changes.
    """
    EmailAddress.objects.filter(user=user).exclude(email__iexact=user.email).delete()


def send_link(*, user_id: int, actor: User, now: datetime) -> User:
    """Mail an operator once more the link to set their password, and write a trail row. The mail is
    sent once the lock of decisions about people (`hold`) is given back.

    Raises NotAnAdministrator, UnknownPerson, OnOneself, NotAnOperator, Deactivated; and
    LetterNotSent after the trail row is written.
    """
    with transaction.atomic():
        user = hold(user_id, actor)
        if not user.is_staff:
            raise NotAnOperator(f"{user} is no operator.")
        if not user.is_active:
            raise Deactivated(f"{user} is deactivated; reactivate this person first.")
        trail.write(Action.OPERATOR_WRITTEN_TO, actor=actor.email, subject=user.email, now=now)
    _send_link(user)
    return user


@dataclass(frozen=True)
class RolesChanged:
    """The operator, the roles that were taken away, and the proposal to add others, or None."""

    user: User
    taken: list[str]
    proposal: Proposal | None


@transaction.atomic
def change_roles(
    *, user_id: int, roles: Iterable[str], reason: str, actor: User, now: datetime
) -> RolesChanged:
    """Replace an operator's roles by `roles`, under the lock of decisions about people (`hold`).

    Roles are taken away at once, which signs the person out and writes a trail row, and somebody
    without any is no longer an operator. Roles that are added are proposed to another
    administrator. A superuser counts as an administrator, is no longer a superuser afterwards, and
    is signed out even if no role is taken away.
    Raises NotAnAdministrator, UnknownPerson, NotAnOperator, OnOneself, LastAdministrator,
    NobodyToConfirm, ProposalWaits, Invalid.
    """
    chosen = _checked(roles)
    reason = wording.checked("reason", reason, wording.LONGEST_REASON)
    user = hold(user_id, actor)
    if not user.is_staff:
        raise NotAnOperator(f"{user} is no operator; add them as one.")
    present = roles_of(user)
    if user.is_superuser and ADMINISTRATOR not in present:
        present = sorted([*present, ADMINISTRATOR])
    kept = [role for role in present if role in chosen]
    taken = [role for role in present if role not in chosen]
    if taken or user.is_superuser:
        _take(user, kept, reason, actor, now)
    proposal = None
    if set(chosen) - set(present):
        proposal = _propose(user.email, kept, chosen, reason, actor, now)
    return RolesChanged(user, taken, proposal)


def _take(user: User, kept: list[str], reason: str, actor: User, now: datetime) -> None:
    """Reduce the locked operator's roles to `kept`, sign them out, and write a trail row; one who
    is a superuser is none afterwards. Raises LastAdministrator if that role is not kept and no
    other administrator can sign in.
    """
    before = "Superuser" if user.is_superuser else _named(roles_of(user))
    if ADMINISTRATOR not in kept:
        keep_an_administrator(user)
    _give(user, kept)
    sessions.end(user)
    trail.write(
        Action.OPERATOR_ROLES_CHANGED,
        actor=actor.email,
        subject=user.email,
        before={"roles": before},
        after={"roles": _named(kept)},
        reason=reason,
        now=now,
    )


def roles_of(user: User) -> list[str]:
    """The names of the roles that the operator was given, sorted. That a superuser counts as an
    administrator does not matter.
    """
    return sorted(user.groups.filter(name__in=names()).values_list("name", flat=True))


def wait_turn() -> None:
    """Wait until nobody else decides about people, and have others wait until the transaction
    ends.
    """
    locks.wait_for_advisory_lock(DECIDING_ON_PEOPLE)


def check(actor: User) -> None:
    """Wait for the lock of decisions about people, held until the transaction ends, and check that
    `actor` is an administrator.

    Raises NotAnAdministrator.
    """
    wait_turn()
    found = User.objects.filter(pk=actor.pk, is_active=True, is_staff=True).first()
    if found is None or not found.has_perm(MANAGES_PEOPLE):
        raise NotAnAdministrator("Only administrators decide about people.")


def hold(user_id: int, actor: User) -> User:
    """Lock and return the person about whom `actor`, an administrator, decides, under the lock of
    all decisions about people, until the transaction ends.

    Raises NotAnAdministrator, UnknownPerson, OnOneself.
    """
    check(actor)
    user = User.objects.select_for_update().filter(pk=user_id).first()
    if user is None:
        raise UnknownPerson("There is no such person.")
    if user.pk == actor.pk:
        raise OnOneself("Nobody decides about themselves: ask another administrator.")
    return user


def keep_an_administrator(user: User) -> None:
    """Raise LastAdministrator if no administrator but this person can sign in."""
    if not User.objects.administrators().exclude(pk=user.pk).exists():
        raise LastAdministrator(f"{user} is the last administrator who can sign in.")


def _checked(roles: Iterable[str]) -> list[str]:
    """The roles, sorted. Raises Invalid for an unknown role, and for an administrator with a role
    that moves money.
    """
    chosen = sorted(set(roles))
    unknown = [name for name in chosen if name not in names()]
    if unknown:
        raise Invalid("roles", f"there is no role {', '.join(unknown)}")
    if ADMINISTRATOR in chosen and of_money() & set(chosen):
        raise Invalid("roles", "administrators decide no money: choose one or the other")
    return chosen


def _named(roles: Iterable[str]) -> str:
    """The roles' names in one text, with commas."""
    return ", ".join(roles)


def _give(user: User, roles: list[str]) -> None:
    """Make these the only roles and permissions of the person, and save it. Without any they are no
    operator, and in no case a superuser.
    """
    user.is_staff, user.is_superuser = bool(roles), False
    user.save(update_fields=["is_staff", "is_superuser"])
    user.user_permissions.clear()
    user.groups.set(Group.objects.filter(name__in=roles))


def _send_link(user: User) -> None:
    """Mail the person the link to set a password. Whatever the mail server raises is logged, and
    raised as LetterNotSent.
    """
    try:
        operator_letter.write(user).send()
    except Exception as error:  # whatever a mail backend raises: they have no common ancestor
        log.exception("Operator %s was not written to", user.pk)
        raise LetterNotSent(
            "The operator is there, but the mail server did not take the e-mail: send it again."
        ) from error
