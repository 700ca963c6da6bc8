"""The API itself: its routes, how it refuses, and how it describes itself."""

from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.http import Http404, HttpRequest, HttpResponse
from ninja import Swagger
from ninja.errors import AuthenticationError, HttpError, ValidationError

from gateway.api import (
    charges,
    description,
    documents,
    events,
    merchants,
    orders,
    reading,
    reading_billing,
    reading_invoices,
)
from gateway.api.json_bodies import TOO_LARGE, StrictParser
from gateway.api.problems import Problem, pointer
from lib.clock import ClockAhead
from lib.refusals import Refused

api = description.Described(
    title="Tael",
    version="1",
    description=description.INTRODUCTION,
    urls_namespace="api",
    parser=StrictParser(),
    docs=Swagger(settings={"validatorUrl": None}),  # which is somebody else's server
)
ROUTERS = (
    events.router,
    orders.router,
    charges.router,
    merchants.router,
    reading.router,
    reading_billing.router,
    documents.router,  # before the invoice itself, whose number would take their endings along
    reading_invoices.router,
)
for router in ROUTERS:
    api.add_router("", router)


@api.exception_handler(Problem)
def _problem(request: HttpRequest, problem: Problem) -> HttpResponse:
    """The answer to a Problem that a route raised: the problem itself."""
    return problem.response(request)


@api.exception_handler(Refused)
def _refused(request: HttpRequest, refusal: Refused) -> HttpResponse:
    """The answer to an operation's refusal: the problem that it is."""
    return Problem.of(refusal).response(request)


@api.exception_handler(AuthenticationError)
def _unauthenticated(request: HttpRequest, error: AuthenticationError) -> HttpResponse:
    """The answer to a request without a valid key: 401."""
    detail = "A key is missing, or this one is unknown, expired or revoked."
    challenge = {"WWW-Authenticate": 'Bearer realm="tael"'}
    return Problem(401, "unauthenticated", detail, headers=challenge).response(request)


@api.exception_handler(ValidationError)
def _invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
    """The answer to a request whose body or parameters are invalid: 422. Its `errors` are the
    faults of the body, and its sentence is about the first fault, be it of the body or of a
    parameter.
    """
    faults = [_fault(one) for one in error.errors]
    where, says = faults[0]
    detail = f"{where.replace('/', '.').strip('.') or 'The request'}: {says}"
    in_body = [fault for one, fault in zip(error.errors, faults, strict=True) if _is_of_body(one)]
    return Problem(422, "invalid", detail, in_body).response(request)


@api.exception_handler(HttpError)
def _http_error(request: HttpRequest, error: HttpError) -> HttpResponse:
    """The answer to an error of django-ninja: the parser's Problem if one caused it, and otherwise
    its status as `bad_request`. Any other cause is raised.
    """
    cause = error.__cause__
    if isinstance(cause, Problem):  # of the parser, whose errors ninja takes for its own
        return cause.response(request)
    if cause is not None:
        raise cause
    return Problem(error.status_code, "bad_request", str(error)).response(request)


@api.exception_handler(Http404)
def _nothing(request: HttpRequest, error: Http404) -> HttpResponse:
    """The answer to an Http404: 404."""
    return Problem(404, "not_found", str(error) or "There is no such thing.").response(request)


@api.exception_handler(RequestDataTooBig)
def _too_large(request: HttpRequest, error: RequestDataTooBig) -> HttpResponse:
    """The answer to a body that is too large: 413."""
    return Problem(413, "too_large", TOO_LARGE).response(request)


@api.exception_handler(ClockAhead)
def _clock_ahead(request: HttpRequest, error: ClockAhead) -> HttpResponse:
    """The answer while the server's clock is ahead: 503, to be tried again."""
    return Problem(503, error.code, str(error), headers={"Retry-After": "30"}).response(request)


@api.exception_handler(Exception)
def _ours(request: HttpRequest, error: Exception) -> HttpResponse:
    """Raise the error again: it is no refusal but an outage or a defect, which the middleware
    answers.
    """
    raise error  # the middleware knows an outage, and whoever watches hears of a defect


def _is_of_body(error: dict[str, Any]) -> bool:
    """Whether the fault is in the body, and not in a parameter."""
    return bool(error["loc"]) and error["loc"][0] == "body"


def _fault(error: dict[str, Any]) -> tuple[str, str]:
    """The JSON pointer to the member that is at fault, and what is wrong with it. Parameters stand
    under their names.
    """
    _source, *names = error["loc"]
    if _is_of_body(error):
        names = names[1:]  # what the route calls its body
    if error["type"] == "extra_forbidden":
        return pointer(names), "there is no such member"
    return pointer(names), str(error["msg"]).removeprefix("Value error, ")
