from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils import translation

STRICT = (
    "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none';"
    " form-action 'self'; frame-ancestors 'none'"
)
# The admin's theme evaluates expressions in attributes and sets styles from scripts (Alpine).
ADMIN = STRICT + "; script-src 'self' 'unsafe-eval'; style-src 'self' 'unsafe-inline'"


class ContentSecurityPolicy:
    """Says what a page may load: only what we serve, and nothing written inline."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        policy = ADMIN if request.path.startswith("/admin/") else STRICT
        response.headers.setdefault("Content-Security-Policy", policy)
        return response


class LanguageOfUser:
    """Speaks the language that the person has chosen, on whatever device they sign in.

    The operators' admin is in English, whatever language they or their browsers prefer.
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
