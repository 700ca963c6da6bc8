"""Middleware for every request: its headers, language, clock and log lines."""

import logging
import os
import re
import time
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import translation

from config.monitoring import context
from lib import counters
from lib.clock import ClockAhead

log = logging.getLogger(__name__)
access = logging.getLogger("tael.access")

SANE_ID = re.compile(r"[A-Za-z0-9_.:-]{8,64}")
ID_BYTES = 16  # of chance, in a request's own id
METHODS = {"GET", "HEAD", "POST", "OPTIONS", "PUT", "PATCH", "DELETE"}  # whatever else they send

SECRETS = {"token", "key", "uidb36"}  # in addresses, as routes name them

STRICT = (
    "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none';"
    " form-action 'self'; frame-ancestors 'none'"
)
# The admin's theme evaluates expressions in attributes and sets styles from scripts (Alpine).
ADMIN = STRICT + "; script-src 'self' 'unsafe-eval'; style-src 'self' 'unsafe-inline'"


# What no page of ours uses, and so no script that gets into one may either.
PERMISSIONS = ", ".join(
    f"{feature}=()"
    for feature in (
        *("accelerometer", "autoplay", "browsing-topics", "camera", "display-capture"),
        *("encrypted-media", "geolocation", "gyroscope", "hid", "idle-detection", "magnetometer"),
        *("microphone", "midi", "payment", "screen-wake-lock", "serial", "usb"),
        *("xr-spatial-tracking",),
    )
)


class PageHeaders:
    """Middleware that sets headers on responses: what a page may load (only what we serve, and
    nothing inline), what it may use of the browser, and that nobody may store a copy of it.

    Static files keep their own Cache-Control.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        policy = ADMIN if request.path.startswith("/admin/") else STRICT
        response.headers.setdefault("Content-Security-Policy", policy)
        response.headers.setdefault("Permissions-Policy", PERMISSIONS)
        is_private = not request.path_info.startswith(settings.STATIC_URL)
        if is_private and "no-store" not in response.headers.get("Cache-Control", ""):
            response.headers["Cache-Control"] = "private, no-store"
        return response


class ReferrerPolicy:
    """Middleware that keeps browsers from sending the address of a page whose link is secret as a
    referrer.

    The origin alone is still sent, since Django would refuse the form on such a page without it.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        named = request.resolver_match.kwargs if request.resolver_match else {}
        if SECRETS & named.keys():
            response.headers["Referrer-Policy"] = "strict-origin"
        return response


class LanguageOfUser:
    """Middleware that activates the language that the signed-in user has chosen, whatever device
    they use. Without one, the language stays as it was.

    The operators' admin is always in English, whatever language browsers prefer.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        language = getattr(request.user, "language", "")  # nobody's, when not signed in
        if request.path.startswith("/admin/"):
            language = "en"
        if language:
            translation.activate(language)
            request.LANGUAGE_CODE = translation.get_language()
        return self.get_response(request)


class ClockIsRight:
    """Middleware that answers 503 with a sentence if a view raised ClockAhead (lib.clock); then
    nothing was done.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """The 503 if the view's error is ClockAhead, which is logged; None for other errors."""
        if not isinstance(exception, ClockAhead):
            return None
        log.error("%s", exception)
        return render(request, "503_clock.html", status=503)


class RequestLog:
    """Middleware that gives each request an id, which its log lines and its response carry, and
    counts, times and logs the request.

    A well-formed id in X-Request-ID is used, so that one search finds what a proxy and Tael log.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        given = request.META.get("HTTP_X_REQUEST_ID", "")  # `headers` would parse all of them
        request_id = given if SANE_ID.fullmatch(given) else os.urandom(ID_BYTES).hex()
        started = time.perf_counter()
        with context.of(request, request_id):
            response = self.get_response(request)
            seconds = time.perf_counter() - started
            route = request.resolver_match.view_name if request.resolver_match else "none"
            method = request.method if request.method in METHODS else "other"
            counters.REQUESTS.labels(route, method, response.status_code).inc()
            counters.SECONDS.labels(route).observe(seconds)
            access.info(
                "%s %s %s",
                method,
                route,
                response.status_code,
                extra={"method": method, "status": response.status_code, "ms": _ms(seconds)},
            )
        response.headers["X-Request-ID"] = request_id
        return response


def _ms(seconds: float) -> float:
    """The seconds in milliseconds, rounded to one decimal."""
    return round(seconds * 1000, 1)
