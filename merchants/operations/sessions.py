"""Ends people's sessions."""

from allauth.usersessions.models import UserSession

from merchants.models import User


def end(user: User) -> int:
    """Sign the person out everywhere; returns how many sessions were ended."""
    ended = 0
    for session in UserSession.objects.filter(user=user):
        session.end()
        ended += 1
    return ended
