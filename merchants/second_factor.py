"""A second factor for what moves money: an open session alone is not enough."""

from collections.abc import Callable
from datetime import datetime
from functools import wraps
from typing import Concatenate, ParamSpec, cast
from urllib.parse import urlencode

from allauth.account import app_settings
from allauth.account.authentication import get_authentication_records
from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from merchants import clock
from merchants.access import MemberRequest
from merchants.models import User

GO_ON = "second_factor_for"  # in the session

P = ParamSpec("P")
View = Callable[Concatenate[MemberRequest, P], HttpResponseBase]


def with_second_factor(view: View[P]) -> View[P]:
    """Let in who confirmed a second factor within ACCOUNT_REAUTHENTICATION_TIMEOUT.

    Others are sent to do so, or to set one up, and come back to the same address; what a POST
    carried comes back in the address, so that the page can ask for it once more, but for what
    sensitive_post_parameters names: addresses are kept in logs. Demonstrations (TAEL_SANDBOX) ask
    for none. To stand below for_members and its like, and below sensitive_post_parameters.
    """

    @wraps(view)
    def guarded(request: MemberRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if settings.TAEL_SANDBOX or _confirmed_recently(request, clock.now()):
            request.session.pop(GO_ON, None)
            return view(request, *args, **kwargs)
        if not has_one(request.user):
            request.session[GO_ON] = _address(request)
            messages.warning(
                request,
                _("What moves money takes a second factor. Set one up; then you can go on."),
            )
            return redirect("mfa_index")
        return redirect(f"{reverse('mfa_reauthenticate')}?{urlencode({'next': _address(request)})}")

    return guarded


def where_to_go_on(request: HttpRequest) -> str:
    """Where somebody was sent away from to set a factor up, once they have one."""
    address = request.session.get(GO_ON, "")
    return str(address) if address and has_one(cast(User, request.user)) else ""


def has_one(user: User) -> bool:
    return bool(is_mfa_enabled(user))


def _confirmed_recently(request: MemberRequest, now: datetime) -> bool:
    """At the sign-in or since; a password, however recent, is the first factor."""
    confirmed_at = [
        record["at"]
        for record in get_authentication_records(request, request.user)
        if record.get("method") == "mfa"
    ]
    return bool(confirmed_at) and (
        now.timestamp() - max(confirmed_at) < app_settings.REAUTHENTICATION_TIMEOUT
    )


def _address(request: MemberRequest) -> str:
    asked = (request.POST if request.method == "POST" else request.GET).copy()
    for name in ("csrfmiddlewaretoken", *getattr(request, "sensitive_post_parameters", ())):
        asked.pop(name, None)
    return f"{request.path}?{asked.urlencode()}" if asked else request.path
