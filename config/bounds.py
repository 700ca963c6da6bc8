"""Middleware that bounds how large a request may be, and answers when the database took too
long.
"""

import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.http import parse_header_parameters
from psycopg import errors

from gateway.api.headers import API
from gateway.api.problems import outside_of_django

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

UTF_8 = {"utf-8", "utf8"}
DIGITS = re.compile(r"[0-9]{1,18}")


class Bounded:
    """Middleware that refuses a body before anything reads it: 411 if it is sent in chunks and so
    of unknown length, 400 if its length is no number, and 413 if it is larger than LARGEST_REQUEST.
    The answers are plain text.

    Django bounds what it keeps in memory, but takes files of any size.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        length = request.META.get("CONTENT_LENGTH") or "0"
        if request.META.get("HTTP_TRANSFER_ENCODING"):
            return _refusal("A request has to say how long it is.", 411)
        if not DIGITS.fullmatch(length):
            return _refusal("The length of this request is no number.", 400)
        if int(length) > settings.LARGEST_REQUEST:
            return _refusal("A request must not be larger than 6 MB.", 413)
        return self.get_response(request)


def in_utf_8(application: "WSGIApplication") -> "WSGIApplication":
    """Wrap the WSGI application so that requests whose Content-Type names another encoding than
    UTF-8 get 415 before Django reads them: below /api/ as a problem in JSON, elsewhere as plain
    text.

    Django would decode the query string and the body by whatever codec a header names, "hex" among
    them, and the query string even before any middleware runs.
    """

    def answer(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer 415 to a request whose content type says another encoding than UTF-8; hand others
        on.
        """
        if is_utf_8(environ.get("CONTENT_TYPE", "")):
            return application(environ, start_response)
        said, headers = b"Requests are read in UTF-8.\n", [("Content-Type", "text/plain")]
        if environ.get("PATH_INFO", "").startswith(API):
            said, headers = outside_of_django(415, "unsupported_media_type", said.decode().strip())
        start_response("415 Unsupported Media Type", [*headers, ("Content-Length", f"{len(said)}")])
        return [said]

    return answer


def is_utf_8(content_type: str) -> bool:
    """Whether this Content-Type names UTF-8 or no encoding. False also if it is too long to be
    read. Django reads it in the same way.
    """
    try:
        _kind, parameters = parse_header_parameters(content_type)
    except ValueError:  # it is too long to be one
        return False
    return parameters.get("charset", "utf-8").strip().lower() in UTF_8


def _refusal(sentence: str, status: int) -> HttpResponse:
    """A response with this sentence as plain text."""
    return HttpResponse(f"{sentence}\n", status=status, content_type="text/plain; charset=utf-8")


class StatementTimeouts:
    """Middleware that answers 503 if the database stopped a statement of the page because it took
    too long.

    How long a statement may take is the connection's own statement_timeout (lib.statement_timeout).
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """The 503 if the view's error is a statement that took too long; None for other errors."""
        return took_too_long(request, error)


def took_too_long(request: HttpRequest, error: Exception) -> HttpResponse | None:
    """The page with 503 and Retry-After for an error by which PostgreSQL stopped a statement since
    it took too long (or was cancelled); None for any other error.
    """
    if isinstance(error, OperationalError) and isinstance(error.__cause__, errors.QueryCanceled):
        response = render(request, "503.html", status=503)
        response.headers["Retry-After"] = "30"
        return response
    return None
