"""Two cells on one database: nobody who is inside one sees a row of the other, whatever lends the
connections.
"""

import random
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial
from itertools import product
from typing import Any

import pytest
from django.db import DataError, ProgrammingError, connection, connections, transaction

from jobs.models import Heartbeat
from lib import cells, prepared
from lib.cells import moving
from lib.cells.connection import Connection
from tests.machines.test_poolers import PGBOUNCER, pgbouncer, reached
from tests.whole import full

pytestmark = pytest.mark.django_db(transaction=True)

NAMES = ("cell_1", "cell_22")
THREADS = 8
# Each has a table that is not among the shared ones, and hides one that is.
MAKE = """
CREATE SCHEMA {cell};
CREATE TABLE {cell}.cells_marker (whose text PRIMARY KEY);
CREATE TABLE {cell}.cells_seen (number bigint PRIMARY KEY, whose text);
CREATE TABLE {cell}.jobs_heartbeat (LIKE public.jobs_heartbeat INCLUDING ALL);
INSERT INTO {cell}.cells_marker VALUES ('{cell}')
"""
AT = {name: datetime(2026, 11, 1 + place, tzinfo=UTC) for place, name in enumerate(NAMES)}
WHOSE = "SELECT whose FROM cells_marker"
SEE = "INSERT INTO cells_seen SELECT %s::int, whose FROM cells_marker RETURNING whose"
# What is asked with each transaction: it finds something in the second cell, or nothing anywhere.
ABOUT_SECOND = "SELECT id AS merchant_id FROM django_migrations WHERE {cell} = 22"
ABOUT_NOBODY = "SELECT id AS merchant_id FROM django_migrations WHERE id + {cell} < 0"


@pytest.fixture
def two() -> Iterator[None]:
    """Two cells with a marker and a table of what was seen."""
    with connection.cursor() as cursor:
        for name in NAMES:
            cursor.execute(MAKE.format(cell=name))
    yield
    with connection.cursor() as cursor:
        for name in NAMES:
            cursor.execute(f"DROP SCHEMA {name} CASCADE")


def asked(statement: str, *values: Any) -> Any:
    """The first value that the statement gives."""
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchone()[0]


def read(number: int) -> object:
    """Whose cell a read sees."""
    return asked(WHOSE)


def write(number: int) -> object:
    """Whose cell two transactions see, one of which writes; "" if they differ."""
    with transaction.atomic():
        first = asked(WHOSE)
        with connection.cursor() as cursor:
            cursor.execute("INSERT INTO cells_seen SELECT %s, whose FROM cells_marker", [number])
        with transaction.atomic():
            return asked(WHOSE) if first == asked(WHOSE) else ""


def write_and_fail(number: int) -> object:
    """Whose cell is seen after transactions that failed."""
    with pytest.raises(LookupError), transaction.atomic():
        _write_for_nobody(number)
    with transaction.atomic():
        with pytest.raises(DataError), transaction.atomic():
            asked("SELECT 1 / 0")
        return asked(WHOSE)


def _write_for_nobody(number: int) -> None:
    """Write a row in a transaction that fails."""
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO cells_seen VALUES (%s, 'nobody')", [number])
    raise LookupError


def ask_as_models_do(number: int) -> object:
    """Whose cell is seen, once a model has read and written its row there."""
    found = Heartbeat.objects.update_or_create(process="one", defaults={"at": AT[cells.entered()]})
    assert found[0].at == AT[cells.entered()]
    assert list(Heartbeat.objects.values_list("at", flat=True)) == [AT[cells.entered()]]
    return asked(WHOSE)


def ask_as_hot_paths_do(number: int) -> object:
    """Whose cell a prepared statement sees."""
    row = prepared.row(f"{WHOSE} WHERE %s > 0", [1])
    assert row
    return row[0]


REQUESTS = (read, write, write_and_fail, ask_as_models_do, ask_as_hot_paths_do)


def requests(most: int, thread: int) -> dict[str, int]:
    """Make requests in both cells by turns, at random, each of which has to come to its own.
    Returns how many of them have written in each cell.
    """
    chosen, written = random.Random(thread), dict.fromkeys(NAMES, 0)
    for number in range(thread, most, THREADS):
        cell, request = chosen.choice(NAMES), chosen.choice(REQUESTS)
        with cells.inside(cell):
            assert request(number) == cell
        written[cell] += request is write
        if number % 7 == 0:
            with pytest.raises(ProgrammingError, match='"cells_marker" does not exist'):
                read(number)
        if number % 5 == 0:
            connection.close()  # as Django does after a request
    connections.close_all()
    return written


def by_all_threads(most: int) -> None:
    """Ask in both cells by many threads at once, and check that each cell has what was written in
    it.
    """
    with ThreadPoolExecutor(THREADS) as threads:
        counted = list(threads.map(partial(requests, most), range(THREADS)))
    with connection.cursor() as cursor:
        for name in NAMES:
            cursor.execute(f"SELECT count(*), min(whose), max(whose) FROM {name}.cells_seen")
            assert cursor.fetchone() == (sum(one[name] for one in counted), name, name)


@pytest.mark.skipif(PGBOUNCER is None, reason="there is no pgbouncer on this machine")
@pytest.mark.parametrize("most", [200, *full(10_000)])
def test_no_request_sees_another_cell_on_one_connection_that_pgbouncer_lends(
    two: None, most: int
) -> None:
    with pgbouncer(1) as by_pooler, reached(ENGINE="lib.cells", **by_pooler):
        by_all_threads(most)


@pytest.mark.full  # on one connection, above
@pytest.mark.parametrize("most", [200, *full(10_000)])
def test_no_request_sees_another_cell_on_two_connections_of_a_pool(two: None, most: int) -> None:
    pool = {"pool": {"min_size": 1, "max_size": 2, "timeout": 30}}
    with reached(ENGINE="lib.cells", CONN_MAX_AGE=0, OPTIONS=pool):
        by_all_threads(most)


def test_one_is_inside_one_cell_at_a_time_and_only_one_that_may_be() -> None:
    with cells.inside("cell_7"):
        with cells.inside("cell_7"):
            assert cells.entered() == "cell_7"
        with pytest.raises(cells.InAnotherCell), cells.inside("cell_8"):
            pass
    assert cells.entered() == ""
    for wrong in ("", "public", "cell_0", "cell_1; DROP TABLE x", "CELL_1"):
        with pytest.raises(ValueError, match="is no name of a cell"), cells.inside(wrong):
            pass


def test_a_single_statement_takes_one_round_trip_and_hot_ones_have_a_plan_for_each_cell(
    two: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prepared, "PLANNED_CELLS", 1)
    with reached(ENGINE="lib.cells"), ThreadPoolExecutor(1) as thread:
        planned = thread.submit(count_round_trips).result()
    assert planned == ["taelcell_1", "taelcell_1"]  # the second cell is one too many


def count_round_trips() -> list[str]:
    """Ask in two cells on a connection of this thread's own. Each question has to wait for the
    database once. Returns how the plans that the connection keeps are called, shortly.
    """
    connection.ensure_connection()
    to_server: Any = connection.connection
    assert not to_server.is_distributed()  # asked once for a connection
    wait, trips = to_server.wait, []

    def counted(*given: Any, **more: Any) -> Any:
        trips.append(1)
        return wait(*given, **more)

    to_server.wait = counted
    first, second = NAMES
    for cell, question in product((first, second), ("", ABOUT_NOBODY, ABOUT_NOBODY)):
        for ask in (read, ask_as_hot_paths_do):
            trips.clear()
            with cells.asking(question), cells.inside(cell):
                assert ask(0) == cell
            assert len(trips) == 1
    with cells.inside(first):
        with transaction.atomic():
            assert ask_as_hot_paths_do(0) == first
            with pytest.raises(ProgrammingError, match="nowhere"), transaction.atomic():
                prepared.row("SELECT * FROM nowhere", [])
            assert ask_as_hot_paths_do(0) == first
        for _ in range(2):
            with pytest.raises(DataError, match="division by zero"):
                prepared.row("SELECT 1 / %s::int", [0])
        with pytest.raises(ProgrammingError, match="nowhere"):
            prepared.row("SELECT * FROM nowhere", [])
        assert prepared.row("SELECT 1 / %s::int", [1]) == (1,)
        assert ask_as_hot_paths_do(0) == first
    with connection.cursor() as cursor:
        cursor.execute("SELECT name FROM pg_prepared_statements ORDER BY name")
        names = [name for (name,) in cursor.fetchall()]
    connections.close_all()
    return [name.rsplit("_", 2)[0] for name in names]


def see_by_cursor(number: int) -> object:
    """Whose cell a cursor writes in."""
    return asked(SEE, number)


def see_as_hot_paths_do(number: int) -> object:
    """Whose cell a prepared statement writes in."""
    row = prepared.row(SEE, [number])
    assert row
    return row[0]


def see_ahead(number: int) -> object:
    """Whose cell a statement writes in that is sent ahead."""
    ((row,),) = prepared.rows_of_each([(SEE, [number])])
    return row[0]


def see_many(number: int) -> object:
    """Whose cell a statement writes in that is sent with many values."""
    with connection.cursor() as cursor:
        cursor.executemany(SEE, [[number], [-number]])
    return asked("SELECT whose FROM cells_seen WHERE number = %s", -number)


SEEING = (see_by_cursor, see_as_hot_paths_do, see_ahead, see_many)


@pytest.mark.parametrize("is_distributed", [False, True])
def test_what_is_asked_with_a_transaction_is_asked_before_anything_is_done_in_it(
    two: None, monkeypatch: pytest.MonkeyPatch, is_distributed: bool
) -> None:
    """Also where a setting has to come in a message of its own, as in a database of Citus."""
    told: list[bytes] = []
    send = Connection._tell

    def heard(to_server: Connection, message: bytes) -> Any:
        told.append(message)
        return (yield from send(to_server, message))

    monkeypatch.setattr(Connection, "_tell", heard)
    if is_distributed:
        monkeypatch.setattr(moving, "IS_DISTRIBUTED", b"SELECT 1")
    with reached(ENGINE="lib.cells"), ThreadPoolExecutor(1) as thread:
        thread.submit(see_in_two_cells).result()
    settings = [message for message in told if b"SET LOCAL" in message]
    assert any(b"lock_timeout" in message for message in settings)
    assert all((b";" in message) is not is_distributed for message in settings)


def see_in_two_cells() -> None:
    """Check that each way of writing in either cell, in a transaction and without one, before and
    after that is planned, does so in its own cell, while what is asked forbids the second one.
    """
    first, second = NAMES
    ways = list(product((False, True), SEEING))
    written = 0
    for turn in (1, 2):
        for place, (has_own, see) in enumerate(ways, start=1):
            number = 100 * turn + place
            with cells.asking(ABOUT_SECOND):
                assert within(first, see, number, has_own) == first
                with pytest.raises(cells.Moves):
                    within(second, see, number, has_own)
            with cells.inside(second):
                assert asked("SELECT count(*) FROM cells_seen") == written
            assert within(second, see, number, has_own) == second
            written += 2 if see is see_many else 1
    connections.close_all()


def within(cell: str, see: Callable[[int], object], number: int, has_own: bool) -> object:
    """What is seen inside the cell, in a transaction of its own or in that of the statement."""
    with cells.inside(cell), transaction.atomic() if has_own else cells.nowhere():
        return see(number)
