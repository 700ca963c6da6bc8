"""manage.py metrics [--address ADDRESS] [--port PORT]"""

import signal
import threading
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError
from prometheus_client import start_http_server

from config.monitoring import metrics
from lib.commands import BooksCommand


class Command(BooksCommand):
    help = (
        "Serves Prometheus's metrics of all Tael processes of this machine. For scrapers on an"
        " internal address: whoever reaches it can read them."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--address", default="127.0.0.1", help="default: 127.0.0.1")
        parser.add_argument("--port", type=int, default=9464, help="default: 9464")

    def handle(self, *, address: str, port: int, **_: Any) -> None:
        """Serve the metrics by HTTP at this address and port until a signal tells to end. Raises
        CommandError if the address cannot be used.
        """
        try:
            server, thread = start_http_server(port, address, metrics.registry())
        except OSError as error:
            raise CommandError(f"{address}:{port} cannot be used: {error.strerror}") from error
        self.stdout.write(f"Metrics are at http://{address}:{server.server_port}/metrics")
        told = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda *_: told.set())
        told.wait()
        server.shutdown()
        thread.join()
