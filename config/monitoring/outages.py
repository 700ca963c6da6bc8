"""Answers when PostgreSQL or Redis is away, the disk is full, or a merchant's days cannot be worked
off: with a sentence, and no traceback.

Pages and events answer 503, so that the caller may try again; commands end with the sentence.
Attempts to sign in are counted in Redis: while it is away nobody signs in
(merchants.sign_in.guesses), since a count that starts anew at each outage would protect nobody.
"""

import errno
import logging
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import redis
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from kombu.exceptions import OperationalError as BrokerError
from psycopg import errors

from config.local.servers import ServerDidNotStart
from lib import cells
from lib.day_ends import DaysNotWorkedOff

log = logging.getLogger(__name__)

RETRY_SECONDS = 30
DEEPEST = 10  # of errors that led to one another
MACHINES = ("/webhooks/", "/api/")  # who asks there reads no page
NO_ROOM = "No space left on device"
FULL = {errno.ENOSPC, errno.EDQUOT}
# Classes and codes of PostgreSQL's errors that are about a server, and not about a statement: lost
# connections, too little of memory, disk or connections, and a server that starts or stops.
SERVER_STATES = ("08", "53", "57P")
REFUSES_TO_WRITE = ("MISCONF", "OOM", "READONLY", "LOADING")  # how Redis's answers then begin


@dataclass(frozen=True)
class Outage:
    """A kind of outage, and how a request or command that meets it is answered."""

    code: str  # for machines
    template: str  # for people
    sentence: str  # for who started a command; what the error says follows


DATABASE = Outage("database_unavailable", "503_away.html", "The database does not answer")
REDIS = Outage("redis_unavailable", "503_uncounted.html", "Redis does not answer")
DISK = Outage("disk_full", "503_full.html", "The disk is full")
# No server is away, but books are on their way to another cell, for seconds.
MOVES = Outage("merchant_moves", "503_moves.html", "A merchant's books are being moved")
MOVES_SECONDS = 5
# Nor here, but one merchant's books stand still.
DAY_ENDS = Outage(
    "days_not_worked_off", "503_parked.html", "A merchant's days cannot be worked off"
)
FOR_OPERATORS = {DAY_ENDS.template: "admin/503_parked.html"}  # who can see to it


def of(error: BaseException) -> Outage | None:
    """The kind of outage that caused the error, directly or through other errors; None if no outage
    did. The kinds are looked for in this order: books that are moved, a full disk, the database,
    Redis, and days that cannot be worked off.
    """
    chain = list(_chain(error))
    for outage, is_one in (
        *((MOVES, _is_move), (DISK, _is_full_disk), (DATABASE, _is_database), (REDIS, _is_redis)),
        (DAY_ENDS, _is_day_end),
    ):
        if any(map(is_one, chain)):
            return outage
    return None


def sentence(error: BaseException) -> str:
    """One sentence about the outage that caused the error, for the person who started a command; ""
    if no outage did.
    """
    outage = of(error)
    return f"{outage.sentence}: {_line(error)}" if outage else ""


def answer(request: HttpRequest, error: BaseException) -> HttpResponse | None:
    """The 503 for a request whose view raised the error, if an outage caused it, with Retry-After:
    a problem in JSON below the addresses of machines (MACHINES), otherwise a page. The outage is
    logged, too. None if no outage caused the error.
    """
    outage = of(error)
    if outage is None:
        return None
    is_defect = outage is DAY_ENDS  # of ours, or of these books: whoever mends it needs its trace
    level = logging.INFO if outage is MOVES else logging.ERROR
    log.log(level, "%s: %s", outage.sentence, _line(error), exc_info=error if is_defect else None)
    response: HttpResponse
    if request.path_info.startswith(MACHINES):
        problem = {"status": 503, "code": outage.code, "title": f"{outage.sentence}."}
        response = JsonResponse(problem, status=503, content_type="application/problem+json")
    else:
        # Without the request, whose context processors would ask the server that is away.
        template = outage.template
        if request.path_info.startswith("/admin/"):
            template = FOR_OPERATORS.get(template, template)
        response = HttpResponse(render_to_string(template), status=503)
    seconds = MOVES_SECONDS if outage is MOVES else RETRY_SECONDS
    response.headers["Retry-After"] = str(seconds)
    return response


class Outages:
    """Middleware that answers requests whose view met an outage."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """The 503 if an outage caused the view's error; None for other errors."""
        return answer(request, error)


def server_error(request: HttpRequest) -> HttpResponse:
    """Django's handler500: the page for an error that no view handled. It also answers outages that
    no middleware caught with 503, such as in the middleware that reads the session.
    """
    from pages import errors as error_pages  # commands import this module before there are models

    error = sys.exc_info()[1]
    return (answer(request, error) if error else None) or error_pages.failed(request)


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Yield the error and the errors that led to it, at most DEEPEST."""
    following: BaseException | None = error
    for _ in range(DEEPEST):
        if following is None:
            return
        yield following
        following = following.__cause__ or following.__context__


def _is_move(error: BaseException) -> bool:
    """Whether the error says that a merchant's books are being moved to another cell."""
    return isinstance(error, cells.Moves)


def _is_full_disk(error: BaseException) -> bool:
    """Whether the error says that a disk is full."""
    if isinstance(error, OSError):
        return error.errno in FULL
    is_told = isinstance(error, (OperationalError, ServerDidNotStart, redis.ResponseError))
    return isinstance(error, errors.DiskFull) or (is_told and NO_ROOM in str(error))


def _is_database(error: BaseException) -> bool:
    """Whether the error says that the database is away or cannot be used now: that it did not
    answer, or answered by one of SERVER_STATES. False for what it says of a statement, such as that
    it took too long or that transactions waited for each other.
    """
    if isinstance(error, ServerDidNotStart):
        return True
    if not isinstance(error, (OperationalError, InterfaceError)):
        return False
    state = getattr(error.__cause__, "sqlstate", None)  # none: the server could not be asked
    is_stopped = isinstance(error.__cause__, errors.QueryCanceled)  # a matter of patience
    return not is_stopped and (not state or state.startswith(SERVER_STATES))


def _is_redis(error: BaseException) -> bool:
    """Whether the error says that Redis or the broker is away, or refuses to write."""
    if isinstance(error, redis.ResponseError):
        return str(error).startswith(REFUSES_TO_WRITE)
    return isinstance(error, (redis.ConnectionError, redis.TimeoutError, BrokerError))


def _is_day_end(error: BaseException) -> bool:
    """Return whether the error is a DaysNotWorkedOff, which is raised when a merchant's
    days cannot be worked off. The errors that led to it are not looked at: the caller asks
    about each of them.
    """
    return isinstance(error, DaysNotWorkedOff)


def _line(error: BaseException) -> str:
    """The error's message in one line."""
    return " ".join(str(error).split())
