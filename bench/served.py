"""An application on gunicorn, as it is served, and clients on connections that stay open."""

import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from django.db import connection

from bench import least_orders

STARTS_WITHIN = 60  # seconds
KEPT_FOR = 200  # requests
OURS, LEAST = "config.wsgi", "bench.least_orders"


class Server(NamedTuple):
    """gunicorn's port, and the process that its workers are children of."""

    port: int
    pid: int

    def memory(self) -> list[int]:
        """The resident memory of each worker, in bytes. Linux only."""
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()
        return [_resident(int(child)) for child in children]


def _resident(pid: int) -> int:
    """The resident memory of the process with this number, in bytes. Linux only."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


class Connection:
    """Asks with a key, over a connection of its own that stays open for some hundred requests.

    A connection belongs to the process that accepted it. If none ended, it would be chance whether
    both processes have as much to do.
    """

    def __init__(self, server: Server, key: str) -> None:
        self._asked = count(1)
        self._to_server = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
        self._headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}

    def ask(self, method: str, path: str, body: bytes | None = None) -> tuple[int, bytes]:
        """Send a request with the key and this JSON body. Returns the HTTP status and the body of
        the answer.
        """
        if next(self._asked) % KEPT_FOR == 0:
            self._to_server.close()  # `request` opens another
        self._to_server.request(method, path, body, self._headers)
        answer = self._to_server.getresponse()
        return answer.status, answer.read()


@contextmanager
def serving(
    application: str, *, silently: bool = False, workers: int = 2, threads: int = 4
) -> Iterator[Server]:
    """Run gunicorn with this application, given as module:name, on a free port while the block
    runs, in so many processes of so many threads, on this process's database. `silently` discards
    what it logs, where refusals are meant. Raises RuntimeError if it does not start.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = database_url()
    environment = os.environ | {
        "DATABASE_URL": url,
        "TAEL_SANDBOX": "1",
        least_orders.DATABASE: url,
    }
    command = [sys.executable, "-m", "gunicorn", application, "--bind", f"127.0.0.1:{port}"]
    shape = ["--workers", str(workers), "--threads", str(threads)]
    options = [*shape, "--keep-alive", "60", "--log-level", "error"]
    server = subprocess.Popen(
        [*command, *options],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL if silently else None,
    )
    try:
        _wait_for(port, server)
        yield Server(port, server.pid)
    finally:
        server.terminate()
        server.wait()


def _wait_for(port: int, server: "subprocess.Popen[bytes]") -> None:
    """Wait until the server takes connections at this port. Raises RuntimeError if it ends, or does
    not within STARTS_WITHIN.
    """
    ends = time.monotonic() + STARTS_WITHIN
    while time.monotonic() < ends and server.poll() is None:
        with socket.socket() as attempt:
            if attempt.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise RuntimeError("gunicorn did not start")


def database_url() -> str:
    """The URL of the database that this process is connected to, with the password, so that other
    processes can connect to it.
    """
    known = connection.settings_dict
    host, name = quote(str(known["HOST"]), safe=""), quote(str(known["NAME"]), safe="")
    port = f":{known['PORT']}" if known["PORT"] else ""
    password = f":{quote(str(known['PASSWORD']), safe='')}" if known.get("PASSWORD") else ""
    return f"postgresql://{quote(str(known['USER']))}{password}@{host}{port}/{name}"
