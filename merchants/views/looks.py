"""Ends an operator's look at a merchant's pages."""

from typing import cast

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from lib import clock
from merchants.models import Look, User
from merchants.operations import looks


@login_required
@require_POST
def end(request: HttpRequest, pk: int) -> HttpResponse:
    """End the operator's look at a merchant's pages, with a trail row, and lead back to the
    merchant's page in the admin. Only a POST is taken. Raises Http404 for another's.
    """
    try:
        look = looks.end(look_id=pk, actor=cast(User, request.user), now=clock.now())
    except Look.DoesNotExist:
        raise Http404("no look of yours has this number") from None
    return redirect("backoffice:merchant", look.merchant.reference)
