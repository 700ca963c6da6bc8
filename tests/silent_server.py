"""A server that accepts whoever comes, and never answers."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress


class Silent:
    """Listens on a loopback port; what it was asked stays without an answer until it is closed.

    The kernel takes the connections: whoever has one was accepted, however busy the machine is.
    """

    def __init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.listener.setblocking(False)
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        self._accepted: list[socket.socket] = []

    @property
    def accepted(self) -> list[socket.socket]:
        """The connections of all who have come by now."""
        with suppress(BlockingIOError):
            while True:
                self._accepted.append(self.listener.accept()[0])
        return self._accepted

    def close(self) -> None:
        """Close the server and its connections."""
        for connection in self.accepted:
            connection.close()
        self.listener.close()


@contextmanager
def silent() -> Iterator[Silent]:
    """A context with a server that takes connections and never answers."""
    server = Silent()
    try:
        yield server
    finally:
        server.close()
