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
    """Answer 403 to who may not do this."""
    return _page(request, "403.html", HTTPStatus.FORBIDDEN)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer 404 where there is no page, or none for this person."""
    return _page(request, "404.html", HTTPStatus.NOT_FOUND)


def not_from_here(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Answer 403 to a form without the token that our forms carry."""
    return _page(request, "403_csrf.html", HTTPStatus.FORBIDDEN)


def failed(request: HttpRequest) -> HttpResponse:
    """Answer 500, without the frame if that cannot be drawn either."""
    try:
        return _page(request, "500.html", HTTPStatus.INTERNAL_SERVER_ERROR)
    except Exception:  # whatever made the first page fail may be what the frame needs
        log.exception("The page about an error failed, too.")
        return defaults.server_error(request)


def _page(request: HttpRequest, template: str, status: HTTPStatus) -> HttpResponse:
    """The page, in the frame if the person is signed in and asked for a page of ours."""
    user = getattr(request, "user", None)  # none if the request did not come so far
    has_frame = bool(user and user.is_authenticated)
    if not has_frame or request.path_info.startswith(WITHOUT_FRAME):
        return render(request, template, status=status)
    of_merchant = OF_A_MERCHANT.match(request.path_info)
    if of_merchant and not hasattr(request, "membership"):
        request.membership = queries.membership(user, of_merchant[1])  # type: ignore[attr-defined, arg-type]
    return render(request, template, {"frame": "layout.html"}, status=status)
