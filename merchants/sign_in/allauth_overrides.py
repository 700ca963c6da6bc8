"""URL patterns that come before allauth's, with decorated views of allauth."""

from functools import wraps
from typing import Any

from allauth.account import views as account
from allauth.mfa.recovery_codes import views as codes
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils.http import urlencode

from lib import clock
from merchants import second_factor
from merchants.models import User
from merchants.operations import factors


def _with_fresh_factor(view: Any) -> Any:
    """A decorator that sends people who are not signed in to sign in, and people who have a second
    factor to confirm it first, unless they did so within ACCOUNT_REAUTHENTICATION_TIMEOUT. People
    without one go on.

    allauth would ask only for the password. The form's fields are not carried along, since they are
    passwords.
    """

    @login_required
    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """The view, unless the person has a second factor that was not confirmed within
        ACCOUNT_REAUTHENTICATION_TIMEOUT: then they are sent to confirm it.
        """
        assert isinstance(request.user, User)
        has_one = second_factor.has_one(request.user)
        if has_one and not second_factor.is_fresh(request, clock.now()):
            return redirect(f"{reverse('mfa_reauthenticate')}?{urlencode({'next': request.path})}")
        answer: HttpResponseBase = view(request, *args, **kwargs)
        return answer

    return guarded


def _recording_codes_seen(view: Any) -> Any:
    """A decorator that, if the response is a 200, records that the person was shown recovery codes:
    with a trail row and an e-mail to them.
    """

    @wraps(view)
    def recorded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """The view's answer; if it shows the codes, a trail row and an e-mail to the
        person say so.
        """
        answer: HttpResponseBase = view(request, *args, **kwargs)
        if answer.status_code == 200 and isinstance(request.user, User):
            factors.codes_seen(user=request.user, now=clock.now())
        return answer

    return recorded


urlpatterns: list[URLPattern] = [
    path(
        "password/change/",
        _with_fresh_factor(account.password_change),
        name="account_change_password",
    ),
    path(
        "2fa/recovery-codes/",
        _recording_codes_seen(codes.view_recovery_codes),
        name="mfa_view_recovery_codes",
    ),
    path(
        "2fa/recovery-codes/download/",
        _recording_codes_seen(codes.download_recovery_codes),
        name="mfa_download_recovery_codes",
    ),
]
