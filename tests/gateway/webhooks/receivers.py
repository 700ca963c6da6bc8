"""A marketplace's server that webhooks are sent to, and that behaves as a test says."""

import json
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, NamedTuple


class Request(NamedTuple):
    """What came in: the path, the headers by their lower-case names, and the body."""

    path: str
    headers: dict[str, str]
    body: str

    @property
    def said(self) -> dict[str, Any]:
        """What the body says, as JSON."""
        said: dict[str, Any] = json.loads(self.body)
        return said

    @property
    def about(self) -> str:
        """Merchant, number and type, such as `rosewood 1 limit.changed`."""
        return f"{self.said['merchant']} {self.said['sequence']} {self.said['type']}"


class Receiver:
    """Answers 204, or as `answers` says in turn, then as `behaviour`.

    An answer is a status, an address to redirect to, bytes that are sent as they are, or "slow" for
    one that trickles until it is given up on.
    """

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        self.requests: list[Request] = []
        self.behaviour: int | str | bytes = 204
        self.answers: list[int | str | bytes] = []
        self.closing = False
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                headers = {name.lower(): value for name, value in self.headers.items()}
                receiver.requests.append(Request(self.path, headers, body))
                answer = receiver.answers.pop(0) if receiver.answers else receiver.behaviour
                receiver._answer(self, answer)

            def do_GET(self) -> None:
                receiver.requests.append(Request(self.path, {}, ""))
                receiver._answer(self, 200)

            def log_message(self, format: str, *args: Any) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        if context is not None:
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.port = self.server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}/hooks"
        Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}).start()

    def _answer(self, handler: BaseHTTPRequestHandler, answer: int | str | bytes) -> None:
        """Answer by a status, by these bytes, or in a way that it is told, such as "slow"."""
        with suppress(OSError):  # whoever asked has given up
            if isinstance(answer, bytes):
                handler.close_connection = True
                handler.wfile.write(answer)
            elif answer == "slow":
                handler.close_connection = True
                handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
                while not self.closing:
                    handler.wfile.write(b"z")
                    time.sleep(0.02)
            elif isinstance(answer, str):
                handler.send_response(307)
                handler.send_header("Location", answer)
                handler.send_header("Content-Length", "0")
                handler.end_headers()
            else:
                text = b"" if answer == 204 else f"status {answer}".encode()
                handler.send_response(answer)
                if text:
                    handler.send_header("Content-Length", str(len(text)))
                handler.end_headers()
                handler.wfile.write(text)

    @property
    def told(self) -> list[str]:
        """What it was told, in the order in which it came."""
        return [request.about for request in self.requests]

    def close(self) -> None:
        """End the server."""
        self.closing = True
        self.server.shutdown()
        self.server.server_close()


@contextmanager
def running(context: ssl.SSLContext | None = None) -> Iterator[Receiver]:
    """A receiver of webhooks, which answers while the block runs."""
    receiver = Receiver(context)
    try:
        yield receiver
    finally:
        receiver.close()
