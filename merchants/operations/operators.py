"""Our own people, what they may do, and how they get in. Only administrators decide about that.

Whatever takes somebody's rights away first locks the administrators' group, so that two who do it
to each other at once leave one. Whoever has less or other rights than before signs in anew.
"""

import logging
from collections.abc import Iterable
from datetime import datetime

from allauth.account.models import EmailAddress
from django.contrib.auth.models import Group
from django.db import transaction
from django.db.models import Q

from merchants import operator_letter, wording
from merchants.models import User
from merchants.operations import sessions, trail
from merchants.refusals import Invalid, Refused
from merchants.roles import MANAGES_PEOPLE, Role
from merchants.trail import Action

log = logging.getLogger(__name__)


class NotAnAdministrator(Refused):
    """Only administrators decide about people, and this one is none any more."""

    code = "not_an_administrator"


class OnOneself(Refused):
    """Nobody decides about themselves: another administrator has to."""

    code = "on_oneself"


class LastAdministrator(Refused):
    """Without this one, nobody who can sign in could decide about people."""

    code = "last_administrator"


class UnknownPerson(Refused):
    """There is no such person."""

    code = "unknown_person"


class BelongsToMerchant(Refused):
    """Who acts for a merchant can't decide about merchants as well."""

    code = "belongs_to_merchant"


class AlreadyOperator(Refused):
    """The person is an operator already."""

    code = "already_operator"


class NotAnOperator(Refused):
    """The person is none of us."""

    code = "not_an_operator"


class Deactivated(Refused):
    """The person cannot sign in; reactivate them first."""

    code = "deactivated"


class LetterNotSent(Refused):
    """The mail server did not take the e-mail. The person is kept, and can be written to again."""

    code = "letter_not_sent"


def add(*, email: str, roles: Iterable[str], reason: str, actor: User, now: datetime) -> User:
    """Make whoever reads this mailbox an operator, and mail them a link to set their password.

    Raises NotAnAdministrator, AlreadyOperator, BelongsToMerchant, Deactivated, Invalid;
    LetterNotSent, and then the operator is added all the same.
    """
    email, chosen = wording.address("email", email), _checked(roles)
    reason = wording.checked("reason", reason, wording.LONGEST_REASON)
    if not chosen:
        raise Invalid("roles", "an operator needs one at least")
    with transaction.atomic():
        check(actor)
        user = User.objects.select_for_update().filter(email__iexact=email).first()
        user = User.objects.create_user(email) if user is None else _fit(user)
        _keep_address(user)
        _give(user, chosen)
        sessions.end(user)
        trail.write(
            Action.OPERATOR_ADDED,
            actor=actor.email,
            subject=user.email,
            after={"roles": _named(chosen)},
            reason=reason,
            now=now,
        )
    _send_link(user)
    return user


def _fit(user: User) -> User:
    """Somebody whom we know, if they can become an operator."""
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
    """Operators are known by their address: none that was asked for may take its place later."""
    EmailAddress.objects.filter(user=user).exclude(email__iexact=user.email).delete()


def send_link(*, user_id: int, actor: User, now: datetime) -> User:
    """Mail an operator the link to set their password once more.

    Raises NotAnAdministrator, UnknownPerson, OnOneself, NotAnOperator, Deactivated; LetterNotSent.
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


def change_roles(
    *, user_id: int, roles: Iterable[str], reason: str, actor: User, now: datetime
) -> User:
    """Give an operator these roles in place of those before; without any they are none any more.

    A superuser becomes what the roles say. Raises NotAnAdministrator, UnknownPerson, NotAnOperator,
    OnOneself, LastAdministrator, Invalid.
    """
    chosen = _checked(roles)
    reason = wording.checked("reason", reason, wording.LONGEST_REASON)
    with transaction.atomic():
        user = hold(user_id, actor)
        if not user.is_staff:
            raise NotAnOperator(f"{user} is no operator; add them as one.")
        before = _named(roles_of(user))
        if user.is_superuser:
            before = "Superuser"
        if before == _named(chosen):
            return user
        if Role.ADMINISTRATOR not in chosen:
            keep_an_administrator(user)
        _give(user, chosen)
        sessions.end(user)
        trail.write(
            Action.OPERATOR_ROLES_CHANGED,
            actor=actor.email,
            subject=user.email,
            before={"roles": before},
            after={"roles": _named(chosen)},
            reason=reason,
            now=now,
        )
    return user


def roles_of(user: User) -> list[str]:
    return sorted(user.groups.filter(name__in=Role.values).values_list("name", flat=True))


def check(actor: User) -> None:
    """Lock who the administrators are, and look again whether `actor` is one."""
    Group.objects.select_for_update().get(name=Role.ADMINISTRATOR)
    found = User.objects.filter(pk=actor.pk, is_active=True, is_staff=True).first()
    if found is None or not found.has_perm(MANAGES_PEOPLE):
        raise NotAnAdministrator("Only administrators decide about people.")


def hold(user_id: int, actor: User) -> User:
    """Lock somebody else than `actor`, who has to be an administrator."""
    check(actor)
    user = User.objects.select_for_update().filter(pk=user_id).first()
    if user is None:
        raise UnknownPerson("There is no such person.")
    if user.pk == actor.pk:
        raise OnOneself("Nobody decides about themselves: ask another administrator.")
    return user


def keep_an_administrator(user: User) -> None:
    """Refuse to take the rights away of the last one who can sign in."""
    administrators = User.objects.filter(
        Q(groups__name=Role.ADMINISTRATOR) | Q(is_superuser=True), is_active=True, is_staff=True
    )
    if not administrators.exclude(pk=user.pk).exists():
        raise LastAdministrator(f"{user} is the last administrator who can sign in.")


def _checked(roles: Iterable[str]) -> list[str]:
    chosen = sorted(set(roles))
    unknown = [name for name in chosen if name not in Role.values]
    if unknown:
        raise Invalid("roles", f"there is no role {', '.join(unknown)}")
    return chosen


def _named(roles: Iterable[str]) -> str:
    return ", ".join(roles)


def _give(user: User, roles: list[str]) -> None:
    user.is_staff, user.is_superuser = bool(roles), False
    user.save(update_fields=["is_staff", "is_superuser"])
    user.user_permissions.clear()
    user.groups.set(Group.objects.filter(name__in=roles))


def _send_link(user: User) -> None:
    try:
        operator_letter.write(user).send()
    except Exception as error:  # whatever a mail backend raises: they have no common ancestor
        log.exception("Operator %s was not written to", user.pk)
        raise LetterNotSent(
            "The operator is there, but the mail server did not take the e-mail: send it again."
        ) from error
