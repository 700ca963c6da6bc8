"""How long is kept what this package keeps for a while: sign-ins, sessions, mails and invitations
(rule 21.21).
"""

from datetime import datetime, timedelta

from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Least, Now

from jobs.retention import KEPT, Kept
from merchants.models import Invitation, SecurityMail, SignIn
from merchants.sign_in import sessions
from merchants.sign_in.settings import LEAST_KEPT_DAYS


def register() -> None:
    """Register with the job of retention which sign-ins, sessions, mails and invitations it
    removes, and after how long. Called once, when a program starts.
    """
    KEPT.register(
        Kept(10, "sign-ins", "TAEL_SIGN_INS_KEPT_DAYS", _sign_ins),
        Kept(11, "expired sessions", "", _sessions, _end),
        Kept(12, "sessions on the list of people", "", _listed),
        Kept(13, "mails about sign-ins", "TAEL_MAILS_KEPT_DAYS", _mails),
        Kept(14, "ended invitations", "TAEL_INVITATIONS_KEPT_DAYS", _invitations),
    )


def _sign_ins(before: datetime, now: datetime) -> "QuerySet[SignIn]":
    """The query for the rows of the log of sign-ins that the job of retention removes: those before
    the instant `before`, but none that is younger than LEAST_KEPT_DAYS by the database's clock, as
    the database refuses to delete those.
    """
    least = Now() - timedelta(days=LEAST_KEPT_DAYS)
    return SignIn.objects.filter(at__lt=Least(before, least))


def _sessions(before: datetime, now: datetime) -> "QuerySet[Session]":
    """The query for the sessions that the job of retention removes: those that have expired both at
    `now` and by the present clock, so that a run for a later instant signs nobody out. The instant
    `before` does not matter.
    """
    found: QuerySet[Session] = sessions.expired(now)
    return found


def _end(rows: "QuerySet[Session]") -> int:
    """Delete these sessions, and the rows about them on the list of people's sessions. Returns how
    many sessions were deleted.
    """
    UserSession.objects.filter(session_key__in=rows.values("session_key")).delete()
    count, _ = rows.delete()
    return int(count)


def _listed(before: datetime, now: datetime) -> "QuerySet[UserSession]":
    """The query for the rows of the list of people's sessions (allauth's) that the job of retention
    removes: those whose sessions are gone. Neither instant matters.
    """
    kept = Session.objects.filter(session_key=OuterRef("session_key"))
    found: QuerySet[UserSession] = UserSession.objects.filter(~Exists(kept))
    return found


def _mails(before: datetime, now: datetime) -> "QuerySet[SecurityMail]":
    """The query for the e-mails about sign-ins and teams that the job of retention removes: those
    written before the instant `before`, sent or not.
    """
    return SecurityMail.objects.filter(at__lt=before)


def _invitations(before: datetime, now: datetime) -> "QuerySet[Invitation]":
    """The query for the invitations that the job of retention removes: those that were accepted,
    revoked or expired before the instant `before`.
    """
    return Invitation.objects.filter(
        Q(accepted_at__lt=before) | Q(revoked_at__lt=before) | Q(expires_at__lt=before)
    )
