"""A relay between a client and a server that can be cut, as if the server's machine had gone, or
hang, as if a network between them passed nothing on.
"""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress


class Relay:
    """Passes on what comes to its port of 127.0.0.1 to a server, until it is cut, and again once
    it is mended.
    """

    def __init__(self, host: str, port: int) -> None:
        self._server = (host, port)
        self._open: list[socket.socket] = []
        self._flows = threading.Event()
        self._flows.set()
        self._door = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._door.getsockname()[1]
        self._lets_in()

    def cut(self) -> None:
        """Close all connections, and take no further one."""
        # A thread that waits at the door would let one more in.
        with suppress(OSError):
            self._door.shutdown(socket.SHUT_RDWR)
        self._door.close()
        for one in self._open:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
        self._open.clear()

    def mend(self) -> None:
        """Take connections again, at the same port."""
        self._door = socket.create_server(("127.0.0.1", self.port))
        self._lets_in()

    def hang(self) -> None:
        """Pass nothing on, on whichever connection, also on new ones, until `go_on`."""
        self._flows.clear()

    def go_on(self) -> None:
        """Pass on what has come meanwhile, and what comes."""
        self._flows.set()

    def _lets_in(self) -> None:
        """Take connections on a thread of its own."""
        threading.Thread(target=self._accept, args=(self._door,), daemon=True).start()

    def _accept(self, door: socket.socket) -> None:
        """Connect each client with the server, until the door is closed."""
        with suppress(OSError):
            while True:
                client, _ = door.accept()
                server = socket.create_connection(self._server)
                self._open += [client, server]
                for one, other in ((client, server), (server, client)):
                    threading.Thread(target=self._pass_on, args=(one, other), daemon=True).start()

    def _pass_on(self, one: socket.socket, other: socket.socket) -> None:
        """Pass on what comes from one end to the other, and close both when it ends."""
        with suppress(OSError):
            while data := one.recv(65536):
                self._flows.wait()
                other.sendall(data)
        for end in (one, other):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


@contextmanager
def relayed(host: str, port: int) -> Iterator[Relay]:
    """A relay to this server, which is cut at the end of the block."""
    relay = Relay(host, port)
    try:
        yield relay
    finally:
        relay.cut()
