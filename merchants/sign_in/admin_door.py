"""Keeps the admin to certain networks, and signs out who did nothing there for too long.

Both are settings (docs/operations.md). Sign-in, roles and second factors are checked after that.
"""

from collections.abc import Callable
from datetime import timedelta
from ipaddress import ip_address

from allauth.account.adapter import get_adapter
from allauth.account.authentication import get_authentication_records
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone

from lib import live

ADMIN = "/admin/"
SEEN_AT = "admin_seen_at"  # in the session: seconds since the epoch
EXACT_TO = timedelta(minutes=1)  # so often at most is a session written for it


class AdminDoor:
    """Middleware that admits to the admin, its sign-in included, only from certain networks, and
    signs out people who were idle there.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.path_info.startswith(ADMIN):
            return self.get_response(request)
        if not is_near(request):
            raise PermissionDenied
        if request.user.is_authenticated and was_idle(request):
            logout(request)
            messages.warning(request, "You were signed out, as nothing was done for a while.")
            return redirect("admin:login")
        return self.get_response(request)


def is_near(request: HttpRequest) -> bool:
    """Whether the request comes from a network that may use the admin; without TAEL_ADMIN_NETWORKS
    all may.
    """
    if not settings.TAEL_ADMIN_NETWORKS:
        return True
    address = ip_address(get_adapter().get_client_ip(request))
    return any(address in network for network in settings.TAEL_ADMIN_NETWORKS)


def was_idle(request: HttpRequest) -> bool:
    """Whether the person's last page of the admin, or their last proof of who they are (sign-in or
    confirmation) if that is later, was longer ago than TAEL_ADMIN_IDLE_MINUTES. If not, it notes
    this page as the last one in the session, about once a minute, unless it is a part that
    refreshes by itself. Always False without that setting. Nobody is signed out here.
    """
    if not settings.TAEL_ADMIN_IDLE_MINUTES:
        return False
    now = timezone.now().timestamp()
    records = get_authentication_records(request, request.user)
    signed_in_at = max((record["at"] for record in records), default=now)
    seen_at = max(request.session.get(SEEN_AT, 0), signed_in_at)
    if now - seen_at > timedelta(minutes=settings.TAEL_ADMIN_IDLE_MINUTES).total_seconds():
        return True
    if live.asked(request):  # a page that refreshes by itself, which nobody may be looking at
        return False
    if now - request.session.get(SEEN_AT, 0) > EXACT_TO.total_seconds():
        request.session[SEEN_AT] = now
    return False
