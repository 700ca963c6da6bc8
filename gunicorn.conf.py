"""How gunicorn serves Tael, wherever it is started in this folder; the command line goes before.

Threads read a request's body as it comes, so each client that sends half a body would keep one for
as long as it likes. In front stands nginx (deploy/nginx.conf), which hands a request on when all of
it has come. What is said here of time is for servers without one, such as `manage.py up`: there a
thread comes back after a while.
"""

import contextlib
import os
import socket
import struct
import sys
import time
from typing import Any

# Threads of one process queue for one interpreter: pages come from processes, one for each core and
# one more while others wait for the database. A second thread is for what takes long to send.
worker_class = "gthread"
workers = min((os.cpu_count() or 1) + 1, 9)
threads = 2
timeout = 120  # without a sign of life from a worker's main thread, it is replaced
graceful_timeout = 30
keepalive = 5
backlog = 512
worker_connections = 500

# No page of ours asks for more.
limit_request_line = 4094
limit_request_fields = 60
limit_request_field_size = 8190

# Which of a proxy's headers stand in for the environment: none. (The default is the path's two,
# which would let a client choose the folder that all links begin with.)
forwarder_headers = ""

SILENCE_SECONDS = 10  # in the middle of a request
BODY_SECONDS = 30  # for all of it


class _Punctual:
    """A connection whose bytes have to be there by an instant."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self.until = time.monotonic() + BODY_SECONDS

    def __getattr__(self, name: str) -> Any:
        return getattr(self.connection, name)

    def recv(self, size: int) -> bytes:
        if time.monotonic() > self.until:
            raise TimeoutError("the request took too long to arrive")
        return self.connection.recv(size)


def on_starting(server: Any) -> None:
    """Ends here, with a sentence, where settings or books refuse; workers would say it at length.

    A child finds out. Here nothing of Tael is loaded, so that workers which are started anew on
    SIGHUP have the code of that time.
    """
    child = os.fork()
    if child == 0:
        sys.exit(_refusal())
    if os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]):
        sys.exit(1)


def _refusal() -> str | None:
    """The sentence that says why Tael does not start, because of its settings or of books that are
    another installation's; None if it may. A database that is away is no reason.
    """
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    import django
    from django.core.exceptions import ImproperlyConfigured
    from django.db import DatabaseError

    from config import installation
    from config.local.servers import ServerDidNotStart

    try:
        django.setup()
        installation.refuse_other_books()
    except (ImproperlyConfigured, ServerDidNotStart) as refusal:
        return str(refusal)
    except DatabaseError:
        pass  # it may come back while we run: workers say that it is away
    return None


def when_ready(server: Any) -> None:
    """Connections inherit from the listening socket for how long they wait for a byte."""
    for listener in server.LISTENERS:
        seconds = struct.pack("ll", SILENCE_SECONDS, 0)
        with contextlib.suppress(OSError):  # of a kind of socket that has no such thing
            listener.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, seconds)


def pre_request(worker: Any, request: Any) -> None:
    """Begin to count the time (BODY_SECONDS) by which the body has to be read: a request's head is
    there, and its body comes from here on.
    """
    unreader = request.unreader
    if isinstance(getattr(unreader, "sock", None), _Punctual):
        unreader.sock = unreader.sock.connection
    if hasattr(unreader, "sock"):
        unreader.sock = _Punctual(unreader.sock)
