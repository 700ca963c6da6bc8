"""Records second factors that people set up, and from when on each opens what takes money out (rule
21.6).

allauth keeps the factors and signals each change (merchants.sign_in.events). A factor without a
record here counts from a day after allauth made it (merchants.queries).
"""

from collections.abc import Collection
from datetime import datetime

from django.conf import settings
from django.db import transaction

from merchants import queries
from merchants.models import EnrolledFactor, Membership, SecurityMail, User
from merchants.operations import security_mails
from merchants.queries import FACTOR_WAITS, FACTORS
from merchants.trail import Action
from trail import operations as trail

Kind = SecurityMail.Kind


@transaction.atomic
def enrol(
    *, user: User, authenticator_id: int, kind: str, proved: Collection[int], now: datetime
) -> EnrolledFactor:
    """Record a second factor, or recovery codes, that were just set up, with a trail row, and from
    when they count; the person is e-mailed. `kind` is allauth's name for the sort, and `proved` are
    allauth's keys of the factors that the same session has confirmed.

    It counts as soon as the earliest of these does, even if that one was removed since, and at once
    if that one does already. If there is none, it counts a day from now; in demonstrations always
    at once. If none was confirmed and a new app or passkey has to wait, the owners of the merchants
    whose money it will open are e-mailed, too. What is recorded already is returned unchanged. A
    job sends the e-mails.
    """
    counted = queries.factor_counts_from(user, proved)
    counts_from = now if settings.TAEL_SANDBOX else max(now, counted or now + FACTOR_WAITS)
    factor, is_new = EnrolledFactor.objects.get_or_create(
        authenticator_id=authenticator_id,
        defaults={
            "user": user,
            "kind": kind,
            "enrolled_at": now,
            "counts_from": counts_from,
        },
    )
    if not is_new:
        return factor
    if kind not in FACTORS:
        _note(Action.CODES_MADE, Kind.CODES_MADE, user, now)
        return factor
    after = {"second_factor": kind, "opens_from": counts_from.isoformat()}
    _note(Action.FACTOR_ADDED, Kind.FACTOR_ADDED, user, now, after=after, factor=kind)
    if counted is None and counts_from > now:
        _notify_owners(user, counts_from, now)
    return factor


@transaction.atomic
def removed(*, user: User, kind: str, now: datetime) -> None:
    """Write a trail row about a second factor that the person has removed from their own account,
    and an e-mail to them, which a job sends.
    """
    before = {"second_factor": kind}
    _note(Action.FACTOR_REMOVED, Kind.FACTOR_REMOVED, user, now, before=before, factor=kind)


@transaction.atomic
def codes_seen(*, user: User, now: datetime) -> None:
    """Write a trail row about a person whose recovery codes were shown, and an e-mail to them,
    which a job sends.
    """
    _note(Action.CODES_SEEN, Kind.CODES_SEEN, user, now)


@transaction.atomic
def code_used(*, user: User, now: datetime) -> None:
    """Write a trail row about a person who has used a recovery code, and an e-mail to them, which a
    job sends.
    """
    _note(Action.CODE_USED, Kind.CODE_USED, user, now)


def _note(
    action: Action,
    kind: SecurityMail.Kind,
    user: User,
    now: datetime,
    before: dict[str, str] | None = None,
    after: dict[str, str] | None = None,
    **details: str,
) -> None:
    """Write the trail row, with the person as who acted and as the subject, and the e-mail of
    `kind` to the person with `details`.
    """
    trail.write(action, actor=user.email, subject=user.email, before=before, after=after, now=now)
    security_mails.write(kind, user, now=now, details=details)


def _notify_owners(user: User, opens_at: datetime, now: datetime) -> None:
    """Write the owners of each merchant for which the person may act with money an e-mail, which a
    job sends, that the person's first second factor counts from `opens_at`. A person who is an
    owner gets it, too.
    """
    roles = (Membership.Role.OWNER, Membership.Role.FINANCE)
    for membership in Membership.objects.filter(user=user, role__in=roles).order_by("pk"):
        security_mails.write_to_owners(
            Kind.FIRST_FACTOR,
            membership.merchant_id,
            now=now,
            who=user.email,
            opens_at=opens_at.isoformat(),
        )
