"""Decorators of views that let only a merchant's own people see its pages, and operators who look
at them for a while (rule 21.12), who can change nothing.
"""

from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from typing import Concatenate, ParamSpec, cast

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils import timezone

from lib import clock, zones
from merchants import installation, queries, second_factor
from merchants.models import Membership, User
from merchants.operations import looks
from merchants.sign_in import admin_door

P = ParamSpec("P")


class MemberRequest(HttpRequest):
    """A request by somebody who belongs to the team of the merchant in the address."""

    user: User
    membership: Membership


View = Callable[Concatenate[MemberRequest, P], HttpResponseBase]


def for_members(view: View[P]) -> Callable[..., HttpResponseBase]:
    """Let a view be seen only by the team of the merchant in the address, and by operators who look
    at its pages, who can change nothing; with times in the merchant's time zone.

    The merchant is always the one in the address, so that two tabs never mix. Strangers get the
    same 404 as for a merchant that does not exist. People who are not signed in are sent to sign
    in. If the merchant's owners require a second factor, members who have not confirmed one in
    their session are sent to do so, or to set one up. Files that operators take are put on the
    trail by `for_exporting` alone.
    """
    return _guard(view, lambda _: True)


def for_finance(view: View[P]) -> Callable[..., HttpResponseBase]:
    """Let a view be seen only by those of the team of the merchant in the address who may do more
    than look: OWNER and FINANCE. Others get a 403, also operators who look at the pages. Strangers
    get a 404, people who are not signed in are sent to sign in, and the merchant's second factor is
    asked for, as by `for_members`.
    """
    return _guard(view, lambda membership: membership.may_act)


def for_exporting(view: View[P]) -> Callable[..., HttpResponseBase]:
    """Let a view be seen only by who may take files of the merchant in the address: OWNER and
    FINANCE, and operators who look at the pages. Others get a 403. What operators take is put on
    the trail. Strangers get a 404, people who are not signed in are sent to sign in, and the
    merchant's second factor is asked for, as by `for_members`.
    """
    return _guard(view, lambda membership: membership.may_export, gives_files=True)


def for_owners(view: View[P]) -> Callable[..., HttpResponseBase]:
    """Let a view be seen only by OWNERs of the merchant in the address, who may change the team.
    Others get a 403, also operators who look at the pages. Strangers get a 404, people who are not
    signed in are sent to sign in, and the merchant's second factor is asked for, as by
    `for_members`.
    """
    return _guard(view, lambda membership: membership.is_owner)


def _guard(
    view: View[P], may_enter: Callable[[Membership], bool], *, gives_files: bool = False
) -> Callable[..., HttpResponseBase]:
    """The view for those of the merchant's team, and of the operators who look at its pages, whom
    `may_enter` admits by their membership; others of them get a 403, and strangers a 404. An
    operator who looks may send nothing; with `gives_files`, each file that they take is put on the
    trail. The view runs in the merchant's time zone, and finds the membership on the request.
    Members who have not confirmed a second factor that the merchant requires are sent to do so, or
    to set one up.
    """

    @login_required
    @wraps(view)
    def guarded(
        request: MemberRequest, merchant: str, *args: P.args, **kwargs: P.kwargs
    ) -> HttpResponseBase:
        """The view's answer, or what sends a member to confirm or set up the second factor that the
        merchant requires. Raises Http404 to strangers, and PermissionDenied to those of the team
        who may not enter. An operator who looks at the pages gets a 403 for all but GET and HEAD,
        and a trail row for each file if `gives_files`.
        """
        membership = queries.membership(request.user, merchant) or _looking(request, merchant)
        if membership is None:
            raise Http404("no merchant of yours has this reference")
        if membership.look is None:
            elsewhere = second_factor.missing(request, membership)
            if elsewhere is not None:
                return elsewhere
        request.membership = membership
        if membership.look is not None and request.method not in ("GET", "HEAD"):
            page = "merchants/only_looked_at.html"
            return render(request, page, status=HTTPStatus.FORBIDDEN)
        if not may_enter(membership):
            raise PermissionDenied
        prefix = getattr(membership, "prefix", "")  # of a look it is read when needed
        if prefix is None:  # no number has left the house yet: a page writes nothing
            prefix = settings.TAEL_FIRST_PREFIX
        zone = zones.zone(membership.merchant.timezone)
        with timezone.override(zone), installation.remembered(prefix):
            response = view(request, *args, **kwargs)
        if gives_files and membership.look is not None and response.status_code == HTTPStatus.OK:
            address, actor = request.get_full_path(), request.user.email
            looks.note_download(membership.look, address=address, actor=actor, now=clock.now())
        return response

    return guarded


def may_see(request: HttpRequest, reference: str) -> bool:
    """Whether who sent the request may see pages of the merchant with this reference: somebody of
    its team, or an operator who looks at them. It can be asked outside of all cells.
    """
    if not request.user.is_authenticated:
        return False
    is_member = queries.is_member(request.user, reference)
    return is_member or _looking(request, reference) is not None


def _looking(request: HttpRequest, reference: str) -> Membership | None:
    """A membership that is never saved, with the role VIEWER, by which an operator who has started
    to look at this merchant's pages (operations.looks) sees them; None for everybody else, and when
    the look is over. As at the admin, the operator has to come from its networks, not be idle for
    too long (the request counts as a page of the admin), and have confirmed a second factor in the
    session (not in demonstrations).
    """
    user, now = cast(User, request.user), clock.now()
    if not user.is_staff or not admin_door.is_near(request) or admin_door.was_idle(request):
        return None
    if not (settings.TAEL_SANDBOX or second_factor.was_confirmed(request)):
        return None
    look = queries.look(user, reference, now)
    if look is None:
        return None
    membership = Membership(user=user, merchant=look.merchant, role=Membership.Role.VIEWER)
    membership.look = look
    return membership
