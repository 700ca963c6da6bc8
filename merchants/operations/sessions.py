"""Ends people's sessions."""

from allauth.usersessions.models import UserSession

from merchants.models import User


def end(user: User) -> int:
    """Sign the person out everywhere: delete all of their sessions, also the one that asks for it
    if it is theirs. Returns how many were ended. No trail row is written.
    """
    ended = 0
    for session in UserSession.objects.filter(user=user):
        session.end()
        ended += 1
    return ended
