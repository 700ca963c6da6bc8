"""The network address and browser of a request, and which browsers somebody has signed in with
before.

A browser is recognised by a signed cookie that has the keys of the people who signed in with it.
Nothing is kept on the server. Copying the cookie gains nobody more than that no e-mail is sent
about their sign-in.
"""

from datetime import timedelta

from allauth.account.adapter import get_adapter
from django.conf import settings
from django.core import signing
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from merchants.models import User
from merchants.operations.sign_ins import Visitor

COOKIE = "__Host-browser" if settings.HTTPS else "browser"
SALT = "tael.known-browser"
KNOWN_FOR = timedelta(days=365)
MOST_PEOPLE = 10  # of one browser


def of(request: HttpRequest) -> Visitor:
    """The network address of the request, and its browser: the first 200 characters of what it
    sends as its User-Agent, or "".
    """
    adapter = get_adapter(request)
    return Visitor(
        ip=adapter.get_client_ip(request), browser=request.headers.get("User-Agent", "")[:200]
    )


def knows(request: HttpRequest, user: User) -> bool:
    """Whether the request has the cookie by which this browser is known to be the person's
    (`remember`).
    """
    return user.pk in _people(request)


def remember(request: HttpRequest, response: HttpResponseBase, user: User) -> None:
    """Set the cookie by which the person's browser is recognised for a year. The cookie has the
    keys of at most MOST_PEOPLE people, the latest first; those before them are forgotten.
    """
    others = [pk for pk in _people(request) if pk != user.pk]
    people = [user.pk, *others][:MOST_PEOPLE]
    response.set_cookie(
        COOKIE,
        signing.dumps(people, salt=SALT),
        max_age=KNOWN_FOR,
        secure=settings.HTTPS,
        httponly=True,
        samesite="Lax",
    )


def _people(request: HttpRequest) -> list[int]:
    """The ids of the people in the request's cookie; none if it is missing, forged or too old."""
    try:
        people = signing.loads(request.COOKIES.get(COOKIE, ""), salt=SALT, max_age=KNOWN_FOR)
    except signing.BadSignature:
        return []
    return list(people)
