"""Connections that are shared: by the threads of a process, in psycopg's pool, and by all machines,
in a PgBouncer that lends them for one transaction at a time.
"""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.db import connection, connections
from django.db.backends.signals import connection_created
from django.test import Client

from config import databases
from config.local import datafolder, servers
from credit.models import Order
from lib import locks, pooled, statement_timeout
from tests import shops
from tests.credit.pages import set_clock
from tests.factories import browser_of, member
from tests.gateway.asking import AN_ORDER, Caller, said
from tests.ports import free_port, listens
from tests.processes import until

pytestmark = pytest.mark.django_db(transaction=True)

AT = "2026-11-10 10:00"
THREADS, ORDERS = 8, 6  # each places so many
PGBOUNCER = shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin")


@contextmanager
def reached(**settings: Any) -> Iterator[None]:
    """Have the database of the tests reached in another way while the block runs, on connections
    that are bounded as a web server's are.
    """
    given = connections.settings["default"]
    before = dict(given)
    connection.close()
    given.update(settings)
    connection_created.connect(statement_timeout.bound)
    try:
        yield
    finally:
        connection_created.disconnect(statement_timeout.bound)
        connections.close_all()
        connection.close_pool()  # type: ignore[attr-defined]
        given.clear()
        given.update(before)


@contextmanager
def pgbouncer(most: int) -> Iterator[dict[str, Any]]:
    """A context with a PgBouncer that lends `most` connections to the tests' server; gives settings
    to reach it by.
    """
    folder = Path(tempfile.mkdtemp(prefix="tael-pgbouncer-", dir="/tmp"))
    folder.chmod(0o777)
    port = free_port()
    (folder / "pgbouncer.ini").write_text(
        "[databases]\n"
        f"* = host={servers.postgres_folder()} user={servers.USER}"
        " connect_query='SET statement_timeout = 10000'\n"
        "[pgbouncer]\n"
        f"listen_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\nauth_type = any\n"
        f"pool_mode = transaction\ndefault_pool_size = {most}\nlogfile = {folder}/log\n"
    )
    account = datafolder.server_account()
    process = subprocess.Popen(
        [str(PGBOUNCER), "-q", str(folder / "pgbouncer.ini")],
        user=account and account.pw_uid,
        group=account and account.pw_gid,
        extra_groups=[] if account else None,
    )
    try:
        until(lambda: listens(port))
        yield {
            "HOST": "127.0.0.1",
            "PORT": str(port),
            "DISABLE_SERVER_SIDE_CURSORS": True,
            "CONN_MAX_AGE": 60,
        }
    finally:
        connections.close_all()
        process.kill()
        process.wait()
        shutil.rmtree(folder)


def place_and_look(shop: shops.Shop, caller: Caller, owner: Client, thread: int) -> str:
    """What a thread of a web server does: orders of the API, a page, a file."""
    for number in range(ORDERS):
        order = f"{thread}-{number}"
        answer = said(caller.post("/orders", {**AN_ORDER, "order": order, "amount": "1.00"}))
        assert answer["status"] == "OPEN"
        connection.close()  # as Django does after a request, but not for its test client
    page = owner.get(f"/m/{shop.reference}/credit/orders/")
    assert page.status_code == 200
    connection.close()
    file = owner.get(f"/m/{shop.reference}/credit/orders.csv")
    lines = b"".join(file.streaming_content).splitlines()  # type: ignore[attr-defined]
    file.close()
    assert len(lines) > ORDERS
    connections.close_all()
    return "done"


@pytest.mark.full  # that of a pooler is stricter
def test_eight_threads_share_two_connections_of_a_pool(monkeypatch: pytest.MonkeyPatch) -> None:
    set_clock(monkeypatch)(AT)
    shop = shops.join("2026-11-10 09:00")
    caller, owner = Caller(), browser_of(member(shop))
    monkeypatch.setenv("TAEL_DATABASE_POOL", "2")
    given = databases.kept() | {"OPTIONS": {"pool": databases._pool()}}
    with reached(**given):
        with ThreadPoolExecutor(THREADS) as threads:
            done = threads.map(partial(place_and_look, shop, caller, owner), range(THREADS))
            assert list(done) == ["done"] * THREADS
        with connection.cursor() as cursor:
            cursor.execute("SHOW statement_timeout")
            assert cursor.fetchone() == ("10s",)
    assert Order.objects.filter(amount=1).count() == THREADS * ORDERS
    call_command("audit", verbosity=0)


@pytest.mark.full  # pgbouncer lends one in test_cells.py
@pytest.mark.skipif(PGBOUNCER is None, reason="there is no pgbouncer on this machine")
def test_a_pooler_that_lends_connections_by_the_transaction_mixes_nothing_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    set_clock(monkeypatch)(AT)
    shop = shops.join("2026-11-10 09:00")
    caller, owner = Caller(), browser_of(member(shop))
    with pgbouncer(2) as by_pooler, reached(**by_pooler):
        assert pooled.by_transaction()
        with ThreadPoolExecutor(THREADS) as threads:
            done = threads.map(partial(place_and_look, shop, caller, owner), range(THREADS))
            assert list(done) == ["done"] * THREADS
        # A lock of a command holds on whichever connection its transactions get.
        with locks.try_advisory_lock("replay") as is_ours:
            assert is_ours
            place_and_look(shop, caller, owner, THREADS)
            with ThreadPoolExecutor(1) as elsewhere:
                assert not elsewhere.submit(_gets_it, "replay").result()
        assert _gets_it("replay")
        # What a download may take ends with its transaction.
        with statement_timeout.download(), connection.cursor() as cursor:
            cursor.execute("SHOW statement_timeout")
            assert cursor.fetchone() == ("15min",)
        with connection.cursor() as cursor:
            cursor.execute("SHOW statement_timeout")
            assert cursor.fetchone() == ("10s",)
    assert Order.objects.filter(amount=1).count() == (THREADS + 1) * ORDERS
    call_command("audit", verbosity=0)


def _gets_it(name: str) -> bool:
    """Whether we get the lock of this name."""
    with locks.try_advisory_lock(name) as is_ours:
        return is_ours


def test_addresses_of_several_hosts_lead_to_the_one_that_takes_writes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    url = "postgresql://tael:a%20b@one:5433,two:5434/books?application_name=web"
    monkeypatch.setenv("DATABASE_URL", url)
    found = databases.primary()
    assert (found["HOST"], found["PORT"], found["NAME"]) == ("one,two", "5433,5434", "books")
    assert (found["USER"], found["PASSWORD"]) == ("tael", "a b")
    assert found["OPTIONS"]["target_session_attrs"] == "read-write"
    assert found["OPTIONS"]["application_name"] == "web"
    assert not found["DISABLE_SERVER_SIDE_CURSORS"]
    monkeypatch.setenv("TAEL_POOLER", "transaction")
    assert databases.primary()["DISABLE_SERVER_SIDE_CURSORS"]
    assert databases.replica() is None
    monkeypatch.setenv("TAEL_REPLICA_URL", "postgresql://tael@three/books")
    assert (databases.replica() or {})["OPTIONS"]["connect_timeout"] == 2


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("DATABASE_URL", "mysql://tael@one/books", "DATABASE_URL must be like postgresql://"),
        ("DATABASE_URL", "postgresql://tael@one", "DATABASE_URL must be like postgresql://"),
        ("TAEL_POOLER", "statement", "TAEL_POOLER is session or transaction, or is not set."),
        ("TAEL_DATABASE_POOL", "many", "TAEL_DATABASE_POOL is a number of connections, such as"),
    ],
)
def test_settings_of_databases_that_cannot_be_are_refused(
    name: str, value: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://tael@one/books")
    monkeypatch.setenv(name, value)
    with pytest.raises(ImproperlyConfigured) as refusal:
        databases.primary()
    assert str(refusal.value).startswith(said)
