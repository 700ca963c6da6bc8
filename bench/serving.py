"""Processes and threads of the web server: the page of orders and `POST /orders` by eight clients.

Each shape of gunicorn is asked for the page alone, by one client, and then by eight: what the
machine could do is its cores by the time that the page takes alone, if nobody waited for anybody.
The same again while twenty others dribble: they read what they are sent byte by byte, half of them
a file. Shapes are measured in turn, as a machine that others use slows down for all of them.
"""

import http.client
import os
import socket
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from statistics import median
from typing import NamedTuple

from django.conf import settings
from django.test import Client

from bench import history, pace
from bench.api import asking, join_shop, make_key, orders
from bench.figures import Figure, measure, more_is_better
from bench.pages import OWNER, Shop
from bench.served import OURS, Server, serving
from bench.sized import FULL, Sized, size
from merchants.models import Merchant, User

AS_SHIPPED, OTHERS = (3, 2), ((2, 4), (4, 1))
CLIENTS, SLOW = 8, 20
ROUNDS = Sized(usual=5, full=5, tiny=1)
SECONDS = Sized(usual=3, full=4, tiny=0.5)  # of each measurement
WARMING_SECONDS = Sized(usual=4, full=6, tiny=2)
# Pages that a browser asks for on one connection: it belongs to the process that accepted it, and
# if none ended, it would be chance how many clients each process has for all of a round.
PAGES_ON_ONE = 5
LEAST_SHARE, MOST_SPREAD = 0.8, 4.0
PAGE = "/m/small/credit/orders/"
FILE = "/m/small/billing/accountant/charges.csv?start=2025-01-01&end=2026-10-31"


class Measured(NamedTuple):
    """What one round found of a shape."""

    most: float  # pages a second that the machine could do
    rate: float  # pages a second
    p50: float  # thousandths of a second
    p99: float
    slow_rate: float  # pages a second beside the dribbling clients
    orders: float  # a second


def run() -> Iterator[tuple[str, str] | Figure]:
    """Measure, for each number of processes and threads of gunicorn, how fast the page of
    orders is answered to eight clients, with and without slow ones beside them, and how many orders
    a second are placed.

    Yields the report's lines, each (what was measured, result), and figures.
    """
    history.write(["small"], history.SMALL)
    Shop.of("small")  # whose owner joins
    browser = Client(headers={"host": "127.0.0.1"})
    browser.force_login(User.objects.get(email=OWNER))
    cookie = f"{settings.SESSION_COOKIE_NAME}={browser.cookies[settings.SESSION_COOKIE_NAME].value}"
    key, shops = make_key(), [join_shop(f"serving-{number}") for number in range(20)]
    found: dict[tuple[int, int], list[Measured]] = defaultdict(list)
    shapes = (AS_SHIPPED, *OTHERS) if size() == FULL else (AS_SHIPPED,)
    with ExitStack() as servers:
        up = {
            shape: servers.enter_context(serving(OURS, workers=shape[0], threads=shape[1]))
            for shape in shapes
        }
        for server in up.values():  # each thread loads what it needs
            _ask(server, cookie, CLIENTS, WARMING_SECONDS.exact())
            orders(partial(asking, server, key), shops, warming=1, seconds=0.1)
        for _ in pace.rounds(ROUNDS()):
            for shape, server in up.items():
                found[shape].append(_measured(server, cookie, key, shops))
    for shape, rounds in found.items():
        name = f"{shape[0]} processes × {shape[1]} threads"
        sent = f"{CLIENTS} clients for {SECONDS.exact():g} s"
        yield more_is_better(
            f"the orders page, {name}",
            [(one.rate, one.most) for one in rounds],
            floor="cores ÷ time alone",
            sent=sent,
            at_least=LEAST_SHARE,
        )
        yield more_is_better(
            f"the same beside {SLOW} that read slowly",
            [(one.slow_rate, one.rate) for one in rounds],
            floor="without them",
            sent=sent,
        )
        yield measure(
            "its p99 by its p50",
            [one.p99 / one.p50 for one in rounds],
            unit="times",
            sent=sent,
            at_most=MOST_SPREAD,
        )
        yield f"POST /orders a second, {name}", f"{median(one.orders for one in rounds):.0f}"


def _measured(server: Server, cookie: str, key: str, shops: Sequence[Merchant]) -> Measured:
    """Measure one round of the shape that this server runs in: the page by one client, by CLIENTS,
    and by them beside slow ones; then POST /orders for these shops with this key. `cookie` is the
    session of the page's reader.
    """
    seconds = SECONDS.exact()
    by_itself = median(_ask(server, cookie, 1, seconds / 2))
    waits = _ask(server, cookie, CLIENTS, seconds)
    with _dribbling(server, cookie):
        beside = _ask(server, cookie, CLIENTS, seconds)
    placed, _ = orders(partial(asking, server, key), shops, warming=0.2, seconds=seconds / 2)
    rate, most = len(waits) / seconds, (os.cpu_count() or 1) / by_itself
    p50, p99 = (waits[int(len(waits) * share)] * 1000 for share in (0.5, 0.99))
    return Measured(most, rate, p50, p99, len(beside) / seconds, placed)


def _ask(server: Server, cookie: str, clients: int, seconds: float) -> list[float]:
    """Ask for the page by so many clients at once for so many seconds. Returns the seconds that
    each answer took, sorted.
    """
    waits: list[list[float]] = [[] for _ in range(clients)]
    ends = time.perf_counter() + seconds

    def work(place: int) -> None:
        """Ask for the page again and again until the time is over, and note how long each answer
        took.
        """
        ask = _page(server, cookie)
        while (started := time.perf_counter()) < ends:
            ask()
            waits[place].append(time.perf_counter() - started)

    readers = [threading.Thread(target=work, args=(place,)) for place in range(clients)]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()
    return sorted(wait for of_one in waits for wait in of_one)


def _page(server: Server, cookie: str) -> Callable[[], None]:
    """A function that asks for the page over a connection of its own, which it renews at times, as
    one belongs to the process that accepted it. It raises RuntimeError if the answer is not the
    full page.
    """
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    asked = 0

    def ask() -> None:
        """Ask for the page, on a new connection now and then; raises RuntimeError if it is not all
        there.
        """
        nonlocal asked
        asked += 1
        if asked % PAGES_ON_ONE == 0:
            connection.close()
        connection.request("GET", PAGE, headers={"Cookie": cookie})
        answer = connection.getresponse()
        content = answer.read()
        if answer.status != http.HTTPStatus.OK or content.count(b"<tr") < 50:
            raise RuntimeError(f"{PAGE}: {answer.status} {content[:300]!r}")

    return ask


@contextmanager
def _dribbling(server: Server, cookie: str) -> Iterator[None]:
    """SLOW clients that read slowly, half of them a page and half a file, while the block runs."""
    done = threading.Event()

    def read(path: str) -> None:
        """Read this path as slowly as a bad line does, again and again until it is over."""
        request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: {cookie}\r\n\r\n".encode()
        while not done.is_set():
            with socket.socket() as slow:
                slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                slow.settimeout(5)
                with suppress(OSError):  # it is kept waiting for longer than it likes
                    slow.connect(("127.0.0.1", server.port))
                    slow.sendall(request)
                    while not done.wait(0.02) and slow.recv(512):
                        pass

    paths = [PAGE if number % 2 else FILE for number in range(SLOW)]
    readers = [threading.Thread(target=read, args=(path,), daemon=True) for path in paths]
    for reader in readers:
        reader.start()
    try:
        time.sleep(0.5)
        yield
    finally:
        done.set()
        for reader in readers:
            reader.join()
