"""Asks for a second factor before anything by which money can leave, since a session alone may be
stolen.
"""

from collections.abc import Callable
from datetime import datetime
from functools import wraps
from http import HTTPStatus
from typing import Any, Concatenate, ParamSpec, cast
from urllib.parse import urlencode

from allauth.account import app_settings
from allauth.account.authentication import get_authentication_records
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from lib import clock
from merchants import queries
from merchants.models import Membership, User

GO_ON = "second_factor_for"  # in the session

P = ParamSpec("P")
# A view as it stands below for_members and its like (merchants.access), with `request.membership`.
View = Callable[Concatenate[Any, P], HttpResponseBase]


def never(request: HttpRequest) -> bool:
    """The default of `unless`: every request needs a second factor."""
    return False


def with_second_factor(
    *,
    waits_page: str = "",
    back: str = "",
    unless: Callable[[HttpRequest], bool] = never,
) -> Callable[[View[P]], View[P]]:
    """A decorator that lets a request through if a second factor was confirmed within
    ACCOUNT_REAUTHENTICATION_TIMEOUT. In demonstrations (TAEL_SANDBOX) it lets all through.

    Others are sent to confirm one, or to set one up, and come back to the same address. The fields
    of a POST come back in its query string, so that the page can show them once more; those that
    sensitive_post_parameters names are left out, since addresses are kept in logs.

    `back` is the route of the merchant's page to come back to, for views that take only a POST.
    `waits_page` is for what takes money out, which a first factor opens only a day after it was set
    up: it is the template that is shown until then, with `counts_from`. `unless` decides which
    requests need no factor. The decorator stands below for_members and its like, and below
    sensitive_post_parameters.
    """

    def decorate(view: View[P]) -> View[P]:
        """The view, which requests reach that need no second factor (by `unless`, or in a
        demonstration), or whose session has confirmed one within ACCOUNT_REAUTHENTICATION_TIMEOUT.
        Others are redirected to confirm one or to set one up. If there is a `waits_page`, those
        whose factor does not count yet are shown that page instead.
        """

        @wraps(view)
        def guarded(request: Any, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            """Call the view for a person who has confirmed a second factor within
            ACCOUNT_REAUTHENTICATION_TIMEOUT, or who needs none: by `unless`, or in a demonstration.
            Others are redirected to confirm a factor, or to set one up. If there is a `waits_page`,
            a person whose confirmed factor was set up too short a time ago to count is shown that
            page instead of the view; without a `waits_page` the view is called for them, too.
            """
            if not unless(request):
                elsewhere = _sent_elsewhere(request, waits_page=waits_page, back=back)
                if elsewhere is not None:
                    return elsewhere
            request.session.pop(GO_ON, None)
            return view(request, *args, **kwargs)

        return guarded

    return decorate


def where_to_go_on(request: HttpRequest) -> str:
    """The address of the page from which the person was sent to set up a second factor, once they
    have one; "" if they have none yet, or were not sent.
    """
    address = request.session.get(GO_ON, "")
    return str(address) if address and has_one(cast(User, request.user)) else ""


def has_one(user: User) -> bool:
    """Whether the person has an authenticator app or a passkey; recovery codes alone do not
    count.
    """
    return queries.has_second_factor(user)


def is_fresh(request: HttpRequest, now: datetime) -> bool:
    """Whether a second factor was confirmed in this session within ACCOUNT_REAUTHENTICATION_TIMEOUT
    before `now`.

    A password does not count, however recently it was given.
    """
    return bool(_confirmed(request, now))


def was_confirmed(request: HttpRequest) -> bool:
    """Whether a second factor was ever confirmed in this session, a recovery code or one that was
    removed since among them, and the person has an app or a passkey now.
    """
    return has_one(cast(User, request.user)) and bool(_records(request))


def proved_ids(request: HttpRequest) -> list[int]:
    """allauth's keys of the second factors that were confirmed in this session, however long ago,
    removed ones included.
    """
    return [int(record["id"]) for record in _records(request) if "id" in record]


def missing(request: HttpRequest, membership: Membership) -> HttpResponse | None:
    """The response for a member without a confirmed second factor if the merchant requires one: the
    page that asks to set one up, with status 403, or a redirect to confirm it. None if the session
    has confirmed one, if none is required, and in demonstrations. Afterwards the member goes on at
    this address, or after a form at the merchant's start page, since the form is not kept; the
    session remembers where while a factor is set up.
    """
    if settings.TAEL_SANDBOX or not membership.merchant.requires_second_factor:
        return None
    if was_confirmed(request):
        return None
    here = request.path if request.method == "GET" else reverse(
        "overview", args=[membership.merchant.reference]
    )  # fmt: skip
    if has_one(cast(User, request.user)):
        return redirect(f"{reverse('mfa_reauthenticate')}?{urlencode({'next': here})}")
    request.session[GO_ON] = here
    context = {"merchant": membership.merchant}
    return render(request, "merchants/factor_needed.html", context, status=HTTPStatus.FORBIDDEN)


def confirm_again(request: HttpRequest) -> HttpResponse | None:
    """A redirect that makes an operator confirm a second factor before a decision, or set one up
    without one. None if their session has confirmed one within ACCOUNT_REAUTHENTICATION_TIMEOUT,
    and in demonstrations.

    They come back to the page of the decision; the session keeps its address (GO_ON) while a factor
    is set up. Its form has to be filled in anew, since a reason does not belong in an address.
    """
    if settings.TAEL_SANDBOX or is_fresh(request, clock.now()):
        return None
    if not has_one(cast(User, request.user)):
        request.session[GO_ON] = request.path
        return redirect("mfa_index")
    return redirect(f"{reverse('mfa_reauthenticate')}?{urlencode({'next': request.path})}")


def _sent_elsewhere(request: Any, *, waits_page: str, back: str) -> HttpResponseBase | None:
    """A redirect to set up a second factor for a person without one, or to confirm it if that was
    not done within ACCOUNT_REAUTHENTICATION_TIMEOUT; or else, if there is a template `waits_page`,
    the page that says when the confirmed factor starts to count, if it does not yet. None if the
    request may go on, as all may in demonstrations. Afterwards the person comes back to the page
    `back`, or without one to this address, which the session keeps (GO_ON) while a factor is set
    up.
    """
    if settings.TAEL_SANDBOX:
        return None
    now = clock.now()
    address = _address(request)
    if back:
        address = reverse(back, args=[request.membership.merchant.reference])
    if not has_one(request.user):
        request.session[GO_ON] = address
        messages.warning(
            request,
            _("What leads to money takes a second factor. Set one up; then you can go on."),
        )
        return redirect("mfa_index")
    confirmed = _confirmed(request, now)
    if not confirmed:
        if back:
            messages.info(request, _("Nothing has changed yet: confirm, and then do it once more."))
        return redirect(f"{reverse('mfa_reauthenticate')}?{urlencode({'next': address})}")
    return _wait(request, confirmed, now, waits_page) if waits_page else None


def _wait(request: Any, confirmed: list[int], now: datetime, page: str) -> HttpResponse | None:
    """The page, made from the template `page`, with status 403, that says when a confirmed second
    factor starts to open what takes money out; None if one of those in `confirmed` (allauth's keys)
    does now.
    """
    counts_from = queries.factor_counts_from(request.user, confirmed)
    if counts_from is not None and counts_from <= now:
        return None
    context = {"counts_from": counts_from, "now": now}
    return render(request, page, context, status=HTTPStatus.FORBIDDEN)


def _records(request: HttpRequest) -> list[dict[str, Any]]:
    """allauth's records of second factors that were confirmed in this session."""
    records = get_authentication_records(request, request.user)
    return [record for record in records if record.get("method") == "mfa"]


def _confirmed(request: HttpRequest, now: datetime) -> list[int]:
    """allauth's keys of the second factors confirmed in this session within
    ACCOUNT_REAUTHENTICATION_TIMEOUT before `now`.
    """
    after = now.timestamp() - app_settings.REAUTHENTICATION_TIMEOUT
    return [int(record.get("id", 0)) for record in _records(request) if record["at"] > after]


def _address(request: HttpRequest) -> str:
    """The request's path with, in the query string, the fields of its form if it is a POST, and
    otherwise those of its own query string; without the form's token and what
    sensitive_post_parameters names.
    """
    asked = (request.POST if request.method == "POST" else request.GET).copy()
    for name in ("csrfmiddlewaretoken", *getattr(request, "sensitive_post_parameters", ())):
        asked.pop(name, None)
    return f"{request.path}?{asked.urlencode()}" if asked else request.path
