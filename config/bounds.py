"""What a request may be like before anything of it is read, and how long an answer may take."""

import re
from collections.abc import Callable
from email.message import Message

from django.conf import settings
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from psycopg import errors

UTF_8 = {"utf-8", "utf8"}
DIGITS = re.compile(r"[0-9]{1,18}")


class Bounded:
    """Refuses bodies that are too large, of unknown length, or in another encoding than UTF-8.

    Django bounds what it keeps in memory, but takes files of any size, and reads a body in whatever
    codec its header names, "hex" among them.
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
        if not is_utf_8(request.META.get("CONTENT_TYPE", "")):
            return _refusal("Requests are read in UTF-8.", 415)
        return self.get_response(request)


def is_utf_8(content_type: str) -> bool:
    """Whether this header names UTF-8, or no encoding."""
    header = Message()
    header["Content-Type"] = " ".join(content_type.split())
    named = header.get_param("charset", "utf-8")
    return isinstance(named, str) and named.strip().lower() in UTF_8


def _refusal(sentence: str, status: int) -> HttpResponse:
    return HttpResponse(f"{sentence}\n", status=status, content_type="text/plain; charset=utf-8")


class Patience:
    """Says in a sentence that the database took too long.

    How long it may take is the connection's own statement_timeout (merchants.patience).
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if isinstance(error, OperationalError) and isinstance(
            error.__cause__, errors.QueryCanceled
        ):
            return render(request, "503.html", status=503, headers={"Retry-After": "30"})
        return None
