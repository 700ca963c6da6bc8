"""Decorators of views that let only a merchant's own people see its pages."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.utils import timezone

from lib import zones
from merchants import queries, second_factor
from merchants.models import Membership, User

P = ParamSpec("P")


class MemberRequest(HttpRequest):
    """A request by somebody who belongs to the team of the merchant in the address."""

    user: User
    membership: Membership


View = Callable[Concatenate[MemberRequest, P], HttpResponseBase]


def for_members(view: View[P]) -> Callable[..., HttpResponseBase]:
    """Let a view be seen only by the team of the merchant in the address, with times in the
    merchant's time zone.

    The merchant is always the one in the address, so that two tabs never mix. Strangers get the
    same 404 as for a merchant that does not exist. People who are not signed in are sent to sign
    in. If the merchant's owners require a second factor, people without one are sent to set it up.
    """
    return _guard(view, lambda _: True)


def for_finance(view: View[P]) -> Callable[..., HttpResponseBase]:
    """Do as `for_members`, but admit only OWNER and FINANCE, who may do more than look. Others get
    a 403.
    """
    return _guard(view, lambda membership: membership.may_act)


def for_owners(view: View[P]) -> Callable[..., HttpResponseBase]:
    """Do as `for_members`, but admit only OWNER, who may change the team. Others get a 403."""
    return _guard(view, lambda membership: membership.is_owner)


def _guard(
    view: View[P], may_enter: Callable[[Membership], bool]
) -> Callable[..., HttpResponseBase]:
    """The view for those of the merchant's team whom `may_enter` admits; others get a 403, and
    strangers a 404.
    """

    @login_required
    @wraps(view)
    def guarded(
        request: MemberRequest, merchant: str, *args: P.args, **kwargs: P.kwargs
    ) -> HttpResponseBase:
        membership = queries.membership(request.user, merchant)
        if membership is None:
            raise Http404("no merchant of yours has this reference")
        elsewhere = second_factor.missing(request, membership)
        if elsewhere is not None:
            return elsewhere
        if not may_enter(membership):
            raise PermissionDenied
        request.membership = membership
        with timezone.override(zones.zone(membership.merchant.timezone)):
            return view(request, *args, **kwargs)

    return guarded
