"""The admin's doors: who signs in, and who has confirmed a second factor, gets in."""

from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlencode

from allauth.account.authentication import get_authentication_records
from allauth.account.decorators import secure_admin_login
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from unfold.sites import UnfoldAdminSite

from merchants import second_factor

View = Callable[..., HttpResponse]


class OperatorsSite(UnfoldAdminSite):
    """Every page takes a second factor, which is confirmed once in a session, mostly at its start.

    Demonstrations (TAEL_SANDBOX) offer one and ask for none.
    """

    def admin_view(self, view: View, cacheable: bool = False) -> View:
        # Within what asks who somebody is; and everybody may sign out.
        inner = view if view == self.logout else _with_second_factor(view)
        guarded: View = super().admin_view(inner, cacheable)
        return guarded

    def login(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """Through allauth's: Django's own page would ask for no second factor."""
        login: HttpResponse = secure_admin_login(super().login)(request, extra_context)
        return login

    def password_change(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """Through allauth's: Django's own page would not count the guesses."""
        return redirect("account_change_password")

    def password_change_done(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        return redirect("account_change_password")


def _with_second_factor(view: View) -> View:
    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if settings.TAEL_SANDBOX or _has_confirmed(request):
            return view(request, *args, **kwargs)
        if not second_factor.has_one(request.user):  # type: ignore[arg-type]
            messages.warning(
                request,
                "Operators need a second factor. Set one up, then you can go on to the admin.",
            )
            return redirect("mfa_index")
        # A form that was sent comes back empty: its address is all that is safe to keep.
        address = request.get_full_path() if request.method == "GET" else reverse("admin:index")
        return redirect(f"{reverse('mfa_reauthenticate')}?{urlencode({'next': address})}")

    return guarded


def _has_confirmed(request: HttpRequest) -> bool:
    """Whether the session has seen a second factor that the person still has."""
    records = get_authentication_records(request, request.user)
    has_seen = any(record.get("method") == "mfa" for record in records)
    return has_seen and second_factor.has_one(request.user)  # type: ignore[arg-type]
