"""Pages for requests that are refused or fail. Who is signed in reads them in the frame of the
other pages: with their merchant's navigation, search and language (rule 3.7).
"""

import logging
import re
from http import HTTPStatus

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views import defaults

from merchants import queries

log = logging.getLogger(__name__)

OF_A_MERCHANT = re.compile(r"/m/([^/]+)/")
WITHOUT_FRAME = ("/admin/", "/api/", "/webhooks/")


def not_allowed(request: HttpRequest, exception: Exception) -> HttpResponse:
    """The page for a request that the person may not make, with status 403."""
    return _page(request, "403.html", HTTPStatus.FORBIDDEN)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """The page for an address at which there is no page, or none for this person, with status
    404.
    """
    return _page(request, "404.html", HTTPStatus.NOT_FOUND)


def not_from_here(request: HttpRequest, reason: str = "") -> HttpResponse:
    """The page for a form that came without the token that our forms carry, with status 403."""
    return _page(request, "403_csrf.html", HTTPStatus.FORBIDDEN)


def failed(request: HttpRequest) -> HttpResponse:
    """The page for a request that failed, with status 500; Django's bare one if ours cannot be
    drawn either, which is logged.
    """
    try:
        return _page(request, "500.html", HTTPStatus.INTERNAL_SERVER_ERROR)
    except Exception:  # whatever made the first page fail may be what the frame needs
        log.exception("The page about an error failed, too.")
        return defaults.server_error(request)


def _page(request: HttpRequest, template: str, status: HTTPStatus) -> HttpResponse:
    """The page made from this template, within the frame of our pages if the person is signed in
    and asked for a page of ours. For the frame of a merchant's page, the person's membership, or
    None, is put on the request.
    """
    user = getattr(request, "user", None)  # none if the request did not come so far
    has_frame = bool(user and user.is_authenticated)
    if not has_frame or request.path_info.startswith(WITHOUT_FRAME):
        return render(request, template, status=status)
    of_merchant = OF_A_MERCHANT.match(request.path_info)
    if of_merchant and not hasattr(request, "membership"):
        request.membership = queries.membership(user, of_merchant[1])  # type: ignore[attr-defined, arg-type]
    return render(request, template, {"frame": "layout.html"}, status=status)
