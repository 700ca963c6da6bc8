"""A version takes the place of the one before, with a million charges, while shops trade.

First the new version migrates while the old web server works on; then both serve for a while.
Meanwhile somebody reads bills for seconds, as a long download does: nobody has to wait for that.
"""

import logging
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Thread
from typing import NamedTuple

import pytest

from config.local.datafolder import BASE_DIR
from tests.config import clusters, old_version, upgrade_seed
from tests.config.clusters import Cluster
from tests.config.old_version import Code
from tests.config.test_migration_locks import BEFORE
from tests.config.upgrade_traffic import Traffic, Watch
from tests.ports import free_port
from tests.processes import until

# 250 × 34 × 120 charges are a million; 250 × 34 × 24 orders are two hundred thousand. Bills that
# nobody pays freeze a line, but not before the 35th day.
MERCHANTS, DAYS, CHARGES, ORDERS = 250, 34, 120, 24
CLIENTS = 4
MOST_SECONDS = 2.0  # that anybody waits for a lock, or for an answer while it migrates
READS_ON_SECONDS = 2.5  # after the migration has begun to wait
ROLES, MIGRATING = "deploy/roles.sql", "migrate"
WEB = "-m gunicorn config.wsgi --graceful-timeout 5 --no-control-socket"
READ = "LOCK TABLE billing_invoice, billing_invoiceline, credit_order IN ACCESS SHARE MODE"
BOOKS = {
    "orders": "SELECT m.reference, o.reference FROM credit_order o"
    " JOIN merchants_merchant m ON m.id = o.line_id WHERE o.reference LIKE 'new-%'",
    "shipment": "SELECT m.reference, o.reference FROM credit_order o"
    " JOIN merchants_merchant m ON m.id = o.line_id"
    " WHERE o.reference LIKE 'new-%' AND o.shipped_at IS NOT NULL",
    "charges": "SELECT m.reference, c.reference FROM billing_charge c"
    " JOIN merchants_merchant m ON m.id = c.account_id WHERE c.reference LIKE 'new-%'",
}

log = logging.getLogger(__name__)


def as_role(cluster: Cluster, role: str) -> str:
    """The URL of the books for this role."""
    return cluster.url.replace(f"{clusters.USER}@", f"{role}@", 1)


def give_rights(cluster: Cluster, code: Code) -> None:
    """Say what each role may do, as after each migration."""
    with cluster.connect() as asked:
        asked.execute(f"SET application_name = {MIGRATING}")
        asked.execute((code.folder / ROLES).read_text())


class Server(NamedTuple):
    port: int
    process: "subprocess.Popen[bytes]"


@contextmanager
def serving(code: Code, name: str) -> Iterator[Server]:
    """A context with the version's web server, as `manage.py up` starts it, which is ready."""
    port = free_port()
    workers = [] if code.folder == BASE_DIR else ["--workers", "2"]
    bound = ("--bind", f"127.0.0.1:{port}")
    with code.running(name, *WEB.split(), *workers, *bound) as process:
        asking = Traffic("", "", [], [port])
        until(lambda: asking._ask("GET", "ready", "/healthz")[0] == 200, seconds=120)
        asking._ask("GET", "page", "/accounts/login/")  # it has loaded its code
        yield Server(port, process)


def reads_for_long(cluster: Cluster, watch: Watch) -> None:
    """Reads tables until the migration has waited for them for a while."""
    with cluster.connect() as asked, asked.transaction():
        asked.execute(READ)
        watch.migration_has_waited.wait(120)
        time.sleep(READS_ON_SECONDS)


def filled(cluster: Cluster, old: Code, new: Code) -> Traffic:
    """Make the old version's books with all their rows. Returns the traffic of those who will
    trade, which has not begun.
    """
    give_rights(cluster, new)  # the old file wants tables
    owner = as_role(cluster, "tael_owner")
    old.run("manage.py", "migrate", "--verbosity", "0", DATABASE_URL=owner)
    with cluster.connect() as asked:
        found = asked.execute("SELECT app, max(name) FROM django_migrations GROUP BY app")
        assert BEFORE.items() <= dict(found.fetchall()).items()
    old.run("-c", upgrade_seed.TRADE, str(DAYS), str(CHARGES), str(ORDERS),
            DATABASE_URL=cluster.url)  # fmt: skip
    with cluster.connect() as asked:
        rows = upgrade_seed.copy(asked, MERCHANTS)
        merchants = [one for (one,) in asked.execute("SELECT reference FROM merchants_merchant")]
    give_rights(cluster, old)
    log.info("rows: %s", rows)
    assert rows["billing_charge"] >= MERCHANTS * DAYS * CHARGES
    assert rows["credit_order"] == MERCHANTS * DAYS * ORDERS
    key, session = upgrade_seed.people(old.run("-c", upgrade_seed.PEOPLE).stdout)
    return Traffic(key, session, merchants, [])


def in_the_books(cluster: Cluster, kind: str) -> list[str]:
    """Merchant and name of all things of this kind in the cluster."""
    with cluster.connect() as asked:
        return [f"{merchant} {name}" for merchant, name in asked.execute(BOOKS[kind])]


@pytest.mark.full
def test_a_million_charges_are_migrated_while_shops_trade_and_nobody_waits_two_seconds() -> None:
    with clusters.home() as home:
        cluster = Cluster(home, "books")
        cluster.create()
        cluster.start(shared_buffers="256MB", max_connections="60")
        with cluster.connect("postgres") as asked:
            asked.execute(f"CREATE DATABASE {clusters.DATABASE}")
        (home / "code").mkdir()
        data = home / "data"
        data.mkdir()
        told = {"DATABASE_URL": as_role(cluster, "tael_app"), "TAEL_DATA_DIR": str(data)}
        old = Code(old_version.unpack(home / "code"), home, **told)
        new = Code(Path(BASE_DIR), home, **told)
        traffic = filled(cluster, old, new)
        watch = Watch(cluster, MIGRATING)
        upgrade(cluster, old, new, traffic, watch)
        for kind in BOOKS:
            found = in_the_books(cluster, kind)
            assert len(found) == len(set(found))
            assert traffic.taken[kind] <= set(found)
        begun = time.monotonic()
        new.run("manage.py", "audit")
        log.info("audit: %.0f s", time.monotonic() - begun)
        cluster.stop()


def upgrade(cluster: Cluster, old: Code, new: Code, traffic: Traffic, watch: Watch) -> None:
    """Migrate while the old version serves, then serve by both versions, then by the new one alone.
    Nobody may have waited longer than MOST_SECONDS.
    """
    with serving(old, "old-web") as before, ExitStack() as stays:
        traffic.ports.append(before.port)
        with traffic.going_on(CLIENTS), watch.going_on():
            time.sleep(5)
            reader = Thread(target=reads_for_long, args=(cluster, watch))
            reader.start()
            begun = time.monotonic()
            url = f"{as_role(cluster, 'tael_owner')}&application_name={MIGRATING}"
            said = new.run("manage.py", "migrate", "--verbosity", "1", DATABASE_URL=url)
            give_rights(cluster, new)
            ended = time.monotonic()
            reader.join()
            time.sleep(3)
            after = stays.enter_context(serving(new, "new-web"))  # until the traffic has ended
            traffic.ports.append(after.port)
            time.sleep(6)
            traffic.ports.remove(before.port)
            time.sleep(2)  # for what it has begun
            before.process.terminate()
            before.process.wait(30)
            time.sleep(3)
    log.info("migrate: %.1f s, %s", ended - begun, said.stderr.split("\n"))
    report(traffic, watch, begun, ended)
    assert "Tables were in use; it tries again soon. The longest transaction is" in said.stderr
    assert {one.status for one in traffic.answers} == {200, 201}
    assert watch.longest(of_migration=False).seconds <= MOST_SECONDS
    assert traffic.longest(begun, ended).seconds <= MOST_SECONDS


def report(traffic: Traffic, watch: Watch, begun: float, ended: float) -> None:
    """Log what was measured (--log-cli-level=INFO shows it)."""
    log.info("answers: %s", dict(sorted(traffic.statuses().items())))
    for when, since, to in (
        ("before", 0.0, begun),
        ("while migrating", begun, ended),
        ("after", ended, begun + 10_000),
    ):
        log.info("longest request %s: %s", when, traffic.longest(since, to))
    log.info("longest wait for a lock: %s", watch.longest(of_migration=False))
    log.info("longest of the migration: %s", watch.longest(of_migration=True))
    log.info("looks at locks: %s", watch.looks)
