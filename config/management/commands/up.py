"""manage.py up [--port PORT] [--no-demo] [--simulate]"""

import os
import signal
import socket
import sys
import threading
from argparse import ArgumentParser
from collections.abc import Mapping
from typing import Any

import redis
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.db import OperationalError, connection
from kombu.exceptions import OperationalError as OperationalBrokerError

from config import redis_servers
from config.local import embedded, servers
from config.local.demo.people import LOGINS
from config.local.programs import Program
from config.monitoring import health, metrics
from lib import cells

HOST = "127.0.0.1"
WEB = "-m gunicorn config.wsgi --graceful-timeout 5 --no-control-socket"
# In a container root runs all of it; the warning is for deployments.
CELERY = (
    '-W "ignore:You\'re running the worker with superuser"'
    " -m celery --quiet -A config worker --loglevel INFO --without-mingle --without-gossip"
)
WORKER = f"{CELERY} --concurrency 2 --queues celery,timetable"
# Those that ask providers, which may accept and never answer: nobody else waits for them.
PROVIDER_WORKER = f"{CELERY} --concurrency 2 --queues providers --hostname providers@%h"
BEAT = "-m celery --quiet -A config beat --loglevel INFO"
LOOK_SECONDS = 1  # between two looks at what runs


class Command(BaseCommand):
    help = "Runs all of Tael on this machine, with demo shops, until Ctrl-C. What it wrote stays."
    said = ""  # last, of servers that did not start again

    def add_arguments(self, parser: ArgumentParser) -> None:
        port = os.environ.get("PORT") or "8000"
        parser.add_argument("--port", default=port, help="default: PORT of the environment, 8000")
        parser.add_argument("--no-demo", action="store_true", help="leave an empty database empty")
        simulates = "beside it, play a marketplace that uses the API (manage.py simulate)"
        parser.add_argument("--simulate", action="store_true", help=simulates)
        if cells.are_on():
            spread = "into how many cells an empty database's books go"
            parser.add_argument("--cells", type=int, default=cells.FIRST, help=spread)

    def handle(self, *, port: str, no_demo: bool, simulate: bool, **options: Any) -> None:
        """Migrate the database, load the demonstration into an empty one unless --no-demo, print
        the address and logins, and run the server's programs until a signal tells to end. Ends the
        process with a sentence if Tael cannot start.
        """
        # What makes it impossible comes first, before anything is written.
        try:
            address = _free_address(port)
            _reach_redis()
            _reach_database()
            self._prepare(demo=not no_demo, most=options.get("cells", cells.FIRST))
        except CannotStart as refusal:
            sys.exit(str(refusal))
        except KeyboardInterrupt:
            sys.exit("Stopped before it was ready.")
        self._announce(address)
        connection.close()
        self._run_until_told_to_end(_programs(address, simulate=simulate))

    def _prepare(self, *, demo: bool, most: int) -> None:
        """Delete what earlier starts counted for the metrics, migrate the database and, with
        `demo`, load the demonstration into an empty one, or go on with a load that was cut short.
        Where the books are in cells, cells are added until there are `most` of them. Raises
        CannotStart if the database has cells and this has not.
        """
        metrics.empty_folder()
        there = len(cells.there())
        if there and not cells.are_on():
            raise CannotStart("These books are in cells: start it with CELLS=1, or more.")
        call_command("migrate", verbosity=0, interactive=False)
        if cells.are_on() and not there:
            call_command("cells", "begin", stdout=self.stdout)
        for _ in range(max(there, 1), most if cells.are_on() else 1):
            call_command("cells", "add", stdout=self.stdout)
        if demo:
            call_command("demo", if_empty=True)

    def _announce(self, address: str) -> None:
        """Print Tael's address, and the e-mail addresses and passwords of the demonstration's
        people who exist.
        """
        self.stdout.write(f"\nTael is at http://{address}/ (Ctrl-C ends it; the data stays).")
        known = get_user_model().objects.filter(email__in=[login.email for login in LOGINS])
        emails = set(known.values_list("email", flat=True))
        for login in LOGINS:
            if login.email in emails:
                self.stdout.write(f"  {login.email:<24} {login.password}  {login.what}")
        self.stdout.write("")

    def _run_until_told_to_end(self, listed: Mapping[str, str]) -> None:
        """Run these programs, and start them and Tael's own servers again when they end by
        themselves, until a signal tells to end. Exits if a program cannot run.
        """
        told = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda *_: told.set())
        programs = [Program(name, command) for name, command in listed.items()]
        broken = None
        while not broken and not told.wait(LOOK_SECONDS):
            self._look_after_servers()
            for program in programs:
                if said := program.restart_if_ended():
                    self.stderr.write(said)
            broken = next((program.name for program in programs if program.cannot_run), None)
        for program in programs:
            program.end()
        for program in programs:
            program.wait()
        if broken:
            sys.exit(f"The {broken} ended by itself again and again, so the others were ended too.")

    def _look_after_servers(self) -> None:
        """Start Tael's own PostgreSQL and Redis again if they have died. If they do not start,
        print the reason once.
        """
        try:
            embedded.revive_dead()
        except (servers.ServerDidNotStart, OSError) as error:
            said = f"Tael's own PostgreSQL and Redis did not start again: {error}"
            if said != self.said:
                self.stderr.write(said)
            self.said = said
        else:
            self.said = ""


def _programs(address: str, *, simulate: bool) -> dict[str, str]:
    """The command line of each program to run, by the program's name in sentences: web server, two
    workers, timetable and, with `simulate`, the simulation. `address` is host:port of the web
    server.
    """
    programs = {
        "web server": f"{WEB} --bind {address}",
        "worker": WORKER,
        "provider worker": PROVIDER_WORKER,
        "timetable": BEAT,
    }
    if simulate:
        programs["simulation"] = f"manage.py simulate --url http://{address}"
    return programs


class CannotStart(Exception):
    """Tael cannot start here; the message is one sentence for the person who tried."""


def _free_address(port: str) -> str:
    """The text host:port for this port of this machine. Raises CannotStart if the port is no number
    or cannot be used.
    """
    if not port.isdecimal() or not 0 < int(port) < 65536:
        raise CannotStart(f"PORT must be a number from 1 to 65535, not {port!r}.")
    with socket.socket() as probe:
        # As gunicorn does: connections of a server that just ended do not make the port taken.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, int(port)))
        except OSError as error:
            reason = f"Port {port} cannot be used ({error.strerror})"
            raise CannotStart(
                f"{reason}: free it, or name another one, as in `PORT=8001 make run`."
            ) from error
    return f"{HOST}:{port}"


def _reach_database() -> None:
    """Connect to the database, starting the embedded one if there is no other. Raises
    CannotStart.
    """
    try:
        connection.ensure_connection()
    except servers.ServerDidNotStart as error:
        raise CannotStart(f"Tael's own PostgreSQL and Redis did not start: {error}") from error
    except OperationalError as error:
        reason = " ".join(str(error).split())
        raise CannotStart(f"The database of DATABASE_URL cannot be reached: {reason}") from error


def _reach_redis() -> None:
    """Check that cache and broker answer, wherever REDIS_URL, TAEL_CACHE_URL and TAEL_BROKER_URL
    say that they are; does nothing if Tael runs its own Redis. Raises CannotStart.
    """
    if embedded.runs_redis():
        return
    # The cache first: to look at the broker starts the embedded database.
    for what, name in (("cache", redis_servers.CACHE[0]), ("broker", redis_servers.BROKER[0])):
        said = name if os.environ.get(name) else "REDIS_URL"
        try:
            health.WEB[what]()
        except (redis.RedisError, OperationalBrokerError) as error:
            raise CannotStart(f"The Redis of {said} cannot be reached: {error}") from error
