"""What every answer below /api/ has in common, whichever layer gave it."""

import json
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from gateway.api.problems import CONTENT_TYPE, Problem

API = "/api/"
CODES = {
    400: "bad_request",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    411: "length_required",
    413: "too_large",
    415: "unsupported_media_type",
    500: "internal_error",
    503: "unavailable",
}
SENTENCES = {
    404: "There is nothing at this address.",
    405: "This address does not take this method.",
    500: "That is our fault. It can be sent again: what was done is not done twice.",
    503: "Try again in a while: what was done is not done twice.",
}
KEPT = ("Allow", "Retry-After")


class Answers:
    """Middleware that gives the API's answers their RateLimit headers, and turns what other layers
    refuse (a body of unknown length, an unknown address) into problem details. Those of a
    demonstration say that they are, so that a simulation can tell it from a deployment.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if not request.path_info.startswith(API):
            return response
        if response.status_code >= 400:
            response = _as_problem(request, response)
        usage = getattr(request, "usage", None)
        if usage is not None:
            usage.write(response)
        if settings.TAEL_SANDBOX:
            response.headers["Tael-Demonstration"] = "1"
        return response


def _as_problem(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """The refusal of another layer as problem details, with the same status, what that layer said
    about it, and those of its headers that are KEPT. One that is such a problem already is returned
    as it is.
    """
    content_type = response.headers.get("Content-Type", "")
    code, detail = CODES.get(response.status_code, "refused"), ""
    if content_type.startswith(CONTENT_TYPE):
        said = json.loads(response.content)
        if "request_id" in said:
            return response
        code, detail = said.get("code", code), said.get("detail") or said.get("title", "")
    elif content_type.startswith("text/plain"):
        detail = response.content.decode(errors="replace").strip()
    detail = detail or SENTENCES.get(response.status_code, "The request was refused.")
    headers = {name: response.headers[name] for name in KEPT if name in response.headers}
    return Problem(response.status_code, code, detail, headers=headers).response(request)
