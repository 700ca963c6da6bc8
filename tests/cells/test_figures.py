"""How much is done a second in one cell, two and four; run where TAEL_CELLS_SECONDS says how long.

    TAEL_CELLS_SECONDS=20 python -m pytest -p no:xdist -s tests/cells/test_figures.py

The cells are on the machines of a cluster where TAEL_CITUS_URL names one (tests/cells/cluster.py),
or else in one database. The clients ask the API by Django's test client, each in a process of its
own and for a merchant of its own.
"""

import multiprocessing
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from django.core.management import call_command
from django.db import connection, connections
from pytest_django.plugin import DjangoDbBlocker

from billing.models import Statement
from billing.operations import days
from credit.models import Order
from lib import cells
from tests import forked, shops
from tests.cells.conftest import add_cells, connected, drop, make
from tests.credit.pages import set_clock
from tests.gateway.asking import AN_ORDER, Caller
from tests.shops import instant

SECONDS = float(os.environ.get("TAEL_CELLS_SECONDS", "0"))
CLIENTS, IN_A_BATCH, MERCHANTS = 4, 1000, 25  # merchants of each cell whose months close
OVER = {"2026-11": "2026-12-01 12:00", "2026-12": "2027-01-01 12:00"}

pytestmark = [
    pytest.mark.skipif(not SECONDS, reason="TAEL_CELLS_SECONDS says not how long to measure."),
    pytest.mark.django_db(transaction=True),
]


@pytest.fixture(scope="module")
def with_four(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[str]:
    """The name of a database with four cells."""
    with django_db_blocker.unblock():
        name = make(connection.settings_dict["TEST"]["TEMPLATE"])
        add_cells(name)
        with connected(name):
            for _ in range(2):
                call_command("cells", "add", verbosity=0)
        yield name
        drop(name)


@pytest.fixture
def four_cells(with_four: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    set_clock(monkeypatch)("2026-11-02 12:00")
    with connected(with_four):
        yield


class Done(NamedTuple):
    """What processes came to together, in how many seconds the slowest was done, and how many
    seconds of processors they and their servers took.
    """

    many: int
    seconds: float
    ours: float
    servers: float

    def __str__(self) -> str:
        each = f"{self.ours / self.many * 1000:.2f} ms of Tael's processor"
        theirs = f"{self.servers / self.many * 1000:.2f} ms of PostgreSQL's each"
        return f"{self.many / self.seconds:,.0f} a second, {each}, {theirs}"


def at_once(works: Sequence[Callable[[], int]]) -> Done:
    """What processes of their own did that began at once."""
    forks = multiprocessing.get_context("fork")
    ready, over = forks.Barrier(len(works) + 1), forks.Barrier(len(works) + 1)
    done = forks.Queue()

    def begin(work: Callable[[], int]) -> Callable[[], None]:
        def run() -> None:
            connection.ensure_connection()
            ready.wait()
            began, busy = time.perf_counter(), time.process_time()
            many = work()
            done.put((many, time.perf_counter() - began, time.process_time() - busy))
            over.wait()

        return run

    connections.close_all()
    processes = [forked.start(begin(work)) for work in works]
    ready.wait(SECONDS + 120)
    before = of_servers()
    found = [done.get(timeout=SECONDS + 120) for _ in processes]
    taken = sum(seconds - before.get(number, 0.0) for number, seconds in of_servers().items())
    over.wait()
    for process in processes:
        process.join()
    many, seconds, ours = zip(*found, strict=True)
    return Done(sum(many), max(seconds), sum(ours), taken)


def of_servers() -> dict[str, float]:
    """Seconds of processors that each of the servers' processes of this database has taken, by its
    number. Those that have ended are not there any more.
    """
    ticks = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            title = (folder / "cmdline").read_text(errors="replace")
            if title.startswith("postgres:") and connection.settings_dict["NAME"] in title:
                fields = (folder / "stat").read_text().rpartition(")")[2].split()
                ticks[folder.name] = sum(map(int, fields[11:13]))
    return {number: taken / os.sysconf("SC_CLK_TCK") for number, taken in ticks.items()}


def for_a_while(act: Callable[[str], int]) -> Callable[[], int]:
    """Work that does this for SECONDS, each time by another name."""

    def work() -> int:
        act("first")  # what a connection plans once
        ends, sum_ = time.perf_counter() + SECONDS, 0
        for number in count():
            if time.perf_counter() > ends:
                break
            sum_ += act(str(number))
        return sum_

    return work


def joined(name: str, over: int) -> list[shops.Shop]:
    """A shop of each client, in so many cells."""
    found = []
    for place in range(CLIENTS):
        with cells.at(1 + place % over):
            found.append(
                shops.join("2026-11-01 09:00", f"{name}{over}-{place}", credit_limit="100000000.00")
            )
    return found


def report(figure: str) -> None:
    sys.stderr.write(f"\n{figure}\n")


def caller() -> Caller:
    return Caller(requests_per_minute=1_000_000)


@pytest.mark.parametrize("over", [1, 2, 4])
def test_orders_a_second(four_cells: None, over: int) -> None:
    platform, sold = caller(), joined("sold", over)

    def ordering(shop: shops.Shop) -> Callable[[str], int]:
        order = {**AN_ORDER, "merchant": shop.reference}

        def act(name: str) -> int:
            answer = platform.post("/orders", {**order, "order": name})
            assert answer.status_code == 201, answer.content
            return 1

        return act

    done = at_once([for_a_while(ordering(shop)) for shop in sold])
    report(f"orders in {over} cells: {done}")
    found = 0
    for number in range(1, over + 1):
        with cells.at(number):
            found += Order.objects.filter(
                line__merchant__reference__in=[shop.reference for shop in sold]
            ).count()
    assert found == done.many + CLIENTS


@pytest.mark.parametrize("over", [1, 2, 4])
def test_charges_a_second(four_cells: None, over: int) -> None:
    platform, charged = caller(), joined("charged", over)

    def charging(shop: shops.Shop) -> Callable[[str], int]:
        def act(name: str) -> int:
            return charge(platform, shop, name, "2026-11-02T12:00:00Z", IN_A_BATCH)

        return act

    report(f"charges in {over} cells: {at_once([for_a_while(charging(one)) for one in charged])}")


def charge(platform: Caller, shop: shops.Shop, name: str, at: str, many: int) -> int:
    """Send so many charges of the shop together. Returns how many they were."""
    event: dict[str, Any] = {"type": "charge.recorded", "at": at, "merchant": shop.reference}
    data = {"fee": "pick-pack", "amount": "0.01", "currency": "USD", "quantity": 1}
    done = platform.events(*(
        {**event, "id": f"{name}-{number}", "data": {**data, "charge": f"{name}-{number}"}}
        for number in range(many)
    ))  # fmt: skip
    assert {one["outcome"] for one in done} == {"applied"}, done[0]
    return len(done)


def test_closing_months_over_cells(four_cells: None, monkeypatch: pytest.MonkeyPatch) -> None:
    platform = caller()
    closing: dict[int, list[shops.Shop]] = {}
    for number in range(1, 5):
        with cells.at(number):
            closing[number] = [
                shops.join("2026-11-01 09:00", f"closing-{number}-{place}")
                for place in range(MERCHANTS)
            ]
    for month, workers in (("2026-11", 1), ("2026-12", 4)):
        set_clock(monkeypatch)(f"{month}-28 12:00")
        for number, ours in closing.items():
            for shop in ours:
                charge(platform, shop, month, f"{month}-28T12:00:00Z", 4)
            with cells.at(number):  # the days before the last, which say nothing of a month's end
                days.work_off([one.merchant.pk for one in ours], now=instant(f"{month}-30 12:00"))

        def close(numbers: Sequence[int], month: str) -> Callable[[], int]:
            def work() -> int:
                found = 0
                for number in numbers:
                    with cells.at(number):
                        keys = [shop.merchant.pk for shop in closing[number]]
                        days.work_off(keys, now=instant(OVER[month]))
                        found += Statement.objects.filter(
                            account__in=keys, month=f"{month}-01", closed_at__isnull=False
                        ).count()
                return found

            return work

        parts = [list(closing)] if workers == 1 else [[number] for number in closing]
        done = at_once([close(part, month) for part in parts])
        assert done.many == 4 * MERCHANTS
        report(f"{done.many} months of 4 cells by {workers}: {done.seconds:.2f} s; {done}")
