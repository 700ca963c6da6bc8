"""The way into a merchant's pages: for its own people only."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.utils import timezone

from merchants import calendar, queries
from merchants.models import Membership, User

P = ParamSpec("P")


class MemberRequest(HttpRequest):
    """A request by somebody who belongs to the merchant in the address."""

    user: User
    membership: Membership


def for_members(
    view: Callable[Concatenate[MemberRequest, P], HttpResponseBase],
) -> Callable[..., HttpResponseBase]:
    """Let the merchant's people in, and show times in the merchant's time zone.

    The merchant is always the one of the address, so that two tabs never mix. Strangers get the
    same 404 as for a merchant that does not exist; whoever is not signed in is sent to do so.
    """

    @login_required
    @wraps(view)
    def guarded(
        request: MemberRequest, merchant: str, *args: P.args, **kwargs: P.kwargs
    ) -> HttpResponseBase:
        membership = queries.membership(request.user, merchant)
        if membership is None:
            raise Http404("no merchant of yours has this reference")
        request.membership = membership
        with timezone.override(calendar.zone(membership.merchant.timezone)):
            return view(request, *args, **kwargs)

    return guarded
