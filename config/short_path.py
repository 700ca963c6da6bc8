"""The way of a request below /api/: past all that only pages need.

Sessions, languages, messages, cookies and forms cost more than the API's own work. What a page's
middleware does for everybody is done here for the API: the host is looked at, and what was away or
took too long is answered with 503. Where the books are in cells, it enters that of the merchant in
the address or body. How the API tells it, `gateway.api.headers` says.
"""

from collections.abc import Callable
from functools import lru_cache

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import ResolverMatch, resolve
from django.utils import translation

from config import bounds
from config.cells.pages import streamed_inside
from config.monitoring import outages
from gateway.api.access import reaches
from gateway.api.headers import API
from gateway.api.json_bodies import peeked
from lib import cells
from lib.texts import has_control
from merchants import directory

ENGLISH = "en"  # which the API speaks, whatever language browsers prefer


_resolved = lru_cache(maxsize=1000)(resolve)  # most requests are for a few addresses


class ShortPath:
    """Middleware that calls the API's views at once, without the middleware that stands behind it.
    Other requests go on. It answers the API's requests in English, and with 503 if an outage or a
    statement that took too long stopped the view.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if not request.path_info.startswith(API):
            return self.get_response(request)
        request.get_host()  # raises DisallowedHost
        translation.activate(ENGLISH)
        match = request.resolver_match = _resolved(request.path_info)
        try:
            answer = self._inside(request, match)
        except Exception as error:
            told = outages.answer(request, error) or bounds.took_too_long(request, error)
            if told is None:
                raise
            return told
        return answer

    def _inside(self, request: HttpRequest, match: ResolverMatch) -> HttpResponseBase:
        """The answer of the API's view, made inside the cell of the merchant that the request is
        about. Raises what the view raises, and cells.Moves if books of that merchant are being
        moved, to keys that reach it: others are answered as if there were no such merchant.
        """
        reference = _merchant(request, match)
        try:
            with directory.of(reference):
                return streamed_inside(match.func(request, *match.args, **match.kwargs))
        except cells.Moves:
            if not reference or reaches(request, reference):
                raise
        answer: HttpResponseBase = match.func(request, *match.args, **match.kwargs)
        return answer


def _merchant(request: HttpRequest, match: ResolverMatch) -> str:
    """The reference of the merchant that the request's address names, or else its body; "" for
    neither, for what can be no reference, and in an installation without cells, where nobody wants
    to know.
    """
    if not cells.are_on():
        return ""
    said = match.kwargs.get("merchant") or (peeked(request) or {}).get("merchant")
    return said if isinstance(said, str) and not has_control(said) else ""
