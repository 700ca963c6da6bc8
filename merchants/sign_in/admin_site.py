"""The admin's site, which requires a sign-in and a confirmed second factor."""

from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlencode

from allauth.account.authentication import get_authentication_records
from allauth.account.decorators import secure_admin_login
from allauth.mfa.models import Authenticator
from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.functional import SimpleLazyObject
from unfold.sites import UnfoldAdminSite

from merchants import second_factor
from merchants.sign_in import time_zones

View = Callable[..., HttpResponse]
Type = Authenticator.Type


class OperatorsSite(UnfoldAdminSite):
    """The admin's site. Every page requires a second factor that was confirmed in the session.

    In demonstrations (TAEL_SANDBOX) it is not required.
    """

    def admin_view(self, view: View, cacheable: bool = False) -> View:
        # The check of the second factor runs after that of the sign-in; everybody may sign out.
        """The view behind the checks of the sign-in and, except for signing out, of the second
        factor.
        """
        inner = view if view == self.logout else _with_second_factor(view)
        guarded: View = super().admin_view(inner, cacheable)
        return guarded

    def login(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """Send who is not signed in to allauth's sign-in, from which they come back; Django's own
        would ask for no second factor. Operators who are signed in get the answer of Django's page:
        for a GET, a redirect to the admin. Raises PermissionDenied for other people who are signed
        in.
        """
        login: HttpResponse = secure_admin_login(super().login)(request, extra_context)
        return login

    def get_urls(self) -> list[Any]:
        """The admin's addresses, with the page of all lists, and the one on which an operator
        chooses a time zone.
        """
        own = [
            path("lists/", self.admin_view(self.lists), name="lists"),
            path("time-zone/", self.admin_view(self.time_zone), name="time_zone"),
        ]
        return [*own, *super().get_urls()]

    def time_zone(self, request: HttpRequest) -> HttpResponse:
        """The page on which an operator chooses the time zone of the admin, and its submission."""
        return time_zones.choose(request, self.each_context(request))

    def confirm_again(self, request: HttpRequest) -> HttpResponse | None:
        """A redirect to confirm or set up a second factor before a decision. None if one was
        confirmed within ACCOUNT_REAUTHENTICATION_TIMEOUT, and in demonstrations.
        """
        return second_factor.confirm_again(request)

    def lists(self, request: HttpRequest) -> HttpResponse:
        """The page with the links to all lists that the operator may view, by app."""
        context = self.each_context(request) | {
            "title": "All lists",
            "app_list": self.get_app_list(request),
        }
        return TemplateResponse(request, "admin/app_index.html", context)

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> Any:
        """Django's list of the apps, or of the app `app_label` alone, with their models that the
        operator may view. It is made only where a template reads it; most pages do not, as the
        sidebar is our own.
        """
        return SimpleLazyObject(lambda: super(OperatorsSite, self).get_app_list(request, app_label))

    def autocomplete_view(self, request: HttpRequest) -> HttpResponse:
        """Refuse every request with a 403, since no form of the admin uses it."""
        raise PermissionDenied

    def search(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """Search the names of the admin's apps and lists that the operator may view for the
        term `s` of the query string. The answer is always the first page of results, whatever
        `page` says; `request.GET` is replaced for that. This page holds 100 results, and what
        is beyond them is not shown. The answer is empty if there is no term.
        """
        if request.GET.get("page", "1") != "1":
            asked = request.GET.copy()
            asked["page"] = "1"
            request.GET = asked  # type: ignore[assignment]
        found: HttpResponse = super().search(request, extra_context)
        return found

    def password_change(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """Redirect to allauth's page on which the password is changed; Django's own would not count
        wrong attempts.
        """
        return redirect("account_change_password")

    def password_change_done(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """Redirect to allauth's page on which the password is changed."""
        return redirect("account_change_password")


def _with_second_factor(view: View) -> View:
    """The view for sessions in which a second factor was confirmed, however long ago, of people who
    still have one. Others are sent to confirm one, or to set one up. In demonstrations
    (TAEL_SANDBOX) all are let through.
    """

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """The view, for sessions in which a second factor was confirmed, and for all in
        demonstrations; others are redirected to confirm or set up one.
        """
        if settings.TAEL_SANDBOX or _has_confirmed(request):
            return view(request, *args, **kwargs)
        if not _has_one(request):
            request.session[second_factor.GO_ON] = reverse("admin:index")  # once there is one
            messages.warning(
                request,
                "Operators need a second factor. Set one up, then you can go on to the admin.",
            )
            return redirect("mfa_index")
        # Only the address is kept, so a form that was sent has to be filled in anew.
        address = request.get_full_path() if request.method == "GET" else reverse("admin:index")
        return redirect(f"{reverse('mfa_reauthenticate')}?{urlencode({'next': address})}")

    return guarded


def _has_confirmed(request: HttpRequest) -> bool:
    """Whether a second factor was confirmed in the session, and the person still has one."""
    records = get_authentication_records(request, request.user)
    return _has_one(request) and any(record.get("method") == "mfa" for record in records)


def _has_one(request: HttpRequest) -> bool:
    """Whether the person has a second factor. Recovery codes do not count as one."""
    return bool(is_mfa_enabled(request.user, [Type.TOTP, Type.WEBAUTHN]))
