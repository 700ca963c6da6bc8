"""Measures downloading a statement of many rows as CSV, compared with COPY of the same rows."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from http.client import HTTPConnection
from importlib import import_module
from urllib.parse import quote

import psutil
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.db import connection
from django.urls import reverse

from bench import pace, seeds
from bench.figures import Figure, measure, more_is_better
from bench.shops import join
from bench.sized import Sized
from billing.models import Statement
from billing.operations import days
from config.local import datafolder
from lib import calendar
from merchants.models import Membership, Merchant, User

ROWS = Sized(usual=100_000, full=5_000_000, tiny=1_000)
ROUNDS = 5
BLOCK = 64 * 1024
LAST_DAY = date(2027, 1, 31)
MEGABYTE = 1024 * 1024
MOST_GROWTH = 64  # MB
LONGEST_WAIT = 1.0  # seconds

FLOOR = """
COPY (
    SELECT to_char(statement.month, 'YYYY-MM'), merchant.name, charge.reference,
           initcap(fee.category), fee.name, charge.request, charge.description,
           trim_scale(charge.quantity), charge.amount::numeric(24, 2), charge.currency,
           charge.service_on, to_char(charge.at, 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
           to_char(charge.arrived_at, 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
           CASE WHEN charge.is_late THEN 'yes' ELSE 'no' END, invoice.number
    FROM billing_statement statement
    JOIN merchants_merchant merchant ON merchant.id = statement.account_id
    JOIN billing_charge charge ON charge.statement_id = statement.id
    JOIN billing_fee fee ON fee.code = charge.fee_id
    JOIN billing_invoiceitem item ON item.id = charge.item_id
    LEFT JOIN billing_invoice invoice ON invoice.id = item.invoice_id
    WHERE statement.id = %s
    ORDER BY charge.at, charge.id
) TO STDOUT WITH (FORMAT csv)
"""


def run() -> Iterator[tuple[str, str] | Figure]:
    """Measure how long downloading a statement of many rows as CSV takes, against COPY of the
    rows, when its first byte comes, and by how much the server's memory grows.

    Yields the report's lines, each (what was measured, result), and figures.
    """
    big, small = (
        closed_statement(join(f"export-{name}"), LAST_DAY, rows)
        for name, rows in (("big", ROWS()), ("small", 1000))
    )
    with _server() as server:
        server.fetch(small)  # what a first request loads is not what an export needs
        server.watch()
        rates, waits = [], []
        for _ in pace.rounds(ROUNDS):
            floor = _copy(big)
            seconds, wait = server.fetch(big)
            rates.append((ROWS() / seconds, ROWS() / floor))
            waits.append(wait)
            yield f"{ROWS():,} rows as CSV, seconds", f"{seconds:.2f} (COPY {floor:.2f})"
        growth = server.growth
    sent = f"GET of {ROWS():,} rows"
    yield more_is_better(
        "rows of a CSV by HTTP", rates, floor="COPY of the rows", sent=sent, at_least=0.5
    )
    yield measure(
        "by that the server's memory grew", [growth], unit="MB", sent=sent, at_most=MOST_GROWTH
    )
    yield measure(
        "its first byte, the latest", [max(waits)], unit="s", sent=sent, at_most=LONGEST_WAIT
    )


def closed_statement(account: int, last_day: date, rows: int | None = None) -> Statement:
    """The statement of this merchant for the month that ends on this day, closed. With `rows`, so
    many charges are written first.
    """
    if rows is not None:
        seeds.fill_month([account], last_day=last_day, charges=rows)
    days.work_off([account], now=calendar.day_end(last_day, "UTC"))
    return Statement.objects.get(account=account, closed_at__isnull=False)


def _copy(statement: Statement) -> float:
    """How many seconds it takes to read the rows of the statement's charges by COPY."""
    started = time.perf_counter()
    with connection.cursor() as cursor, cursor.copy(FLOOR, [statement.pk]) as copy:
        rows = sum(1 for _ in copy)
    assert rows == ROWS(), rows
    return time.perf_counter() - started


class _Server:
    """A web server on the scratch database, with a session of a user who may export."""

    def __init__(self, port: int, process: psutil.Process) -> None:
        self.port = port
        self.process = process
        self.cookie = _sign_in()
        self.before = self.peak = 0

    def watch(self) -> None:
        """Start measuring the server's memory."""
        self.before = self.peak = self._memory()

    @property
    def growth(self) -> float:
        """By how many MB the server's memory has grown at most since `watch`."""
        return (self.peak - self.before) / MEGABYTE

    def fetch(self, statement: Statement) -> tuple[float, float]:
        """Download the CSV of a statement, and note the server's memory meanwhile. Returns (seconds
        until all of it has arrived, seconds until its first byte).
        """
        merchant = Merchant.objects.get(pk=statement.account_id)
        path = reverse("billing:statement_csv", args=[merchant.reference, statement.month])
        client = HTTPConnection("127.0.0.1", self.port, timeout=300)
        started = time.perf_counter()
        client.request("GET", path, headers={"Cookie": self.cookie})
        response = client.getresponse()
        assert response.status == 200, response.status
        lines = response.read(1).count(b"\n")
        wait = time.perf_counter() - started
        for number, block in enumerate(iter(lambda: response.read(BLOCK), b"")):
            lines += block.count(b"\n")
            if number % 100 == 0:
                self.peak = max(self.peak, self._memory())
        seconds = time.perf_counter() - started
        client.close()
        charges = statement.charges.count()
        assert lines == charges + 1, lines
        return seconds, wait

    def _memory(self) -> int:
        """The memory of the largest worker, in bytes."""
        return int(max(child.memory_info().rss for child in self.process.children()))


def _sign_in() -> str:
    """The session cookie of a new user who may export from every merchant, as name=key."""
    user = User.objects.create(email="export@bench.example")
    Membership.objects.bulk_create(
        Membership(user=user, merchant=merchant, role=Membership.Role.FINANCE)
        for merchant in Merchant.objects.all()
    )
    session = import_module(settings.SESSION_ENGINE).SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.create()
    return f"{settings.SESSION_COOKIE_NAME}={session.session_key}"


@contextmanager
def _server() -> Iterator[_Server]:
    """Run gunicorn with one worker, on a free port of this machine, while the block runs, and sign
    a new user in.
    """
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        listener.set_inheritable(True)
        command = [
            *(sys.executable, "-m", "gunicorn", "config.wsgi", "--no-control-socket"),
            *("--worker-class", "gthread", "--workers", "1", "--threads", "4"),
            *("--timeout", "300", "--log-level", "warning"),
            *("--bind", f"fd://{listener.fileno()}"),
        ]
        program = subprocess.Popen(
            command,
            cwd=settings.BASE_DIR,
            env=os.environ | _environment(),
            pass_fds=[listener.fileno()],
        )
        try:
            yield _Server(listener.getsockname()[1], psutil.Process(program.pid))
        finally:
            program.send_signal(signal.SIGTERM)
            program.wait(30)


def _environment() -> dict[str, str]:
    """The environment variables for a demonstration on the scratch database, with our keys."""
    database = connection.settings_dict
    user, password, host, name = (
        quote(str(database[part]), safe="") for part in ("USER", "PASSWORD", "HOST", "NAME")
    )
    port = f":{database['PORT']}" if database["PORT"] else ""
    return {
        "DATABASE_URL": f"postgresql://{user}:{password}@{host}{port}/{name}",
        "SECRET_KEY": settings.SECRET_KEY,
        "TAEL_SANDBOX": "1",
        "TAEL_HTTPS": "0",
        "ALLOWED_HOSTS": "127.0.0.1",
        "TAEL_DATA_DIR": str(datafolder.root()),
    }
