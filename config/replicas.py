"""Reading pages from a replica of the database, where one is set (TAEL_REPLICA_URL).

For the time of a page the connection behind Django's default alias is exchanged for one to the
replica, since queries of many modules take a plain cursor. Who is signed in is read from the
primary before that.

A person reads what that person has written: a session keeps how far the primary's log had come when
its last form was answered, and a replica that has not replayed as much is not asked. Nor is one
that is behind by more than BEHIND_SECONDS, that was promoted, or that is away. A page that then
turns out to write, or whose replica goes away in the middle, is made once more by the primary.
"""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from asgiref.local import Local
from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.core.exceptions import MiddlewareNotUsed
from django.db import DEFAULT_DB_ALIAS, DatabaseError, InterfaceError, connection, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.utils import load_backend
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase

log = logging.getLogger(__name__)

WRITTEN = "written_up_to"  # in a session
START = "0/0"
READS = ("GET", "HEAD")
FAILED = "replica_failed"  # an attribute of a request
NOT_HERE = "/accounts/"  # where a page may sign somebody in
BEHIND_SECONDS = 5.0
SAMPLED_SECONDS = 1.0
SECONDS_WITHOUT = 10.0  # for which a replica is not asked after it did not answer
UP_TO_DATE = "SELECT pg_is_in_recovery() AND pg_last_wal_replay_lsn() >= %s::pg_lsn"
WRITTEN_UP_TO = "SELECT pg_current_wal_insert_lsn()::text"

_own = Local()  # each thread's connection to the replica
_pools: dict[str, Any] = {}  # psycopg's, where connections are in one


class ReadsFromReplica:
    """Middleware that has pages of people who are signed in read from the replica, if that has
    replayed what their session wrote. It stands right above the views, so that what other
    middleware reads and writes is the primary's. A request that may write goes to the primary, and
    the session notes how far the log had come after it.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        if settings.TAEL_REPLICA is None:
            raise MiddlewareNotUsed
        self.get_response = get_response
        self.primary = Sampled()
        self.asked_again_at = 0.0  # of the monotonic clock

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if SESSION_KEY not in request.session:  # nobody is signed in
            return self.get_response(request)
        if request.method not in READS:
            response = self.get_response(request)
            if SESSION_KEY in request.session:  # nor was signed out by this
                request.session[WRITTEN] = _written_up_to()
            return response
        if request.path_info.startswith(NOT_HERE) or not self._is_up_to_date(request):
            return self.get_response(request)
        return self._read(request)

    def _is_up_to_date(self, request: HttpRequest) -> bool:
        """Ask the replica whether it is one still, and has replayed what this session wrote and
        what anybody had written by `Sampled.seen`. False also if it does not answer, which is
        logged; then it is not asked for SECONDS_WITHOUT.
        """
        if time.monotonic() < self.asked_again_at:
            return False
        written = max(request.session.get(WRITTEN, START), self.primary.seen(), key=_place)
        try:
            with _replica().cursor() as cursor:
                cursor.execute(UP_TO_DATE, [written])
                return bool(cursor.fetchone()[0])
        except (DatabaseError, InterfaceError) as error:
            self._go_without(error)
            return False

    def _read(self, request: HttpRequest) -> HttpResponseBase:
        """The response made by reading from the replica or, if that failed, made anew from the
        primary. If the replica failed otherwise than by refusing to write, it is left alone for a
        while.
        """
        with from_replica():
            response = self.get_response(request)
        failed: Exception | None = getattr(request, FAILED, None)
        if failed is not None:
            delattr(request, FAILED)
            if not _writes(failed):
                self._go_without(failed)
            return self.get_response(request)
        if isinstance(response, StreamingHttpResponse):  # it is read while it is sent
            response.streaming_content = _streamed(iter(response))
        return response

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Keep an error of the replica for `_read`, which has the primary make the page, and return
        an answer that nobody gets. None for other errors, and while the primary is read.
        """
        if not is_reading() or not isinstance(error, (DatabaseError, InterfaceError)):
            return None
        setattr(request, FAILED, error)
        return HttpResponse(status=503)  # which nobody gets

    def _go_without(self, error: Exception) -> None:
        """Read from the primary for SECONDS_WITHOUT, and log the error as a warning."""
        self.asked_again_at = time.monotonic() + SECONDS_WITHOUT
        log.warning("Pages are read from the primary: %s", " ".join(str(error).split()))


class Sampled:
    """How far the primary's log had come, looked at when somebody asks, at most once a second."""

    def __init__(self) -> None:
        self.samples: deque[tuple[float, str]] = deque()
        self.guard = threading.Lock()

    def seen(self) -> str:
        """How far the log had come, as PostgreSQL writes it, when it was first looked at within the
        latest BEHIND_SECONDS: never longer ago. It asks the primary at most once in
        SAMPLED_SECONDS, and only when it is called: after BEHIND_SECONDS without calls the result
        is how far the log has come by now.
        """
        now = time.monotonic()
        with self.guard:
            if not self.samples or now - self.samples[-1][0] >= SAMPLED_SECONDS:
                self.samples.append((now, _written_up_to()))
            # Never the last one, which is no older than SAMPLED_SECONDS.
            while now - self.samples[0][0] > BEHIND_SECONDS:
                self.samples.popleft()
            return self.samples[0][1]


@contextmanager
def from_replica() -> Iterator[None]:
    """Have the replica answer this thread's queries of the default alias while the block runs."""
    primary, replica = connections[DEFAULT_DB_ALIAS], _replica()
    connections[DEFAULT_DB_ALIAS] = replica
    _own.is_reading = True
    try:
        yield
    finally:
        connections[DEFAULT_DB_ALIAS] = primary
        _own.is_reading = False
        replica.close_if_unusable_or_obsolete()  # as Django does with its own after a request


def is_reading() -> bool:
    """Whether the replica answers this thread's queries."""
    return bool(getattr(_own, "is_reading", False))


def _streamed(content: Iterator[bytes]) -> Iterator[bytes]:
    """Yield what a response has to send, reading it from the replica."""
    with from_replica():
        yield from content


def _replica() -> BaseDatabaseWrapper:
    """This thread's connection to the replica, which takes Django's default alias for its own. It
    is made anew if the thread has none, or if a download left its transaction open.
    """
    found: BaseDatabaseWrapper | None = getattr(_own, "connection", None)
    if found is None or found.in_atomic_block:  # a download left it so that nobody read
        of_primary = connections[DEFAULT_DB_ALIAS].settings_dict
        given = {**of_primary, **(settings.TAEL_REPLICA or {})}
        found = load_backend(given["ENGINE"]).DatabaseWrapper(given, DEFAULT_DB_ALIAS)
        vars(found)["_connection_pools"] = _pools  # Django's own has a pool for each alias
        _own.connection = found
    return found


def _written_up_to() -> str:
    """Ask the database, which has to be the primary, how far its log has come, as
    PostgreSQL writes it, such as 0/16B3748. A replica refuses to say it, with a
    DatabaseError.
    """
    with connection.cursor() as cursor:
        cursor.execute(WRITTEN_UP_TO)
        found: str = cursor.fetchone()[0]
    return found


def _place(written: str) -> int:
    """The place in the log as a number that can be compared. `written` has its two halves in
    hexadecimal, such as 0/16B3748.
    """
    high, _, low = written.partition("/")
    return (int(high, 16) << 32) + int(low, 16)


def _writes(error: Exception) -> bool:
    """Whether the error says that the page tried to write, which a replica refuses."""
    return getattr(error.__cause__, "sqlstate", None) == "25006"  # read_only_sql_transaction
