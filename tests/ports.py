"""Ports of this machine that nobody listens on, for servers that are told theirs."""

import os
import random
import socket
from itertools import count

# The kernel gives connections and listeners that want any port those from 32768 on. One that was
# found free up there may be somebody's by the time that its server has started.
FIRST, OF_EACH_WORKER = 20_000, 1000

_asked = count(random.randrange(OF_EACH_WORKER))


def free_port() -> int:
    """A port that nobody listens on; another one each time, and never another worker's."""
    first = FIRST + OF_EACH_WORKER * int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:])
    for _ in range(OF_EACH_WORKER):
        port = first + next(_asked) % OF_EACH_WORKER
        try:
            socket.create_server(("127.0.0.1", port)).close()
        except OSError:
            continue
        return port
    raise AssertionError("All ports are taken.")


def listens(port: int) -> bool:
    """Whether somebody on this machine takes connections there."""
    try:
        socket.create_connection(("127.0.0.1", port)).close()
    except ConnectionRefusedError:
        return False
    return True
