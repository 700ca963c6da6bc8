"""A person's choice of language and time zone, and administrators' decisions about how people sign
in.
"""

from datetime import datetime

from allauth.mfa.models import Authenticator
from django.conf import settings
from django.db import transaction

from lib import calendar, wording
from lib.refusals import Invalid, Refused
from merchants.models import SecurityMail, User
from merchants.operations import operators, security_mails, sessions
from merchants.trail import Action
from trail import operations as trail


class AlreadyInThatState(Refused):
    """The person is already deactivated, or already active."""

    code = "already_in_that_state"


class NoSecondFactor(Refused):
    """The person has no second factor to take away."""

    code = "no_second_factor"


def choose_language(*, user_id: int, language: str) -> None:
    """Set the language of a person's pages and e-mails; no trail row is written. Raises Invalid for
    one that is not in LANGUAGES. An unknown person changes nothing.
    """
    if language not in dict(settings.LANGUAGES):
        raise Invalid("language", f"{language!r} is none of {', '.join(dict(settings.LANGUAGES))}")
    User.objects.filter(pk=user_id).update(language=language)


def choose_time_zone(*, user_id: int, timezone: str) -> None:
    """Set the time zone in which an operator reads the admin; no trail row is written. Raises
    Invalid for one in which no merchant may keep its books (calendar.check_zone), such as EST or
    "". An unknown person changes nothing.
    """
    calendar.check_zone(timezone)
    User.objects.filter(pk=user_id).update(timezone=timezone)


def deactivate(*, user_id: int, reason: str, actor: User, now: datetime) -> User:
    """Sign a person out and keep them from signing in, by an administrator's decision, with a trail
    row. The person is not told.

    Their roles stay, with us and at merchants, in case they are reactivated. Even a merchant's last
    owner can be deactivated. Raises NotAnAdministrator, UnknownPerson, OnOneself,
    LastAdministrator, AlreadyInThatState, Invalid. It locks the person (operators.hold).
    """
    return _set_active(user_id, False, reason, actor, now)


def reactivate(*, user_id: int, reason: str, actor: User, now: datetime) -> User:
    """Let a deactivated person sign in again, by an administrator's decision, with a trail row.
    Raises NotAnAdministrator, UnknownPerson, OnOneself, AlreadyInThatState for one who is active,
    Invalid without a reason. It locks the person (operators.hold).
    """
    return _set_active(user_id, True, reason, actor, now)


@transaction.atomic
def _set_active(user_id: int, wanted: bool, reason: str, actor: User, now: datetime) -> User:
    """Let the person sign in, or sign them out and keep them from it, as `wanted` says, with a
    trail row. Raises NotAnAdministrator, UnknownPerson, OnOneself, AlreadyInThatState, Invalid, and
    LastAdministrator if nobody else could decide after that. It locks the person (operators.hold).
    """
    reason = wording.checked("reason", reason, wording.LONGEST_REASON)
    user = operators.hold(user_id, actor)
    if user.is_active == wanted:
        raise AlreadyInThatState(f"{user} is {'active' if wanted else 'deactivated'} already.")
    if not wanted:
        operators.keep_an_administrator(user)
        sessions.end(user)
    user.is_active = wanted
    user.save(update_fields=["is_active"])
    trail.write(
        Action.PERSON_REACTIVATED if wanted else Action.PERSON_DEACTIVATED,
        actor=actor.email,
        subject=user.email,
        before={"may_sign_in": not wanted},
        after={"may_sign_in": wanted},
        reason=reason,
        now=now,
    )
    return user


@transaction.atomic
def take_second_factors(*, user_id: int, reason: str, actor: User, now: datetime) -> User:
    """Remove all second factors and recovery codes of a person who lost them, by an administrator's
    decision, with a trail row. The person is signed out and e-mailed.

    Raises NotAnAdministrator, UnknownPerson, OnOneself, NoSecondFactor, Invalid. It locks the
    person (operators.hold).
    """
    reason = wording.checked("reason", reason, wording.LONGEST_REASON)
    user = operators.hold(user_id, actor)
    kinds = sorted(Authenticator.objects.filter(user=user).values_list("type", flat=True))
    if not kinds:
        raise NoSecondFactor(f"{user} has no second factor.")
    Authenticator.objects.filter(user=user).delete()
    sessions.end(user)
    trail.write(
        Action.SECOND_FACTORS_TAKEN,
        actor=actor.email,
        subject=user.email,
        before={"second_factors": ", ".join(kinds)},
        after={"second_factors": ""},
        reason=reason,
        now=now,
    )
    security_mails.write(SecurityMail.Kind.FACTORS_TAKEN, user, now=now)
    return user


@transaction.atomic
def end_sessions(*, user_id: int, reason: str, actor: User, now: datetime) -> User:
    """Sign a person out everywhere, by an administrator's decision, with a trail row.

    Raises NotAnAdministrator, UnknownPerson, OnOneself, Invalid. It locks the person
    (operators.hold).
    """
    reason = wording.checked("reason", reason, wording.LONGEST_REASON)
    user = operators.hold(user_id, actor)
    trail.write(
        Action.SESSIONS_ENDED,
        actor=actor.email,
        subject=user.email,
        before={"sessions": sessions.end(user)},
        reason=reason,
        now=now,
    )
    return user
